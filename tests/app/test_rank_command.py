"""`rank PROJECT`: one image a line, and a word where none is left."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.annotation import ImageState
from app.cli import main
from app.edits import set_image_state
from app.project import Project
from tests.builders import make_project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project of three images, the first of them done."""
    project = make_project(tmp_path)
    finish(project, 1)
    project.close()
    return project.folder


def finish(project: Project, count: int) -> None:
    for record in project.images()[:count]:
        if record.state is not ImageState.DONE:
            project.document(record.id).apply(set_image_state(record.id, record.state, ImageState.DONE))


def test_what_is_left_is_listed_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", str(folder), "--strategy", "name"]) == 0
    said = capsys.readouterr()
    assert said.out.split("\n") == ["-\t1.jpg", "-\t2.jpg", ""]
    assert said.err == ""


def test_when_nothing_is_left_it_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project.open(folder)
    finish(project, 3)
    project.close()
    assert main(["rank", str(folder), "--json"]) == 0
    said = capsys.readouterr()
    assert "no image is left to label" in said.err
    assert json.loads(said.out)["images"] == []

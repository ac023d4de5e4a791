"""`ceiling PROJECT`: manners, files, and that what is kept is not measured again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from app import ceiling_store, cli
from app.annotation import ImageState
from app.ceiling import Ceiling
from app.edits import add, set_image_state
from tests.builders import box_mask, make_annotation, make_project

FOUND = Ceiling(0.5, 0.75)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with two measured instances of a cat, one of them in an image that is done."""
    project = make_project(tmp_path, images=2)
    for record, state in zip(project.images(), (ImageState.DONE, None), strict=True):
        document = project.document(record.id)
        document.apply(add(record.id, [make_annotation(document, box_mask(10, 8, 20, 12))]))
        if state is not None:
            document.apply(set_image_state(record.id, document.state, state))
    pages = ceiling_store.instances(project.store, "people", list(ImageState))
    ceiling_store.keep(project.store, "people", [(each, FOUND) for page in pages for each in page])
    project.close()
    return tmp_path / "project"


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    status = cli.main(["ceiling", *argv])
    out, err = capsys.readouterr()
    return status, out, err


def read(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as text:
        return list(csv.DictReader(text))


def test_the_table_is_printed_without_a_run_of_the_network(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, str(folder), "--model", "people", "--worst", "1")
    assert (status, err) == (0, "")
    assert out.startswith("people: 2 instances measured, 0 not\n")
    assert "all       small           2             0.500        0%             0.750        0%" in out
    assert "0.500 0.750  cat, small, annotation without an id: 0.jpg" in out


def test_json_is_one_object(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, str(folder), "--model", "people", "--states", "done", "--json")
    found = json.loads(out)
    assert (found["model"], found["instances"], found["not_measured"]) == ("people", 1, 0)
    assert found["table"][0]["mean_with_helpers"] == 0.75


def test_files_are_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table, each = tmp_path / "table.csv", tmp_path / "each.csv"
    run(capsys, str(folder), "--model", "people", "--out", str(table), "--instances", str(each))
    assert [row["category"] for row in read(table)] == ["all", "all", "cat", "cat"]
    assert [(row["image"], row["annotation_id"]) for row in read(each)] == [("0.jpg", "1"), ("1.jpg", "2")]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--out", "nowhere/x.csv"], "expected a folder to write into, got nowhere"),
        (["--model", "frob"], "expected a weights file, a version's folder or a name"),
        (["--states", "ready"], "expected states of new"),
        (["--worst", "0"], "expected a whole number from 1"),
    ],
)
def test_bad_use_is_one_line(
    folder: Path, argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, str(folder), *argv)
    assert (status, out) == (2, "")
    assert words in err
    assert err.count("\n") == 1

"""Opening a project and looking through its folder: what is told, and of which project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.project import Project
from tests.builders import make_project, write_image
from ui.opening import Opened, Opening
from ui.workers import Workers


@pytest.fixture
def opening(qtbot: QtBot) -> Iterator[Opening]:
    workers = Workers()
    yield Opening(workers, workers)
    workers.close()


def workers_of(opening: Opening) -> Workers:
    workers = opening.parent()
    assert isinstance(workers, Workers)
    return workers


def opened(opening: Opening, qtbot: QtBot, path: Path) -> Project:
    with qtbot.waitSignal(opening.opened) as signal:
        opening.open(path, threshold=0.4)
    assert signal.args is not None
    found = signal.args[0]
    assert isinstance(found, Opened)
    assert found.threshold == 0.4
    opening.follow(found.project)
    return found.project


def test_a_folder_without_images_is_told_with_the_file_types(
    opening: Opening, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "photo.heic").touch()
    Project.create(tmp_path / "p", tmp_path / "images").close()
    project = opened(opening, qtbot, tmp_path / "p")
    with qtbot.waitSignal(opening.message) as told:
        opening.look()
    assert told.args is not None
    assert "found none among 1 file (.heic)" in told.args[0]
    assert " jpg " in told.args[0]
    assert told.args[1] == "warning"
    project.close()


def test_what_was_found_for_a_project_that_is_closed_is_dropped(
    opening: Opening, qtbot: QtBot, tmp_path: Path
) -> None:
    made = make_project(tmp_path, images=1)
    made.close()
    project = opened(opening, qtbot, made.folder)
    write_image(tmp_path / "images" / "new.png")
    told: list[object] = []
    opening.scanned.connect(told.append)
    opening.look()
    opening.follow(None)
    later: list[int] = []
    workers_of(opening).on_project(lambda: 1, later.append)  # answered after it
    qtbot.waitUntil(lambda: later == [1])
    assert told == []
    project.close()

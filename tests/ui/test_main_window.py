"""The window as a whole: which page and panels are there when, and what is made only when it is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from ui.main_window import MainWindow
from ui.panels.later import Later
from ui.panels.training import TrainingPanel
from ui.session import Session


@pytest.fixture
def window_of(qtbot: QtBot) -> Iterator[Callable[..., MainWindow]]:
    """Windows that are closed, with their sessions, after the test."""
    made: list[MainWindow] = []

    def make(opening: Path | None = None) -> MainWindow:
        session = Session()
        session.auto_prelabel = False
        window = MainWindow(session, opening=opening)
        made.append(window)
        window.resize(1200, 800)
        window.show()
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()


def test_without_a_project_there_is_the_welcome_alone(window_of: Callable[..., MainWindow]) -> None:
    window = window_of()
    assert window.pages.currentIndex() == 0
    assert not window.images.isVisible()
    assert window.windowTitle() == "Protolabel"


def test_a_project_that_is_coming_has_its_place(window_of: Callable[..., MainWindow], tmp_path: Path) -> None:
    window = window_of(tmp_path / "birds")
    assert window.pages.currentIndex() == 1
    assert window.images.isVisible()
    assert window.windowTitle() == "Opening birds - Protolabel"


def test_one_that_does_not_come_leaves_the_welcome(
    window_of: Callable[..., MainWindow], tmp_path: Path, qtbot: QtBot
) -> None:
    window = window_of(tmp_path / "birds")
    window.session.open_project(tmp_path / "birds")
    qtbot.waitUntil(lambda: window.pages.currentIndex() == 0)
    assert not window.images.isVisible()
    assert window.notice.isVisible()


def test_an_opened_project_is_named_with_its_image(
    window_of: Callable[..., MainWindow], project_folder: Path, qtbot: QtBot
) -> None:
    window = window_of(project_folder)
    window.session.open_project(project_folder)
    qtbot.waitUntil(lambda: "[1/3]" in window.windowTitle())
    assert window.windowTitle().endswith("project - Protolabel")


def test_the_training_panel_is_made_when_it_is_looked_at(
    window_of: Callable[..., MainWindow], project_folder: Path, qtbot: QtBot
) -> None:
    window = window_of(project_folder)
    window.session.open_project(project_folder)
    qtbot.waitUntil(lambda: window.session.document is not None)
    qtbot.wait(50)
    assert window.training.panel is None
    window.context.training_wanted.emit()
    qtbot.waitUntil(lambda: isinstance(window.training.panel, TrainingPanel))


def test_a_later_panel_is_made_once(qtbot: QtBot) -> None:
    made: list[QLabel] = []

    def make() -> QLabel:
        made.append(QLabel("here"))
        return made[-1]

    later = Later(make)
    qtbot.addWidget(later)
    later.resize(200, 100)
    later.show()
    qtbot.waitUntil(lambda: later.panel is not None)
    later.repaint()
    later.fill()
    assert later.panel is made[0]
    assert len(made) == 1

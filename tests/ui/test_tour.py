"""The tour waits for the person at each step, and ends without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotation import ImageState
from tests.ui.acting import propose
from ui.actions import BY_ID
from ui.main_window import MainWindow
from ui.session import Session
from ui.tour.card import TourCard
from ui.tour.steps import LAST_TITLE, LAST_WORDS, STEPS
from ui.tour.tour import Tour, start_tour


@pytest.fixture
def window(qtbot: QtBot, project_folder: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setattr("app.demo.sample_folder", lambda: project_folder)
    session = Session()
    session.auto_prelabel = False
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    session.open_project(project_folder)
    qtbot.waitUntil(lambda: session.document is not None)
    propose(session, 0.9, 0.8)
    return window


@pytest.fixture
def tour(qtbot: QtBot, window: MainWindow) -> Tour:
    tour = start_tour(window.context, window)
    qtbot.waitUntil(lambda: tour.place == 0)
    return tour


def reach(qtbot: QtBot, tour: Tour, step: str) -> None:
    """Skip up to a step."""
    while STEPS[tour.place].id != step:
        tour.card.skipped.emit()


def test_a_step_waits_until_it_is_done(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    session = window.session
    assert tour.card.title.text() == STEPS[0].title
    session.set_tool("solve")
    qtbot.wait(400)
    assert tour.place == 0
    session.select(session.visible_proposals()[:1])
    qtbot.waitUntil(lambda: tour.place == 1)
    assert "bar" in tour.card.words.text()


def test_keys_in_the_words_are_the_persons(tour: Tour, qtbot: QtBot) -> None:
    reach(qtbot, tour, "undo")
    assert "Ctrl+Z" in tour.card.words.text()


def test_all_keys_of_the_words_exist() -> None:
    import re

    for words in (*(each.words for each in STEPS), LAST_WORDS):
        assert set(re.findall(r"\{([^}]*)\}", words)) <= set(BY_ID)


def test_work_leads_on(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    session = window.session
    reach(qtbot, tour, "tool")
    assert session.selection  # skipping the first step chose one
    session.set_tool("solve")
    qtbot.waitUntil(lambda: STEPS[tour.place].id == "solve")
    reach(qtbot, tour, "accept")
    session.accept_all()
    qtbot.waitUntil(lambda: STEPS[tour.place].id == "done")
    session.set_image_state(ImageState.DONE)
    qtbot.waitUntil(lambda: tour.card.title.text() == LAST_TITLE)
    assert tour.ring.isHidden()


def test_the_key_that_accepts_does_so_after_a_hint(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    session = window.session
    reach(qtbot, tour, "solve")
    session.set_tool("solve")
    qtbot.keyClick(window.canvas, Qt.Key.Key_Left)  # the cross hair, which would take Return
    reach(qtbot, tour, "accept")
    window.activateWindow()
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: STEPS[tour.place].id == "done")


def test_an_image_done_early_ends_it(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    reach(qtbot, tour, "accept")
    window.session.set_image_state(ImageState.DONE)
    qtbot.waitUntil(lambda: tour.card.title.text() == LAST_TITLE)


def test_undo_is_told_from_an_edit(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    reach(qtbot, tour, "undo")
    window.session.accept_all()
    qtbot.wait(400)
    assert STEPS[tour.place].id == "undo"
    window.session.undo()
    qtbot.waitUntil(lambda: STEPS[tour.place].id == "tool")


def test_it_is_skipped_and_ended_by_keys(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    window.activateWindow()
    window.canvas.setFocus()
    qtbot.keyClick(window.canvas, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: tour.place == 1)
    qtbot.keyClick(window.canvas, Qt.Key.Key_F2, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: not window.findChildren(TourCard))


def test_a_second_tour_takes_the_firsts_place(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    start_tour(window.context, window)
    qtbot.waitUntil(lambda: len(window.findChildren(TourCard)) == 1)


def test_another_project_ends_it(qtbot: QtBot, window: MainWindow, tour: Tour) -> None:
    window.session.close_project()
    qtbot.waitUntil(lambda: not window.findChildren(TourCard))

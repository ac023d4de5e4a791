"""Closing while work goes on: the person is asked, and nothing is broken off in the middle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.errors import InputError
from ui import closing
from ui.main_window import MainWindow
from ui.session import Session


class Work:
    """A task that goes on until it is told to stop, and then needs a moment."""

    def __init__(self) -> None:
        self.moment, self.ended = threading.Event(), False

    def __call__(self, progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
        while not cancelled():
            self.moment.wait(0.005)
        self.moment.wait(30)
        self.ended = True
        raise InputError("the export was cancelled; nothing was written")


@pytest.fixture
def busy(qtbot: QtBot, session: Session) -> tuple[MainWindow, Work]:
    window, work = MainWindow(session), Work()
    qtbot.addWidget(window)
    window.show()
    window.context.run_task("Exporting all.json", work, lambda result: None)
    return window, work


def test_the_window_stays_when_the_person_goes_on_working(
    qtbot: QtBot, busy: tuple[MainWindow, Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    window, work = busy
    asked: list[list[str]] = []
    monkeypatch.setattr(closing, "may_stop", lambda parent, titles: bool(asked.append(titles)))
    assert not window.close()
    assert asked == [["Exporting all.json"]]
    assert window.isVisible()
    assert [task.cancelled for task in window.tasks.tasks] == [False]
    window.tasks.cancel_all()
    work.moment.set()
    qtbot.waitUntil(lambda: not window.tasks.tasks)


def test_the_window_closes_when_what_was_stopped_has_ended(
    qtbot: QtBot, busy: tuple[MainWindow, Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    window, work = busy
    monkeypatch.setattr(closing, "may_stop", lambda parent, titles: True)
    assert not window.close()
    assert window.isVisible()
    work.moment.set()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert work.ended


def test_that_training_goes_on_is_told_once(qtbot: QtBot, session: Session, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "information", lambda parent, title, words: told.append(title))
    window = MainWindow(session)
    qtbot.addWidget(window)
    closing.tell_of_training(window)
    closing.tell_of_training(window)
    assert told == ["Training goes on"]


def test_work_whose_model_was_changed_says_so(qtbot: QtBot, session: Session) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)

    def work(progress: object, cancelled: object) -> None:
        raise CancelledError

    window.context.run_task("Pre-labelling", work, lambda result: None)
    qtbot.waitUntil(lambda: bool(window.tasks.rows) and window.tasks.rows[0].failed)
    assert "the model was changed" in window.tasks.rows[0].words.text()


def test_a_failed_task_is_told_by_its_row_alone(qtbot: QtBot, session: Session) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))

    def fail(progress: object, cancelled: object) -> None:
        raise InputError("expected a file, got none; choose one")

    window.context.run_task("Exporting", fail, lambda result: None)
    qtbot.waitUntil(lambda: bool(window.tasks.rows) and window.tasks.rows[0].failed)
    assert "choose one" in window.tasks.rows[0].words.text()
    assert said == []

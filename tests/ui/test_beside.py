"""Long work on a thread of its own: its answer, or its fault, comes to the GUI thread."""

from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot

from app.errors import InputError
from ui.beside import beside
from ui.session import Session


def test_the_answer_comes_to_the_gui_thread(session: Session, qtbot: QtBot) -> None:
    told: list[tuple[str, threading.Thread]] = []
    beside(
        session,
        lambda: threading.current_thread().name,
        lambda name: told.append((name, threading.current_thread())),
        lambda error: told.append((str(error), threading.current_thread())),
    )
    qtbot.waitUntil(lambda: bool(told))
    assert told == [("beside", threading.main_thread())]


def test_a_fault_of_the_world_is_told_in_words(session: Session, qtbot: QtBot) -> None:
    told: list[str] = []

    def work() -> None:
        raise InputError("the disk is full")

    beside(session, work, lambda _: told.append("done"), lambda error: told.append(str(error)))
    qtbot.waitUntil(lambda: bool(told))
    assert told == ["the disk is full"]

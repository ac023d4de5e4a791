"""Threads call the GUI thread, also for what is gone by then."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from ui.relay import to_gui_thread


class Listener(QObject):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.heard: list[object] = []
        self.thread_: threading.Thread | None = None

    def hear(self, value: object) -> None:
        self.heard.append(value)
        self.thread_ = threading.current_thread()


def tell(listener: Listener, *values: object) -> None:
    """From another thread."""
    hear = to_gui_thread(listener.hear)
    thread = threading.Thread(target=lambda: [hear(each) for each in values])
    thread.start()
    thread.join()


def test_calls_come_to_the_gui_thread_in_their_order(qtbot: QtBot) -> None:
    listener = Listener()
    tell(listener, 1, "two", None)
    assert listener.heard == []  # not before the event loop
    qtbot.waitUntil(lambda: listener.heard == [1, "two", None])
    assert listener.thread_ is threading.main_thread()


def test_what_is_gone_is_not_called(qtbot: QtBot) -> None:
    parent, last = QObject(), Listener()
    gone = Listener(parent)
    tell(gone, 1)
    Shiboken.delete(parent)  # and its child, of which Python still knows
    tell(gone, 2)
    tell(last, 3)
    qtbot.waitUntil(lambda: last.heard == [3])
    assert gone.heard == []


def test_it_keeps_nobody_alive(qtbot: QtBot) -> None:
    listener, last = Listener(), Listener()
    tell(listener, 1)
    gone = weakref.ref(listener)
    del listener
    gc.collect()
    assert gone() is None
    tell(last, 2)
    qtbot.waitUntil(lambda: last.heard == [2])


@pytest.mark.parametrize("rounds", [200])
def test_objects_may_go_while_threads_call_them(qtbot: QtBot, rounds: int) -> None:
    stop = threading.Event()
    now: list[Callable[[object], None]] = []

    def call() -> None:
        while not stop.wait(0):
            for each in tuple(now):
                each(None)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        for _ in range(rounds):
            parent = QObject()
            now[:] = [to_gui_thread(Listener(parent).hear) for _ in range(3)]
            Shiboken.delete(parent)
    finally:
        stop.set()
        thread.join()
    last = Listener()
    tell(last, "end")
    qtbot.waitUntil(lambda: last.heard == ["end"])

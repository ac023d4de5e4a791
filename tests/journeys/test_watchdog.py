"""The watchdog of the journeys notices a slow action and a slow event, and nothing else."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from tests.journeys.watchdog import Watchdog


def _busy(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_slow_event_is_noticed(qtbot: QtBot) -> None:
    dog = Watchdog(limit=0.05)
    QTimer.singleShot(0, lambda: _busy(0.08))
    qtbot.waitUntil(lambda: bool(dog.slow))
    assert len(dog.slow) == 1
    assert dog.slow[0][1] >= 0.08


def test_a_slow_action_is_noticed_and_a_quick_one_is_not(qtbot: QtBot) -> None:
    dog = Watchdog(limit=0.05)
    with dog.watch("nothing"):
        pass
    with dog.watch("digging"):
        _busy(0.06)
    assert [what for what, _ in dog.slow] == ["digging"]

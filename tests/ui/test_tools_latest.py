"""Only the newest request counts."""

from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot

from ui.tools.latest import Latest


def test_what_is_under_way_is_answered_and_of_what_waits_the_newest(qtbot: QtBot) -> None:
    latest, go_on, begun, answers = Latest(), threading.Event(), threading.Event(), []

    def first() -> int:
        begun.set()
        go_on.wait(60)
        return 1

    latest.ask(first, answers.append)
    assert begun.wait(60)
    latest.ask(lambda: 2, answers.append)
    latest.ask(lambda: 3, answers.append)
    go_on.set()
    qtbot.waitUntil(lambda: answers == [1, 3])
    latest.close()
    assert latest.idle
    assert not latest._thens


def test_what_was_forgotten_is_not_answered(qtbot: QtBot) -> None:
    latest, answers = Latest(), []
    latest.ask(lambda: 1, answers.append)
    latest.forget()
    latest.ask(lambda: 2, answers.append)
    qtbot.waitUntil(lambda: 2 in answers)
    assert answers == [2]


def test_closing_waits_for_what_is_under_way(qtbot: QtBot) -> None:
    latest, begun, done, answers = Latest(), threading.Event(), [], []

    def work() -> None:
        begun.set()
        done.append(1)

    latest.ask(work, answers.append)
    assert begun.wait(60)
    latest.close()
    assert done == [1]
    assert latest.idle
    qtbot.wait(1)
    assert answers == []

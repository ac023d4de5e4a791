"""Work by a thread, one piece after the other."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from model.errors import InputError
from ui.line import FAULT, Job, Line


class Asker(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.done: list[Job] = []
        self.line = Line("test", self.take)

    def take(self, job: Job) -> None:
        self.done.append(job)

    @property
    def answers(self) -> list[object]:
        return [job.answer for job in self.done]


def test_work_is_done_elsewhere_and_in_order(qtbot: QtBot) -> None:
    asker = Asker()
    for number in range(5):
        asker.line.ask(lambda number=number: (number, threading.current_thread()))  # type: ignore[misc]
    qtbot.waitUntil(lambda: len(asker.done) == 5)
    numbers, threads = zip(*asker.answers, strict=True)  # type: ignore[call-overload]
    assert numbers == (0, 1, 2, 3, 4)
    assert threading.main_thread() not in threads
    qtbot.waitUntil(lambda: asker.line.idle)


def test_what_is_not_wanted_any_more_is_not_done(qtbot: QtBot) -> None:
    asker, go_on, done = Asker(), threading.Event(), []
    asker.line.ask(lambda: go_on.wait(60))
    asker.line.ask(lambda: done.append("dropped")).wanted = False
    kept = asker.line.ask(lambda: done.append("kept"))
    go_on.set()
    qtbot.waitUntil(kept.ready.is_set)
    asker.line.join()
    assert done == ["kept"]


def test_a_fault_of_the_world_is_an_answer(qtbot: QtBot) -> None:
    def fail() -> None:
        raise InputError("expected a disk, there is none; buy one")

    asker = Asker()
    asker.line.ask(fail)
    asker.line.ask(lambda: 1)
    qtbot.waitUntil(lambda: len(asker.done) == 2)
    assert str(asker.answers[0]) == "expected a disk, there is none; buy one"
    assert asker.answers[1] == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_costs_one_answer(qtbot: QtBot) -> None:
    asker, go_on = Asker(), threading.Event()

    def bug() -> None:
        go_on.wait(60)
        raise ZeroDivisionError

    asker.line.ask(bug)
    asker.line.ask(lambda: 1)
    go_on.set()
    qtbot.waitUntil(lambda: len(asker.done) == 2)
    assert str(asker.answers[0]) == FAULT
    assert asker.answers[1] == 1

"""Long work beside the window: its progress is shown, it can be stopped, its fault is one line."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from app.errors import InputError
from ui.tasks import Task, TaskBar, time_left
from ui.workers import Workers

Work = Callable[[Callable[[int, int], None], Callable[[], bool]], Any]


@pytest.fixture
def workers(qapp: object) -> Iterator[Workers]:
    made = Workers()
    yield made
    made.close()


class Told:
    """What a task ended with."""

    def __init__(self) -> None:
        self.results: list[Any] = []
        self.errors: list[str] = []


def start(bar: TaskBar, workers: Workers, work: Work) -> tuple[Task, Told]:
    told = Told()
    failed = lambda error: told.errors.append(str(error))  # noqa: E731
    task = Task("Counting", workers, work, told.results.append, failed)
    bar.run(task)
    return task, told


def test_progress_is_shown_and_the_result_arrives_on_the_gui_thread(qtbot: QtBot, workers: Workers) -> None:
    bar, go = TaskBar(), threading.Event()
    qtbot.addWidget(bar)

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> str:
        progress(3, 8)
        go.wait(10)
        return threading.current_thread().name

    _, told = start(bar, workers, work)
    qtbot.waitUntil(lambda: bar.findChildren(QProgressBar)[0].value() == 3)
    assert bar.findChildren(QProgressBar)[0].maximum() == 8
    assert bar.findChildren(QLabel)[0].text().startswith("Counting: 3 of 8")
    assert not bar.isHidden()
    go.set()
    qtbot.waitUntil(lambda: told.results == ["Counting"])
    qtbot.waitUntil(lambda: bar.isHidden())
    assert bar.tasks == []


def test_cancel_asks_the_work_to_stop(qtbot: QtBot, workers: Workers) -> None:
    bar = TaskBar()
    qtbot.addWidget(bar)

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> str:
        while not cancelled():
            threading.Event().wait(0.01)
        return "stopped"

    _, told = start(bar, workers, work)
    bar.findChildren(QPushButton)[0].click()
    qtbot.waitUntil(lambda: told.results == ["stopped"])


def test_a_fault_of_the_input_is_told_once_in_one_line(qtbot: QtBot, workers: Workers) -> None:
    bar = TaskBar()
    qtbot.addWidget(bar)

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
        raise InputError("expected a file, got none; choose one")

    _, told = start(bar, workers, work)
    qtbot.waitUntil(lambda: told.errors == ["expected a file, got none; choose one"])
    assert told.results == []
    assert bar.tasks == []


def test_a_fault_of_many_words_has_the_room_beside_its_buttons(qtbot: QtBot, workers: Workers) -> None:
    bar = TaskBar()
    qtbot.addWidget(bar)
    bar.resize(900, 60)

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
        raise InputError("expected a file, got none; " * 9)

    _, told = start(bar, workers, work)
    qtbot.waitUntil(lambda: bool(told.errors))
    words, (retry,) = (
        bar.findChildren(QLabel)[0],
        [b for b in bar.findChildren(QPushButton) if b.text() == "Retry"],
    )
    qtbot.waitUntil(lambda: retry.isVisible() and words.width() > 4 * retry.width())


def test_tasks_run_side_by_side(qtbot: QtBot, workers: Workers) -> None:
    bar, meeting = TaskBar(), threading.Barrier(2, timeout=10)
    qtbot.addWidget(bar)
    told = [start(bar, workers, lambda progress, cancelled: meeting.wait())[1] for _ in range(2)]
    qtbot.waitUntil(lambda: all(len(each.results) == 1 for each in told))


@pytest.mark.parametrize(
    ("done", "total", "seconds", "words"),
    [
        (0, 10, 5.0, ""),
        (5, 10, 0.5, ""),
        (5, 10, 20.0, "20 s left"),
        (1, 10, 60.0, "9 min left"),
        (1, 100, 100.0, "2.8 h left"),
    ],
)
def test_the_time_left_is_said_in_words(done: int, total: int, seconds: float, words: str) -> None:
    assert time_left(done, total, seconds) == words


def test_a_bug_is_told_with_its_details_and_goes_to_the_log(
    qtbot: QtBot, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: logged.append(args.exc_type))
    bar = TaskBar()
    qtbot.addWidget(bar)

    def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> None:
        raise ZeroDivisionError("no images to share")

    _, told = start(bar, workers, work)
    (row,) = bar.rows
    qtbot.waitUntil(lambda: row.failed)
    row.task.wait()
    assert row.words.text() == "Counting: Something went wrong: no images to share"
    assert "in work" in row.details.text()  # where it was
    assert row.more.isVisibleTo(bar)
    assert logged == [ZeroDivisionError]
    assert (told.results, told.errors) == ([], [])

"""The numbers of the ceilings' table: read, dropped when others are asked for, put into words."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.annotation import ImageState
from app.ceiling import ALL
from app.ceiling_store import Instance
from tests.ui.acting import draw, written
from tests.ui.explaining import VERSION
from ui.dialogs.ceiling_numbers import EMPTY, CeilingNumbers
from ui.session import Session

STATES = tuple(ImageState)


@pytest.fixture
def numbers(session: Session) -> CeilingNumbers:
    return CeilingNumbers(session, session)


def read(numbers: CeilingNumbers, qtbot: QtBot) -> None:
    with qtbot.waitSignal(numbers.taken):
        numbers.read(VERSION, STATES)


def test_without_a_mask_there_is_nothing_to_tell(numbers: CeilingNumbers, qtbot: QtBot) -> None:
    read(numbers, qtbot)
    assert (numbers.instances, numbers.missing, numbers.images) == ([], [], set())
    assert numbers.words() == EMPTY


def test_what_is_not_measured_is_named(numbers: CeilingNumbers, session: Session, qtbot: QtBot) -> None:
    drawn = draw(session)
    written(session)
    read(numbers, qtbot)
    assert [each.id for each in numbers.missing] == [drawn.id]
    assert numbers.images == {drawn.image_id}
    assert numbers.words().startswith("1 of 1 instances, in 1 images, are not measured")


def test_who_asks_is_told_after_the_numbers_are_there(numbers: CeilingNumbers, qtbot: QtBot) -> None:
    order: list[str] = []
    numbers.taken.connect(lambda: order.append("taken"))
    numbers.read(VERSION, STATES, lambda: order.append("then"))
    qtbot.waitUntil(lambda: order == ["taken", "then"])


def test_older_answers_are_dropped(numbers: CeilingNumbers, qtbot: QtBot) -> None:
    told: list[str] = []
    numbers.read(VERSION, STATES, lambda: told.append("first"))
    numbers.read(VERSION, STATES, lambda: told.append("second"))
    qtbot.waitUntil(lambda: "second" in told)
    assert told == ["second"]


def test_nobody_is_told_after_it_is_closed(numbers: CeilingNumbers, session: Session, qtbot: QtBot) -> None:
    told: list[str] = []
    numbers.read(VERSION, STATES, lambda: told.append("late"))
    numbers.drop()
    both = threading.Barrier(2)  # threads: neither reads any more
    for _ in range(2):
        session.workers.when_free(both.wait, lambda _: told.append("over"))
    qtbot.waitUntil(lambda: told.count("over") == 2)
    assert "late" not in told


def test_the_worst_of_a_cell_are_found(numbers: CeilingNumbers, session: Session, qtbot: QtBot) -> None:
    draw(session)
    written(session)
    read(numbers, qtbot)
    found: list[list[Instance]] = []
    numbers.worst((None, ALL), found.append)
    qtbot.waitUntil(lambda: found == [[]])  # what is not measured is not bad


def test_without_a_project_nothing_is_read(qtbot: QtBot) -> None:
    session = Session()
    numbers = CeilingNumbers(session, QObject(session))
    numbers.read(VERSION, STATES, lambda: pytest.fail("there is nothing to read"))
    session.close()
    assert numbers.instances == []

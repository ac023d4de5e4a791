"""What the pointer rests on is enlarged: after a moment, then at once, and it goes with the pointer."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.explain.magnifier import Magnifier

IMAGE = QImage(32, 24, QImage.Format.Format_RGB32)


@pytest.fixture
def panel(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.fixture
def asked(panel: QWidget) -> tuple[Magnifier, list[int]]:
    """One that gets what it wants, and what that was."""
    magnifier, wanted = Magnifier(panel), list[int]()
    magnifier.wanted.connect(wanted.append)
    magnifier.wanted.connect(lambda j: magnifier.show(IMAGE, f"number {j}", 4 / 3))
    return magnifier, wanted


def test_only_where_the_pointer_rests(asked: tuple[Magnifier, list[int]], qtbot: QtBot) -> None:
    magnifier, wanted = asked
    for j in (1, 2, 3):
        magnifier.follow(j)
    assert wanted == []
    qtbot.waitUntil(lambda: wanted == [3])
    assert magnifier.card is not None
    assert magnifier.card.isVisible()
    assert magnifier.card.words.text() == "number 3"


def test_once_one_is_enlarged_the_next_is_at_once(asked: tuple[Magnifier, list[int]], qtbot: QtBot) -> None:
    magnifier, wanted = asked
    magnifier.follow(1)
    qtbot.waitUntil(lambda: wanted == [1])
    magnifier.follow(2)
    assert wanted == [1, 2]


def test_it_goes_when_the_pointer_leaves(asked: tuple[Magnifier, list[int]], qtbot: QtBot) -> None:
    magnifier, wanted = asked
    magnifier.follow(1)
    qtbot.waitUntil(lambda: wanted == [1])
    magnifier.follow(-1)
    assert magnifier.card is not None
    assert not magnifier.card.isVisible()
    magnifier.follow(2)  # and rests again before the next
    assert wanted == [1]

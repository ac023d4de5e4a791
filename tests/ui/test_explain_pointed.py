"""One of a widget's things is under the pointer, or the keys are at it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent
from pytestqt.qtbot import QtBot

from ui.explain.pointed import Pointed


@pytest.fixture
def things(qtbot: QtBot) -> Pointed:
    made = Pointed(None, "Some things", "Up and down go from one to the next.")
    qtbot.addWidget(made)
    return made


def test_it_is_told_once_when_another_is_under_the_pointer(things: Pointed) -> None:
    told: list[int] = []
    things.hovered.connect(told.append)
    for number in (2, 2, 0):
        things._hover(number)
    things.leaveEvent(QEvent(QEvent.Type.Leave))
    things.leaveEvent(QEvent(QEvent.Type.Leave))
    assert told == [2, 0, -1]


def test_the_keys_point_only_while_they_are_its_own(things: Pointed, monkeypatch: pytest.MonkeyPatch) -> None:
    things._hover(1)
    things._focus = 3
    for focused, pointed in ((False, [1]), (True, [1, 3])):
        with monkeypatch.context() as keys:
            keys.setattr(things, "hasFocus", lambda focused=focused: focused)
            assert [number for number in range(5) if things.is_pointed(number)] == pointed


def test_it_says_what_it_is_and_what_its_keys_do(things: Pointed) -> None:
    assert things.accessibleName() == "Some things"
    assert "Up and down" in things.accessibleDescription()
    assert things.hasMouseTracking()

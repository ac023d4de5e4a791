"""Widgets beside each other, and a new row where the width ends."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.widgets.flow import FlowLayout


class Box(QWidget):
    def sizeHint(self) -> QSize:
        return QSize(40, 10)


class Row(QWidget):
    """Three boxes with a gap of 5."""

    def __init__(self) -> None:
        super().__init__()
        self.flow = FlowLayout(self, gap=5)
        self.boxes = [Box(self) for _ in range(3)]
        for box in self.boxes:
            self.flow.addWidget(box)

    def places(self, width: int) -> list[tuple[int, int]]:
        self.resize(width, self.flow.heightForWidth(width))
        self.flow.setGeometry(self.rect())
        return [(box.x(), box.y()) for box in self.boxes if not box.isHidden()]


@pytest.fixture
def row(qtbot: QtBot) -> Row:
    made = Row()
    qtbot.addWidget(made)
    return made


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (130, [(0, 0), (45, 0), (90, 0)]),  # 3 x 40 and two gaps: they just fit
        (129, [(0, 0), (45, 0), (0, 15)]),
        (50, [(0, 0), (0, 15), (0, 30)]),
        (10, [(0, 0), (0, 15), (0, 30)]),  # one in a row at the least
    ],
)
def test_a_row_breaks_where_the_width_ends(row: Row, width: int, expected: list[tuple[int, int]]) -> None:
    assert row.places(width) == expected


def test_what_is_hidden_takes_no_room(row: Row) -> None:
    row.boxes[0].hide()
    assert row.places(85) == [(0, 0), (45, 0)]


def test_it_says_how_much_room_it_wants(row: Row) -> None:
    assert row.flow.sizeHint() == QSize(130, 10)
    assert [row.flow.heightForWidth(width) for width in (130, 100, 50)] == [10, 25, 40]

"""Rows with a signed bar: what they say and where they are coloured."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from ui.explain.bar_look import bar_in
from ui.explain.coefficient_row import REACH, ROW, THICKNESS, CoefficientRow, unit_of
from ui.explain.pictures import color_of

WIDTH = 330
ROW_RECT = QRectF(0, 0, WIDTH, ROW)
BAR = bar_in(ROW_RECT, THICKNESS)


def painted(value: float, predicted: float | None = None, *, lit: bool = False) -> QImage:
    """The row on black with white words."""
    palette = QPalette()
    palette.setColor(QPalette.ColorRole.Text, QColor("white"))
    image = QImage(WIDTH, ROW, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    with QPainter(image) as painter:
        row = CoefficientRow(0, value, predicted, 0.5)
        row.paint(painter, ROW_RECT, palette, QPixmap(), lit=lit, pinned=False)
    return image


def color_at(image: QImage, coefficient: float, y: float = ROW / 2) -> QColor:
    return image.pixelColor(round(BAR.center().x() + coefficient * unit_of(BAR)), round(y))


@pytest.mark.parametrize(
    ("value", "predicted", "words"),
    [
        (0.5, 0.4, "+0.50: adds to the mask, 50 % of all that is done to it; predicted +0.40"),
        (-0.5, -0.5, "-0.50: takes from the mask, 50 % of all that is done to it"),
        (0.0, None, "+0.00: leaves the mask, 50 % of all that is done to it"),
        (2.0, 2.0, "+2.00: adds to the mask, 50 % of all that is done to it; beyond what tanh can give"),
    ],
)
def test_a_coefficient_in_words(value: float, predicted: float | None, words: str) -> None:
    assert CoefficientRow(0, value, predicted, 0.5).words() == words


def test_what_adds_goes_right_and_what_takes_goes_left(qapp: QApplication) -> None:
    assert color_at(painted(1), 0.5) == color_of(1)
    assert color_at(painted(1), -0.5) != color_of(1)
    assert color_at(painted(-1), -0.5) == color_of(-1)
    assert color_at(painted(1), 1.2) != color_of(1)  # no further than its value


def test_a_bar_beyond_its_end_is_an_arrow(qapp: QApplication) -> None:
    near_end, top = REACH - 2 / unit_of(BAR), BAR.top() + 3
    assert color_at(painted(REACH), near_end, top) == color_of(1)
    assert color_at(painted(5), near_end, top) != color_of(1)
    assert color_at(painted(5), near_end) == color_of(1)


def test_a_mark_stands_where_the_head_had_it(qapp: QApplication) -> None:
    assert color_at(painted(-0.5, 1.0), 1.0) == QColor("white")
    assert color_at(painted(-0.5), 1.0) != QColor("white")


def test_the_row_under_the_pointer_is_lit(qapp: QApplication) -> None:
    x, y = WIDTH - 5, 4
    assert painted(0, lit=True).pixelColor(x, y) != painted(0).pixelColor(x, y)


def test_a_narrow_row_keeps_a_bar() -> None:
    assert bar_in(QRectF(0, 64, 40, 32), 16) == QRectF(58, 72, 20, 16)

"""The ticks and means of the training curves, and that the plot draws them."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from ui.widgets.plot import COLORS, Plot, nice_ticks, running_mean


@given(st.floats(0, 1e6), st.floats(1e-3, 1e6))
def test_ticks_span_the_values_in_even_round_steps(low: float, span: float) -> None:
    ticks = nice_ticks(low, low + span)
    steps = [after - before for before, after in itertools.pairwise(ticks)]
    assert ticks[0] <= low + 1e-6
    assert ticks[-1] >= low + span - 1e-6 * (low + span)
    assert 2 <= len(ticks) <= 8
    assert max(steps) == pytest.approx(min(steps), rel=1e-3)
    lead = steps[0] / 10 ** math.floor(math.log10(steps[0]) + 1e-9)
    assert min(abs(lead - each) for each in (1, 2, 5)) < 0.01


def test_ticks_are_numbers_that_people_write() -> None:
    assert nice_ticks(0, 0.37) == [0, 0.1, 0.2, 0.3, 0.4]
    assert nice_ticks(0, 1000) == [0, 500, 1000]


def test_a_running_mean_starts_at_the_first_value_and_follows_slowly() -> None:
    assert running_mean([4.0, 4.0, 4.0]) == pytest.approx([4, 4, 4])
    assert running_mean([0.0, 1.0], weight=0.5) == pytest.approx([0, 2 / 3])
    assert running_mean([]) == []


def _has_color(image: QImage, wanted: QColor) -> bool:
    return any(image.pixelColor(x, y) == wanted for x in range(image.width()) for y in range(image.height()))


def test_a_line_is_drawn_and_what_is_not_finite_is_left_out(qtbot: QtBot) -> None:
    plot = Plot("Loss", smooth=False)
    qtbot.addWidget(plot)
    plot.resize(200, 120)
    empty = plot.grab().toImage()
    plot.set_lines({"mask": [(0, 1.0), (5, math.nan), (10, 0.5), (20, math.inf)]})
    drawn = plot.grab().toImage()
    assert not _has_color(empty, QColor(COLORS[0]))
    assert _has_color(drawn, QColor(COLORS[0]))

"""What part of an image a widget shows: within limits, and following the widget's size while it is fitted."""

import pytest
from PySide6.QtCore import QPointF, QSize
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ui.canvas.framing import Framing
from ui.canvas.transform import View

SIZE = (300, 200)


@pytest.fixture
def widget(qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.resize(600, 424)
    return widget


@pytest.fixture
def views() -> list[View]:
    return []


@pytest.fixture
def framing(widget: QWidget, views: list[View]) -> Framing:
    framing = Framing(widget, views.append)
    framing.image = SIZE
    framing.fit()
    return framing


def resize(widget: QWidget, framing: Framing, width: int, height: int) -> None:
    old = widget.size()
    widget.resize(width, height)
    framing.resized(old)


def test_every_new_view_is_told(framing: Framing, views: list[View]) -> None:
    framing.zoom_to(4.0)
    assert [view.scale for view in views] == [pytest.approx(576 / 300), 4.0]
    assert framing.view == views[-1]


def test_the_view_follows_the_widgets_size_until_zoomed(widget: QWidget, framing: Framing) -> None:
    resize(widget, framing, 300, 212)
    assert framing.view is not None
    assert framing.view.rect_to_widget((0, 0, *SIZE))[2] <= 300
    framing.zoom_to(6.0)
    middle = framing.view.to_image(150, 106)
    resize(widget, framing, 500, 300)
    assert framing.view.scale == 6.0
    assert framing.view.to_widget(*middle) == pytest.approx((250, 150), abs=1)


def test_zooming_keeps_the_point_that_is_named(framing: Framing) -> None:
    assert framing.view is not None
    point = framing.view.to_image(400, 300)
    framing.zoom_to(5.0, QPointF(400, 300))
    assert framing.view.to_widget(*point) == pytest.approx((400, 300), abs=1)


def test_a_rectangle_is_not_blown_up_without_end(framing: Framing) -> None:
    framing.fit_rect((10, 10, 12, 12))
    assert framing.view is not None
    assert framing.view.scale == 16.0


def test_without_an_image_there_is_no_view(framing: Framing, views: list[View]) -> None:
    framing.clear()
    told = len(views)
    framing.zoom_to(2.0)
    framing.resized(QSize(10, 10))
    framing.ratio_changed()
    assert framing.view is None
    assert len(views) == told

"""Large images, which the session leaves to the canvas: brush and hints see their colours, too."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId
from app.geometry import to_mask, window
from tests.ui.canvas_fakes import FakeSession, disc, mask_annotation
from tests.ui.solving import SIZE, click, place, prediction, proposal
from ui.canvas.sampling import pyramid
from ui.canvas.view import Canvas
from ui.tools.brush import BrushTool
from ui.tools.pixels import ENOUGH, ImagePixels, pixels_of

ONE = AnnotationId(1)


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def pixels(session: FakeSession) -> ImagePixels:
    return pixels_of(session)  # type: ignore[arg-type]


def two_halves() -> np.ndarray:
    halves = np.full((SIZE[1], SIZE[0], 3), 30, np.uint8)
    halves[:, 150:] = 220
    return halves


def test_the_sessions_own_pixels_come_first(session: FakeSession, pixels: ImagePixels) -> None:
    session.pixels = two_halves()
    pixels.set_levels(pyramid(np.zeros((400, 600, 3), np.uint8)))
    assert pixels.whole is session.pixels
    assert pixels.for_box((0, 0, 9000, 9000)) is session.pixels


def test_an_instance_gets_just_as_many_pixels_as_it_needs(pixels: ImagePixels) -> None:
    assert pixels.for_box((0, 0, 10, 10)) is None
    levels = pyramid(np.zeros((2048, 3072, 3), np.uint8))
    pixels.set_levels(levels)
    assert [each.factor for each in levels] == [1, 2, 4, 8]
    for side, factor in ((10, 1), (1.9 * ENOUGH, 1), (2 * ENOUGH, 2), (5 * ENOUGH, 4), (90 * ENOUGH, 8)):
        found = pixels.for_box((0, 0, side, 10))
        assert found is next(each.pixels for each in levels if each.factor == factor)
    assert pixels.are_whole


def test_a_preview_does_until_the_rest_is_there(pixels: ImagePixels) -> None:
    pixels.set_levels(pyramid(np.zeros((500, 700, 3), np.uint8), 8))
    found = pixels.for_box((0, 0, 10, 10))
    assert found is not None
    assert found.shape == (500, 700, 3)
    assert pixels.whole is None
    assert not pixels.are_whole
    pixels.set_levels(())
    assert pixels.for_box((0, 0, 10, 10)) is None


def bits(session: FakeSession) -> np.ndarray:
    assert session.document is not None
    return window(to_mask(session.document.annotations[ONE].geometry, *SIZE), 0, 0, *SIZE)


def test_a_soft_brush_stops_at_an_edge_of_a_large_image(
    session: FakeSession, canvas: Canvas, pixels: ImagePixels
) -> None:
    session.show(None, [mask_annotation(1, disc(100, 100, 20, SIZE), SIZE)], size=SIZE)
    pixels.set_levels(pyramid(two_halves()))
    canvas.set_tool("brush")
    session.select([ONE])
    canvas.brush_diameter = 60
    BrushTool.hardness = 0.5
    try:
        plain = Qt.KeyboardModifier.NoModifier
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, plain, place(canvas, 132, 100))
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, plain, place(canvas, 132, 100))
    finally:
        BrushTool.hardness = 1.0
    assert bits(session)[100, 148]
    assert not bits(session)[100, 153]


def test_hints_see_the_colours_of_a_large_image(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, pixels: ImagePixels
) -> None:
    session.prediction = prediction()
    session.show(None, [proposal(session.prediction)], size=SIZE)
    pixels.set_levels(pyramid(two_halves(), 4))
    canvas.set_tool("solve")
    session.select([ONE])
    click(canvas, 220, 60, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=5000)
    grid = canvas.tool._solving.work.steps[0].field.grid  # type: ignore[attr-defined]
    assert grid.sight is not None or grid.lab.any()

"""What mouse and keys do with each tool: exactly the expected edit, or none."""

import threading
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.annotation import Annotation, AnnotationId, AnnotationState
from app.edits import Edit, EditKind, remove
from app.geometry import PolygonPart, Polygons, RleMask, to_mask
from model.masks import BoxMask
from tests.ui.canvas_fakes import CATEGORIES, FakeSession, disc, mask_annotation, rectangle
from tests.ui.canvas_fakes import annotation as make
from ui.canvas.view import Canvas
from ui.tools.painting import outcome_of
from ui.turns import turns_of

Button = Qt.MouseButton
Modifiers = Qt.KeyboardModifier
SIZE = (300, 200)
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
SHIFT, CONTROL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


class Hand:
    """Moves the mouse in image pixels over a canvas at 2 device pixels for each."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas

    def at(self, x: float, y: float) -> QPoint:
        assert self.canvas.view is not None
        place = self.canvas.view.to_widget(x, y)
        return QPoint(round(place[0]), round(place[1]))

    def click(self, x: float, y: float, button: Button = LEFT, modifiers: Modifiers = NONE) -> None:
        QTest.mouseMove(self.canvas, self.at(x, y))
        QTest.mouseClick(self.canvas, button, modifiers, self.at(x, y))

    def drag(
        self,
        *points: tuple[float, float],
        button: Button = LEFT,
        modifiers: Modifiers = NONE,
        drop: bool = True,
    ) -> None:
        QTest.mousePress(self.canvas, button, modifiers, self.at(*points[0]))
        for point in points[1:]:
            QTest.mouseMove(self.canvas, self.at(*point))
        if drop:
            QTest.mouseRelease(self.canvas, button, modifiers, self.at(*points[-1]))

    def move(self, x: float, y: float) -> None:
        QTest.mouseMove(self.canvas, self.at(x, y))

    def key(self, key: Qt.Key, modifiers: Modifiers = NONE) -> None:
        QTest.keyClick(self.canvas, key, modifiers)


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def hand(canvas: Canvas) -> Hand:
    return Hand(canvas)


def made(edit: Edit) -> Annotation:
    """What an edit added, or made of an annotation."""
    after = edit.changes[0].after
    assert after is not None
    return after


def parts(annotation: Annotation) -> tuple[PolygonPart, ...]:
    assert isinstance(annotation.geometry, Polygons)
    return annotation.geometry.parts


def outline(edit: Edit) -> tuple[tuple[float, float], ...]:
    return parts(made(edit))[0].outline


def show(session: FakeSession, canvas: Canvas, *annotations: Annotation) -> None:
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), annotations)
    assert canvas.view is not None
    assert canvas.view.scale == 2.0  # every image pixel's middle lies on a whole widget unit


def full(mask: BoxMask) -> np.ndarray:
    bits = np.zeros((SIZE[1], SIZE[0]), bool)
    bits[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
    return bits


def painted(annotation: Annotation) -> np.ndarray:
    return full(to_mask(annotation.geometry, *SIZE))


def stroke(points: list[tuple[float, float]], radius: float) -> np.ndarray:
    """Every pixel whose centre lies within `radius` of the line, one by one."""
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]] + 0.5
    inside = np.zeros((SIZE[1], SIZE[0]), bool)
    for (x0, y0), (x1, y1) in zip(points, points[1:] or points, strict=False):
        dx, dy = x1 - x0, y1 - y0
        along = np.clip(((columns - x0) * dx + (rows - y0) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        inside |= np.hypot(columns - x0 - along * dx, rows - y0 - along * dy) <= radius
    return inside


# select


def test_click_picks_the_smallest_and_again_the_next(
    session: FakeSession, canvas: Canvas, hand: Hand
) -> None:
    show(
        session,
        canvas,
        mask_annotation(1, disc(150, 100, 80, SIZE), SIZE),
        mask_annotation(2, disc(150, 100, 30, SIZE), SIZE),
    )
    hand.click(150, 100)
    assert session.selection == (2,)
    hand.click(150, 100)
    assert session.selection == (1,)
    hand.click(150, 100)
    assert session.selection == (2,)
    hand.click(5, 5)
    assert session.selection == ()
    assert session.applied == []


def test_shift_click_adds_and_takes_away(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(
        session, canvas, make(1, rectangle(10, 10, 50, 50), SIZE), make(2, rectangle(100, 10, 150, 50), SIZE)
    )
    hand.click(30, 30)
    hand.click(120, 30, modifiers=SHIFT)
    assert set(session.selection) == {1, 2}
    hand.click(30, 30, modifiers=SHIFT)
    assert session.selection == (2,)


def test_a_rubber_band_picks_what_is_inside(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(
        session, canvas, make(1, rectangle(20, 20, 50, 50), SIZE), make(2, rectangle(100, 20, 150, 50), SIZE)
    )
    hand.drag((5, 5), (60, 60), (90, 70))
    assert session.selection == (1,)
    hand.drag((90, 5), (120, 60), (160, 70), modifiers=SHIFT)
    assert set(session.selection) == {1, 2}


def test_tab_goes_from_one_to_the_next(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(
        session, canvas, make(1, rectangle(100, 20, 150, 50), SIZE), make(2, rectangle(20, 20, 50, 50), SIZE)
    )
    hand.key(Qt.Key.Key_Tab)
    first = session.selection
    hand.key(Qt.Key.Key_Tab)
    assert (first, session.selection) == ((2,), (1,))
    hand.key(Qt.Key.Key_Backtab)
    assert session.selection == (2,)


def test_arrows_nudge_and_a_held_key_is_one_edit(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, rectangle(20, 20, 50, 50), SIZE))
    hand.click(30, 30)
    QTest.keyPress(canvas, Qt.Key.Key_Right)
    QTest.keyPress(canvas, Qt.Key.Key_Right)
    QTest.keyRelease(canvas, Qt.Key.Key_Right)
    hand.key(Qt.Key.Key_Down, SHIFT)
    assert [edit.kind for edit in session.applied] == [EditKind.RESHAPE, EditKind.RESHAPE]
    assert made(session.applied[0]).geometry == rectangle(22, 20, 52, 50)
    assert made(session.applied[1]).geometry == rectangle(22, 30, 52, 60)


def test_double_click_fits_the_instance(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, rectangle(20, 20, 50, 50), SIZE))
    QTest.mouseDClick(canvas, LEFT, NONE, hand.at(30, 30))
    assert session.selection == (1,)
    assert canvas.view is not None
    assert canvas.view.scale > 4


# vertices and boxes

TRIANGLE = Polygons((type(rectangle(0, 0, 1, 1).parts[0])(((40.0, 40.0), (140.0, 40.0), (90.0, 120.0))),))


def test_a_vertex_can_be_dragged(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, TRIANGLE, SIZE))
    session.select([AnnotationId(1)])
    hand.drag((140, 40), (150, 45), (160, 50))
    (edit,) = session.applied
    assert edit.kind is EditKind.RESHAPE
    assert outline(edit) == ((40, 40), (160, 50), (90, 120))
    assert made(edit).area > 0


def test_dragging_an_edge_inserts_a_vertex(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, TRIANGLE, SIZE))
    session.select([AnnotationId(1)])
    hand.drag((90, 40), (90, 30), (90, 20))
    assert outline(session.applied[0]) == ((40, 40), (90, 20), (140, 40), (90, 120))


def test_a_click_on_an_edge_changes_nothing(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, TRIANGLE, SIZE))
    session.select([AnnotationId(1)])
    hand.click(90, 40)
    assert session.applied == []


def test_shift_click_deletes_a_vertex_but_never_the_last_three(
    session: FakeSession, canvas: Canvas, hand: Hand
) -> None:
    show(session, canvas, make(1, rectangle(40, 40, 140, 120), SIZE))
    session.select([AnnotationId(1)])
    hand.click(140, 120, modifiers=SHIFT)
    assert len(outline(session.applied[0])) == 3
    hand.click(140, 40, modifiers=SHIFT)
    assert len(session.applied) == 1
    assert "three" in session.messages[-1]


def test_escape_puts_a_vertex_back(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, TRIANGLE, SIZE))
    session.select([AnnotationId(1)])
    hand.drag((140, 40), (160, 50), drop=False)
    hand.key(Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas, LEFT, NONE, hand.at(160, 50))
    assert session.applied == []
    assert session.selection == (1,)


def test_a_masks_box_handle_cuts_it(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    mask = BoxMask(40, 40, np.ones((60, 80), np.bool_))
    show(session, canvas, mask_annotation(1, mask, SIZE))
    session.select([AnnotationId(1)])
    hand.drag((120, 70), (100, 70), (90, 70))
    (edit,) = session.applied
    assert edit.kind is EditKind.SET_BOX
    assert made(edit).bbox == (40, 40, 50, 60)


# box


@pytest.mark.parametrize("way", ["drag", "clicks"])
def test_a_box_is_drawn_on_whole_pixels(session: FakeSession, canvas: Canvas, hand: Hand, way: str) -> None:
    show(session, canvas)
    canvas.set_tool("box")
    if way == "drag":
        hand.drag((100, 80), (60, 60), (30, 20))
    else:
        hand.click(100, 80)
        hand.move(60, 60)
        hand.click(30, 20)
    (edit,) = session.applied
    (change,) = edit.changes
    assert edit.kind is EditKind.ADD
    assert change.after is not None
    assert change.after.geometry == rectangle(30, 20, 100, 80)
    assert (change.after.bbox, change.after.area) == ((30, 20, 70, 60), 4200)
    assert change.after.category_id == CATEGORIES[0].id
    assert change.after.state is AnnotationState.DRAWN
    assert session.selection == (change.after.id,)


def test_a_box_is_clipped_at_the_images_edge(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("box")
    hand.drag((280, 180), (300, 190), (304, 204))
    assert made(session.applied[0]).bbox == (280, 180, 20, 20)


def test_a_box_without_size_is_nothing(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("box")
    hand.click(50, 50)
    hand.click(50, 50)
    assert session.applied == []
    assert not canvas.tool.busy


def test_escape_and_another_tool_drop_a_box(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("box")
    hand.click(50, 50)
    hand.key(Qt.Key.Key_Escape)
    assert not canvas.tool.busy
    hand.click(50, 50)
    canvas.set_tool("select")
    canvas.set_tool("box")
    hand.click(90, 90)
    assert session.applied == []


def test_without_a_category_the_shape_waits_for_one(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    session.category = None
    show(session, canvas)
    canvas.set_tool("box")
    hand.drag((10, 10), (40, 40), (60, 50))
    assert session.applied == []
    assert "category" in session.messages[-1]
    session.category = CATEGORIES[1]
    session.category_changed.emit()
    assert made(session.applied[0]).category_id == CATEGORIES[1].id
    assert made(session.applied[0]).bbox == (10, 10, 50, 40)


# polygon


def polygon(hand: Hand, *points: tuple[float, float], modifiers: Modifiers = NONE) -> None:
    for index, point in enumerate(points):
        hand.click(*point, modifiers=modifiers if index == 0 else NONE)
    hand.key(Qt.Key.Key_Return)


def test_a_polygon_keeps_its_vertices_as_drawn(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("polygon")
    polygon(hand, (20, 20), (80, 25), (70, 90))
    (edit,) = session.applied
    assert outline(edit) == ((20, 20), (80, 25), (70, 90))
    assert not canvas.tool.busy


def test_the_first_vertex_closes_and_so_does_a_double_click(
    session: FakeSession, canvas: Canvas, hand: Hand
) -> None:
    show(session, canvas)
    canvas.set_tool("polygon")
    for point in ((20, 20), (80, 25), (70, 90), (21, 21)):
        hand.click(*point)
    assert len(outline(session.applied[0])) == 3
    session.select([])
    for point in ((120, 20), (180, 25)):
        hand.click(*point)
    hand.click(170, 90)
    QTest.mouseDClick(canvas, LEFT, NONE, hand.at(170, 90))
    assert outline(session.applied[1]) == ((120, 20), (180, 25), (170, 90))


def test_backspace_takes_a_vertex_back(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("polygon")
    for point in ((20, 20), (80, 25), (200, 150)):
        hand.click(*point)
    hand.key(Qt.Key.Key_Backspace)
    hand.click(70, 90)
    hand.key(Qt.Key.Key_Return)
    assert outline(session.applied[0])[2] == (70, 90)


def test_a_polygon_of_two_or_of_no_area_is_nothing(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("polygon")
    polygon(hand, (20, 20), (80, 25))
    assert canvas.tool.busy  # it goes on
    hand.key(Qt.Key.Key_Escape)
    assert not canvas.tool.busy
    polygon(hand, (20, 20), (80, 20), (140, 20))
    assert session.applied == []


def test_freehand_draws_in_one_go(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("polygon")
    angles = np.linspace(0, 2 * np.pi, 60)
    hand.drag(*[(100 + 50 * np.cos(each), 100 + 50 * np.sin(each)) for each in angles])
    (edit,) = session.applied
    after = made(edit)
    assert after.area == pytest.approx(np.pi * 2500, rel=0.04)
    assert 8 < len(parts(after)[0].outline) < 60


def test_control_cuts_a_hole_that_stays_a_polygon(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, rectangle(20, 20, 120, 120), SIZE))
    session.select([AnnotationId(1)])
    canvas.set_tool("polygon")
    polygon(hand, (50, 50), (80, 50), (80, 80), (50, 80), modifiers=CONTROL)
    (edit,) = session.applied
    after = made(edit)
    assert parts(after)[0].holes == (((50, 50), (80, 50), (80, 80), (50, 80)),)
    assert after.area == 100 * 100 - 30 * 30


def test_control_across_the_edge_cuts_the_mask(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, rectangle(20, 20, 120, 120), SIZE))
    session.select([AnnotationId(1)])
    canvas.set_tool("polygon")
    polygon(hand, (100, 10), (200, 10), (200, 150), (100, 150), modifiers=CONTROL)
    after = made(session.applied[0])
    assert after.bbox == (20, 20, 80, 100)
    assert isinstance(after.geometry, RleMask)


def test_shift_adds_a_part(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, make(1, rectangle(20, 20, 60, 60), SIZE))
    session.select([AnnotationId(1)])
    canvas.set_tool("polygon")
    polygon(hand, (100, 20), (140, 20), (140, 60), (100, 60), modifiers=SHIFT)
    after = made(session.applied[0])
    assert len(parts(after)) == 2
    assert after.area == 2 * 1600


def test_cutting_needs_a_selected_instance(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("polygon")
    hand.click(50, 50, modifiers=CONTROL)
    assert not canvas.tool.busy
    assert "select" in session.messages[-1]


# brush and eraser


def test_a_stroke_is_the_disc_along_its_line(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("brush")
    canvas.brush_diameter = 21.0
    line = [(50.0, 50.0), (90.0, 60.0), (91.0, 120.0)]
    hand.drag(*line)
    (edit,) = session.applied
    assert edit.kind is EditKind.ADD
    assert np.array_equal(painted(made(edit)), stroke(line, 10.5))


def test_a_click_paints_a_dot_cut_at_the_edge(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("brush")
    canvas.brush_diameter = 40.0
    hand.click(2, 3)
    assert np.array_equal(painted(made(session.applied[0])), stroke([(2, 3)], 20))


def test_the_brush_adds_to_the_selected_instance(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    instance = mask_annotation(1, disc(100, 100, 30, SIZE), SIZE, state=AnnotationState.PROPOSED, score=0.9)
    show(session, canvas, instance)
    session.select([AnnotationId(1)])
    canvas.set_tool("brush")
    hand.drag((100, 100), (180, 100))
    (edit,) = session.applied
    assert edit.kind is EditKind.RESHAPE
    assert edit.changes[0].before is instance
    after = made(edit)
    assert after.state is AnnotationState.CORRECTED
    assert np.array_equal(painted(after), painted(instance) | stroke([(100, 100), (180, 100)], 12))


def test_the_eraser_makes_holes(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    instance = mask_annotation(1, disc(100, 100, 60, SIZE), SIZE)
    show(session, canvas, instance)
    session.select([AnnotationId(1)])
    canvas.set_tool("eraser")
    canvas.brush_diameter = 20.0
    hand.drag((95, 100), (105, 100))
    after = made(session.applied[0])
    assert np.array_equal(painted(after), painted(instance) & ~stroke([(95, 100), (105, 100)], 10))
    assert after.bbox == instance.bbox


def test_the_right_button_does_the_opposite(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    instance = mask_annotation(1, disc(100, 100, 60, SIZE), SIZE)
    show(session, canvas, instance)
    session.select([AnnotationId(1)])
    canvas.set_tool("brush")
    hand.drag((100, 100), (110, 100), button=RIGHT)
    assert made(session.applied[0]).area < instance.area


def test_a_polygon_becomes_a_mask_under_the_brush(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    instance = make(1, rectangle(20, 20, 60, 60), SIZE)
    show(session, canvas, instance)
    session.select([AnnotationId(1)])
    canvas.set_tool("brush")
    hand.drag((60, 40), (80, 40))
    after = made(session.applied[0])
    assert isinstance(after.geometry, RleMask)
    assert np.array_equal(painted(after), painted(instance) | stroke([(60, 40), (80, 40)], 12))


def test_erasing_everything_keeps_the_instance_and_says_so(
    session: FakeSession, canvas: Canvas, hand: Hand
) -> None:
    show(session, canvas, mask_annotation(1, disc(100, 100, 5, SIZE), SIZE))
    session.select([AnnotationId(1)])
    canvas.set_tool("eraser")
    canvas.brush_diameter = 60.0
    hand.click(100, 100)
    assert session.applied == []
    assert "Delete" in session.messages[-1]


def test_a_stroke_that_changes_nothing_is_no_edit(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas, mask_annotation(1, disc(100, 100, 50, SIZE), SIZE))
    session.select([AnnotationId(1)])
    canvas.set_tool("brush")
    hand.click(100, 100)
    canvas.brush_diameter = 2.0
    hand.drag((-3, -3), (-4, -3))
    canvas.set_tool("eraser")
    hand.click(250, 20)
    assert session.applied == []


@pytest.mark.parametrize("way", ["escape", "undo", "tool"])
def test_a_stroke_can_be_dropped(session: FakeSession, canvas: Canvas, hand: Hand, way: str) -> None:
    instance = mask_annotation(1, disc(100, 100, 30, SIZE), SIZE)
    show(session, canvas, instance)
    session.select([AnnotationId(1)])
    canvas.set_tool("brush")
    hand.drag((100, 100), (180, 100), drop=False)
    assert canvas.tool.busy
    if way == "escape":
        assert canvas.cancel_drawing()
    elif way == "undo":
        hand.key(Qt.Key.Key_Z, CONTROL)
    else:
        canvas.set_tool("select")
    QTest.mouseRelease(canvas, LEFT, NONE, hand.at(180, 100))
    assert session.applied == []
    assert canvas.stage.live is None


def test_a_stroke_on_what_vanishes_is_dropped(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    instance = mask_annotation(1, disc(100, 100, 30, SIZE), SIZE)
    show(session, canvas, instance)
    session.select([AnnotationId(1)])
    canvas.set_tool("brush")
    hand.drag((100, 100), (180, 100), drop=False)
    session.apply(remove(instance.image_id, [instance]))
    QTest.mouseRelease(canvas, LEFT, NONE, hand.at(180, 100))
    assert len(session.applied) == 1


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.tools.brush.AT_ONCE", 0)

    def beside(stroke: Any) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        return outcome_of(stroke)

    monkeypatch.setattr("ui.tools.brush.outcome_of", beside)


@pytest.mark.usefixtures("large")
def test_a_large_stroke_is_settled_by_a_thread(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, hand: Hand
) -> None:
    show(session, canvas)
    canvas.set_tool("brush")
    hand.drag((50, 100), (150, 100))
    qtbot.waitUntil(lambda: len(session.applied) == 1)
    assert np.array_equal(painted(made(session.applied[0])), stroke([(50, 100), (150, 100)], 12))
    assert not canvas.tool.busy


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("way", ["stroke", "tool", "image"])
def test_a_large_stroke_is_never_lost(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, hand: Hand, way: str
) -> None:
    instance = mask_annotation(1, disc(100, 100, 30, SIZE), SIZE)
    show(session, canvas, instance)
    document = session.document
    assert document is not None
    session.select([AnnotationId(1)])
    canvas.set_tool("brush")
    hand.drag((100, 100), (180, 100))
    if way == "stroke":
        hand.drag((20, 20), (20, 30))
    elif way == "tool":
        canvas.set_tool("select")
    else:
        session.show(np.zeros((50, 50, 3), np.uint8), id=2)
    qtbot.waitUntil(lambda: turns_of(session).idle)
    kept = document.annotations[AnnotationId(1)]
    expected = painted(instance) | stroke([(100, 100), (180, 100)], 12)
    if way == "stroke":  # what the mouse did meanwhile was done after it
        expected |= stroke([(20, 20), (20, 30)], 12)
    assert np.array_equal(painted(kept), expected)
    assert canvas.stage.live is None


@pytest.mark.usefixtures("large")
def test_undo_drops_a_stroke_that_is_being_settled(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, hand: Hand
) -> None:
    show(session, canvas)
    canvas.set_tool("brush")
    hand.drag((50, 100), (150, 100))
    assert canvas.cancel_drawing()
    qtbot.wait(50)
    assert session.applied == []


def test_shift_click_draws_a_straight_line(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("brush")
    canvas.brush_diameter = 10.0
    hand.click(50, 50)
    hand.click(150, 80, modifiers=SHIFT)
    assert np.array_equal(
        painted(made(session.applied[1])),
        stroke([(50, 50), (150, 80)], 5),
    )


def test_brackets_change_the_size(session: FakeSession, canvas: Canvas, hand: Hand) -> None:
    show(session, canvas)
    canvas.set_tool("brush")
    canvas.brush_diameter = 24.0
    hand.key(Qt.Key.Key_BracketRight)
    larger = canvas.brush_diameter
    hand.key(Qt.Key.Key_BracketLeft)
    hand.key(Qt.Key.Key_BracketLeft)
    assert larger > 24.0 > canvas.brush_diameter
    for _ in range(40):
        hand.key(Qt.Key.Key_BracketLeft)
    assert canvas.brush_diameter == 1.0


def test_the_screen_shows_the_stroke_while_it_is_drawn(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, hand: Hand
) -> None:
    show(session, canvas)
    qtbot.waitUntil(lambda: canvas.stage.is_complete)
    canvas.set_tool("brush")
    hand.drag((50, 100), (150, 100), drop=False)
    live = canvas.grab().toImage().pixelColor(hand.at(100, 100))
    hand.move(250, 190)
    QTest.mouseRelease(canvas, LEFT, NONE, hand.at(250, 190))
    qtbot.waitUntil(lambda: canvas.stage.is_complete)
    settled = canvas.grab().toImage().pixelColor(hand.at(100, 100))
    assert live != canvas.palette().window().color()
    assert (live.red(), live.green(), live.blue()) != (90, 90, 90)
    assert settled == live

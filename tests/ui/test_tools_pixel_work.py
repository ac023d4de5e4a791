"""Pixel edits from the menu and the split tool: one undoable edit each, computed by a thread."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId, AnnotationState, Origin
from app.edits import EditKind
from app.geometry import to_mask, window
from model.masks import BoxMask
from tests.ui.canvas_fakes import FakeSession, disc, mask_annotation, rectangle
from tests.ui.canvas_fakes import annotation as drawn
from ui.canvas.view import Canvas
from ui.tools.brush import BrushTool
from ui.tools.pixel_work import PixelWork, pixel_work

SIZE = (300, 200)
ONE, TWO = AnnotationId(1), AnnotationId(2)


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def canvas(canvas: Canvas, session: FakeSession) -> Canvas:
    ring = disc(100, 100, 40, SIZE)
    ring.bits[30:50, 30:50] = False
    session.show(
        np.full((SIZE[1], SIZE[0], 3), 90, np.uint8),
        [mask_annotation(1, ring, SIZE), drawn(2, rectangle(130, 80, 200, 120), SIZE)],
    )
    session.select([ONE])
    return canvas


@pytest.fixture
def work(qtbot: QtBot, canvas: Canvas) -> PixelWork:
    return pixel_work(canvas)


def wait(qtbot: QtBot, work: PixelWork) -> None:
    qtbot.waitUntil(lambda: not work.busy, timeout=5000)


def bits(session: FakeSession, id: AnnotationId) -> np.ndarray:
    assert session.document is not None
    return window(to_mask(session.document.annotations[id].geometry, *SIZE), 0, 0, *SIZE)


def test_a_canvas_has_one_worker(canvas: Canvas) -> None:
    assert pixel_work(canvas) is pixel_work(canvas)


def test_holes_are_filled_and_undone(qtbot: QtBot, session: FakeSession, work: PixelWork) -> None:
    assert not bits(session, ONE)[100, 100]
    work.fill_holes()
    wait(qtbot, work)
    assert bits(session, ONE)[100, 100]
    assert [each.kind for each in session.applied] == [EditKind.RESHAPE]
    session.undo()
    assert not bits(session, ONE)[100, 100]


def test_a_held_key_grows_step_by_step(qtbot: QtBot, session: FakeSession, work: PixelWork) -> None:
    for _ in range(3):
        work.grow(1)
    wait(qtbot, work)
    assert len(session.applied) == 3
    assert bits(session, ONE)[100, 141]
    work.grow(-3)
    wait(qtbot, work)
    assert not bits(session, ONE)[100, 141]


def test_all_that_is_chosen_changes_in_one_edit(qtbot: QtBot, session: FakeSession, work: PixelWork) -> None:
    session.select([ONE, TWO])
    work.grow(2)
    wait(qtbot, work)
    assert len(session.applied) == 1
    assert len(session.applied[0].changes) == 2


def test_nothing_chosen_and_nothing_left_are_said(
    qtbot: QtBot, session: FakeSession, work: PixelWork
) -> None:
    work.grow(-60)
    wait(qtbot, work)
    assert "nothing would be left" in session.messages[-1]
    session.select([])
    work.smooth()
    assert "choose" in session.messages[-1]
    assert session.applied == []


def test_neighbours_keep_what_is_theirs(qtbot: QtBot, session: FakeSession, work: PixelWork) -> None:
    assert bits(session, ONE)[100, 135]
    work.subtract_neighbours()
    wait(qtbot, work)
    assert not bits(session, ONE)[100, 135]
    assert bits(session, ONE)[70, 100]
    work.subtract_neighbours()
    wait(qtbot, work)
    assert len(session.applied) == 1
    assert "already" in session.messages[-1]


def test_merging_keeps_the_first_and_remembers_proposals(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, work: PixelWork
) -> None:
    assert session.document is not None
    before = [*session.document.annotations.values()]
    origin = Origin("m", (130.0, 80.0, 70.0, 40.0), (0.5,))
    proposal = replace(before[1], origin=origin, state=AnnotationState.PROPOSED, score=0.9)
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [before[0], proposal])
    session.select([ONE])
    work.merge()
    assert "two" in session.messages[-1]
    session.select([ONE, TWO])
    work.merge()
    wait(qtbot, work)
    assert bits(session, ONE)[100, 190]
    assert session.document.annotations[TWO].state is AnnotationState.REJECTED
    assert session.selection == (ONE,)


def drag(canvas: Canvas, a: tuple[float, float], b: tuple[float, float]) -> None:
    assert canvas.view is not None
    at = [QPoint(*(round(each) for each in canvas.view.to_widget(*place))) for place in (a, b)]
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(canvas, left, Qt.KeyboardModifier.NoModifier, at[0])
    for part in (0.3, 0.6, 1.0):
        QTest.mouseMove(canvas, at[0] + (at[1] - at[0]) * part)
    QTest.mouseRelease(canvas, left, Qt.KeyboardModifier.NoModifier, at[1])


def test_a_line_across_makes_two(qtbot: QtBot, session: FakeSession, canvas: Canvas, work: PixelWork) -> None:
    assert session.document is not None
    session.select([])
    canvas.set_tool("split")
    drag(canvas, (160, 70), (160, 130))
    wait(qtbot, work)
    assert [each.kind for each in session.applied] == [EditKind.SPLIT]
    old, new = session.selection
    assert old == TWO
    assert bits(session, old)[100, 180]
    assert not bits(session, old)[100, 150]
    assert bits(session, new)[100, 150]
    session.undo()
    assert bits(session, TWO)[100, 150]
    assert new not in session.document.annotations


def test_a_line_by_clicks_is_ended_by_enter_and_dropped_by_escape(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, work: PixelWork
) -> None:
    assert canvas.view is not None
    canvas.set_tool("split")
    for y in (50, 150):
        at = QPoint(*(round(each) for each in canvas.view.to_widget(110, y)))
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert canvas.tool.busy
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert not canvas.tool.busy
    drag(canvas, (10, 10), (20, 20))
    wait(qtbot, work)
    assert "parts nothing" in session.messages[-1]
    assert session.applied == []


def test_work_for_an_image_that_is_gone_is_dropped(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, work: PixelWork
) -> None:
    work.grow(1)
    mask = BoxMask(5, 5, np.ones((4, 4), np.bool_))
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [mask_annotation(1, mask, SIZE)], id=2)
    wait(qtbot, work)
    assert session.applied == []


def test_a_soft_brush_stops_at_an_edge(session: FakeSession, canvas: Canvas) -> None:
    pixels = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    pixels[:, 150:] = 200
    session.show(pixels, [])
    canvas.set_tool("brush")
    canvas.brush_diameter = 40
    BrushTool.hardness = 0.5
    try:
        drag(canvas, (138, 80), (138, 120))
    finally:
        BrushTool.hardness = 1.0
    (made,) = (each.changes[0].after for each in session.applied)
    assert made is not None
    painted = window(to_mask(made.geometry, *SIZE), 0, 0, *SIZE)
    assert painted[100, 122:150].all()  # the rim, where it looks like the middle
    assert not painted[100, 151:].any()


def test_hardness_goes_by_keys_and_is_said(session: FakeSession, canvas: Canvas) -> None:
    canvas.set_tool("brush")
    assert "hard" in canvas.tool.hint
    QTest.keyClick(canvas, Qt.Key.Key_BraceLeft, Qt.KeyboardModifier.ShiftModifier)
    assert "75%" in canvas.tool.hint
    for _ in range(5):
        QTest.keyClick(canvas, Qt.Key.Key_BraceRight, Qt.KeyboardModifier.ShiftModifier)
    assert BrushTool.hardness == 1.0


def test_chosen_masks_are_drawn_anew_as_fine_prototypes_see_them(
    qtbot: QtBot, session: FakeSession, work: PixelWork
) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(60, 80, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    truth = disc(100, 100, 40, SIZE)
    area = picture[truth.top : truth.bottom, truth.left : truth.right]
    area[truth.bits] = (200, 170, 60)
    rough = BoxMask(truth.left + 5, truth.top, truth.bits.copy())
    rough.bits[:25] = False
    session.show(picture, [mask_annotation(1, rough, SIZE)])
    session.select([ONE])
    wanted = window(truth, 0, 0, *SIZE)
    before = (bits(session, ONE) ^ wanted).sum()
    work.redraw()
    wait(qtbot, work)
    assert len(session.applied) == 1
    assert (bits(session, ONE) ^ wanted).sum() < before
    changed = int((bits(session, ONE) ^ window(rough, 0, 0, *SIZE)).sum())
    assert session.messages[-1].startswith(f"drawn anew, finely: {changed:,} pixels changed (")


def test_why_nothing_was_drawn_anew_is_said(
    qtbot: QtBot, session: FakeSession, work: PixelWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = mask_annotation(1, BoxMask(0, 0, np.ones((SIZE[1], SIZE[0]), np.bool_)), SIZE)
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [whole])
    session.select([ONE])
    work.redraw()
    wait(qtbot, work)
    assert "nothing was changed" in session.messages[-1]
    monkeypatch.setattr("ui.tools.pixel_work.shared_look", lambda: None)
    work.redraw()
    wait(qtbot, work)
    assert "cannot be read" in session.messages[-1]
    assert session.applied == []


def test_of_several_it_is_said_how_many_changed(qtbot: QtBot, session: FakeSession, work: PixelWork) -> None:
    session.select([ONE, TWO])
    work.fill_holes()
    wait(qtbot, work)
    assert session.messages[-1] == "holes filled: 1 of 2 instances, 400 pixels changed, 1 stayed as they were"
    work.fill_holes()
    wait(qtbot, work)
    assert session.messages[-1] == "the masks are like that already: nothing was changed"


def test_without_pixels_nothing_is_drawn_anew(session: FakeSession, work: PixelWork) -> None:
    session.pixels = None
    work.redraw()
    assert not work.busy
    assert session.applied == []

"""The solve tool: hints become one edit each, by the prototypes alone."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId, AnnotationState, Origin
from app.candidates import Candidate
from app.edits import Change, Edit, EditKind, add
from app.geometry import from_mask, to_mask, window
from model.masks import BoxMask
from tests.ui.canvas_fakes import CATEGORIES, FakeSession, disc, mask_annotation
from tests.ui.solving import SIZE, click, has, place, show_proposal
from ui.canvas.view import Canvas
from ui.turns import turns_of

ONE = AnnotationId(1)
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def canvas(canvas: Canvas, session: FakeSession) -> Canvas:
    show_proposal(session)
    canvas.set_tool("solve")
    return canvas


def test_a_click_inside_and_one_outside_are_one_edit_each(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    assert has(session.document.annotations[AnnotationId(1)], 80, 150)
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    edit = session.applied[0]
    assert edit.kind is EditKind.RECOMPOSE
    after = edit.changes[0].after
    assert has(after, 220, 60)
    assert after is not None
    assert after.coefficients is not None
    assert after.state is AnnotationState.CORRECTED
    assert after.origin == edit.changes[0].before.origin  # type: ignore[union-attr]
    click(canvas, 80, 150, RIGHT)
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=20000)
    second = session.applied[1].changes[0].after
    assert has(second, 220, 60)
    assert not has(second, 80, 150)


def idle(qtbot: QtBot, canvas: Canvas) -> None:
    qtbot.waitUntil(lambda: canvas.tool._solving.answers.latest.idle, timeout=20000)  # type: ignore[attr-defined]
    QTest.qWait(20)


def strokes(canvas: Canvas) -> int:
    work = canvas.tool._solving.work  # type: ignore[attr-defined]
    return len(work.strokes) if work is not None else 0


def mask_of(session: FakeSession) -> np.ndarray:
    assert session.document is not None
    return window(to_mask(session.document.annotations[ONE].geometry, *SIZE), 0, 0, *SIZE)


def test_undo_takes_the_hint_back_and_redo_brings_it(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    click(canvas, 80, 150, RIGHT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    assert "1 hint" in canvas.tool.hint
    session.undo()
    assert "1 hint" not in canvas.tool.hint
    session.document.redo()
    assert "1 hint" in canvas.tool.hint
    session.undo()
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=20000)
    assert has(session.applied[1].changes[0].after, 80, 150)  # the first hint counts no more


def test_a_stroke_is_one_hint_and_one_edit(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    plain = Qt.KeyboardModifier.NoModifier
    QTest.mousePress(canvas, LEFT, plain, place(canvas, 200, 40))
    for x in range(200, 260, 10):
        QTest.mouseMove(canvas, place(canvas, x, 40))
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=20000)  # it follows while held
    assert session.applied == []
    QTest.mouseRelease(canvas, LEFT, plain, place(canvas, 255, 40))
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    assert strokes(canvas) == 1
    assert mask_of(session)[40, 205:250].all()


def test_any_hint_goes_by_a_click_on_its_mark_or_backspace(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    only_first = mask_of(session)
    click(canvas, 80, 150, RIGHT)
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=20000)
    click(canvas, 220, 60, LEFT)  # on the mark of the first
    qtbot.waitUntil(lambda: len(session.applied) == 3, timeout=20000)
    assert strokes(canvas) == 1
    assert not mask_of(session)[60, 220]
    session.undo()
    assert strokes(canvas) == 2
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: len(session.applied) == 4, timeout=20000)
    assert (mask_of(session) == only_first).all()
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: len(session.applied) == 5, timeout=20000)
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    assert "no hint is left" in session.messages[-1]
    assert len(session.applied) == 5


def test_hints_by_keys(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Right)  # the cross hair comes, over the instance
    assert session.document is not None
    x, y, width, height = session.document.annotations[ONE].bbox
    at = canvas.tool._cross.place  # type: ignore[attr-defined]
    assert at == (x + width / 2, y + height / 2)
    for _ in range(16):
        QTest.keyClick(canvas, Qt.Key.Key_Right)
    x, y = canvas.tool._cross.place  # type: ignore[attr-defined]
    assert not mask_of(session)[int(y), int(x)]
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    assert mask_of(session)[int(y), int(x)]
    for _ in range(8):
        QTest.keyClick(canvas, Qt.Key.Key_Left)
    QTest.keyClick(canvas, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    x, y = canvas.tool._cross.place  # type: ignore[attr-defined]
    QTest.keyClick(canvas, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=20000)
    assert not mask_of(session)[int(y), int(x)]
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.tool._cross.place is None  # type: ignore[attr-defined]
    assert session.selection == (ONE,)


def test_after_a_hint_return_is_left_to_the_window(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    canvas.setFocus()
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    pressed = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Return, Qt.KeyboardModifier.NoModifier)
    assert not canvas.tool.takes_key(pressed)
    QTest.keyClick(canvas, Qt.Key.Key_Right)  # the cross hair is there
    assert canvas.tool.takes_key(pressed)


def test_without_a_prediction_it_asks_and_then_does_it(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    known, session.prediction = session.prediction, None
    click(canvas, 220, 60, LEFT)
    assert session.applied == []
    assert "asked for a prediction" in session.messages
    assert any("one moment" in each for each in session.messages)
    session.prediction = known
    session.prediction_changed.emit()
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    assert mask_of(session)[60, 220]


def test_undo_by_keys_takes_the_hint_back_and_leaves_the_cross_hair(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    QTest.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.tool._cross.place is not None  # type: ignore[attr-defined]
    assert not canvas.cancel_drawing()  # so that undo goes on to the last edit
    assert canvas.tool._cross.place is not None  # type: ignore[attr-defined]
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.tool._cross.place is None  # type: ignore[attr-defined]
    assert session.selection == (ONE,)
    QTest.keyClick(canvas, Qt.Key.Key_Up)
    session.select([])
    assert canvas.tool._cross.place is None  # type: ignore[attr-defined]


def test_all_hints_that_wait_for_the_model_are_given_each_an_edit(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    known, session.prediction = session.prediction, None
    click(canvas, 220, 60, LEFT)
    click(canvas, 80, 150, RIGHT)
    click(canvas, 60, 60, RIGHT)
    assert "3 hints wait" in canvas.tool.hint
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    session.prediction_changed.emit()  # the disk has none, say: they wait on
    assert "2 hints wait" in canvas.tool.hint
    session.prediction = known
    session.prediction_changed.emit()
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=20000)
    assert mask_of(session)[60, 220]
    assert not mask_of(session)[150, 80]
    assert mask_of(session)[60, 60]
    session.undo()
    assert mask_of(session)[150, 80]


def test_hints_that_wait_are_done_on_their_own_instances_though_others_are_chosen(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    other = mask_annotation(2, disc(220, 100, 20, SIZE), SIZE)
    session.apply(add(session.document.image.id, [other]))
    known, session.prediction = session.prediction, None
    click(canvas, 220, 60, LEFT)
    session.select([AnnotationId(2)])
    assert "waits for the model" in session.messages[-1]
    assert "1 hint" not in canvas.tool.hint
    click(canvas, 220, 160, LEFT)
    session.select([ONE])
    assert "1 hint waits" in canvas.tool.hint  # it came back with its instance
    assert canvas.tool._deferred.waiting.of == ONE  # type: ignore[attr-defined]
    session.select([])
    canvas.set_tool("select")
    session.prediction = known
    session.prediction_changed.emit()
    qtbot.waitUntil(lambda: len(session.applied) == 3)
    assert {edit.changes[0].id for edit in session.applied[1:]} == {ONE, AnnotationId(2)}
    assert mask_of(session)[60, 220]
    assert not mask_of(session)[160, 220]


def test_a_hint_that_waits_is_done_when_its_image_is_shown_again(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    document = session.document
    assert document is not None
    known, session.prediction = session.prediction, None
    click(canvas, 220, 60, LEFT)
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [], id=2)
    assert "wait" not in canvas.tool.hint
    session.prediction = known
    session.prediction_changed.emit()  # of the other image
    assert session.applied == []
    session.prediction = None
    session.show_again(document)
    session.messages.clear()
    session.prediction_changed.emit()
    assert "asked for a prediction" in session.messages
    session.prediction = known
    session.prediction_changed.emit()
    qtbot.waitUntil(lambda: len(session.applied) == 1)
    assert mask_of(session)[60, 220]
    session.select([ONE])
    assert strokes(canvas) == 1


def test_escape_drops_a_hint_that_waits(session: FakeSession, canvas: Canvas) -> None:
    known, session.prediction = session.prediction, None
    click(canvas, 220, 60, LEFT)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    session.select([])
    session.prediction = known
    session.prediction_changed.emit()
    assert turns_of(session).idle
    assert session.applied == []


def test_on_bare_image_candidates_are_offered_once_the_model_has_looked(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    known, session.prediction = session.prediction, None
    click(canvas, 80, 100, LEFT)
    assert "asked for a prediction" in session.messages
    assert "once the model has looked" in canvas.tool.hint
    session.prediction = known
    session.prediction_changed.emit()
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=20000)
    assert "leaf 0.90" in canvas.tool.hint


def test_proposals_that_come_with_the_prediction_do_not_drop_the_question(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    known, session.prediction = session.prediction, None
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    click(canvas, 80, 100, LEFT)
    assert canvas.cursor().shape() is Qt.CursorShape.BusyCursor
    session.prediction = known
    session.prediction_changed.emit()
    far = mask_annotation(2, disc(250, 150, 20, SIZE), SIZE, state=AnnotationState.PROPOSED, score=0.9)
    session.apply(Edit(EditKind.PRELABEL, far.image_id, (Change(None, far),)))
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=20000)
    assert "leaf 0.90" in canvas.tool.hint
    assert canvas.cursor().shape() is Qt.CursorShape.CrossCursor


def test_an_imported_proposal_that_was_corrected_is_a_persons_work(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    imported = mask_annotation(1, disc(100, 100, 40, SIZE), SIZE, state=AnnotationState.PROPOSED, score=0.9)
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [imported])
    session.select([ONE])
    click(canvas, 100, 100, LEFT)  # right already
    qtbot.waitUntil(lambda: bool(session.messages), timeout=20000)
    assert session.document is not None
    assert session.document.annotations[ONE].state is AnnotationState.PROPOSED
    click(canvas, 170, 100, LEFT)
    qtbot.waitUntil(lambda: mask_of(session)[100, 170], timeout=20000)
    assert session.document.annotations[ONE].state is AnnotationState.CORRECTED


def test_a_drawn_instance_stays_a_drawn_one(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(
        np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [mask_annotation(1, disc(100, 100, 40, SIZE), SIZE)]
    )
    session.select([ONE])
    assert not mask_of(session)[100, 170]
    click(canvas, 170, 100, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    after = session.applied[0].changes[0].after
    assert after is not None
    assert (after.state, after.origin, after.coefficients) == (AnnotationState.DRAWN, None, None)
    assert mask_of(session)[100, 170]
    assert mask_of(session)[100, 70]


def test_hints_that_prototypes_cannot_tell_apart_are_obeyed(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    click(canvas, 60, 150, LEFT)  # which is so already
    click(canvas, 90, 150, RIGHT)  # the same prototypes as the first place
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    assert mask_of(session)[150, 60]
    assert not mask_of(session)[150, 90]


def test_of_contradicting_hints_the_newer_counts(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    tolerance = canvas.tolerance(9)  # beside the mark, in the same cell
    click(canvas, 220 + tolerance, 60, RIGHT)
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=20000)
    assert not mask_of(session)[60, round(220 + tolerance)]


def test_a_hint_beside_the_image_means_its_edge(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    click(canvas, 150, -4, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    assert mask_of(session)[0, 150]
    click(canvas, -200, -200, LEFT)
    assert strokes(canvas) == 1


@pytest.mark.parametrize("bits", [np.ones((1, 1), np.bool_), np.ones((SIZE[1], SIZE[0]), np.bool_)])
def test_an_instance_of_one_pixel_or_of_the_whole_image(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, bits: np.ndarray
) -> None:
    mask = BoxMask(0, 0, bits)
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [mask_annotation(1, mask, SIZE)])
    session.select([ONE])
    click(canvas, 150, 100, LEFT if bits.size == 1 else RIGHT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    assert mask_of(session)[100, 150] == (bits.size == 1)


def test_a_place_without_an_instance_offers_candidates(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    click(canvas, 80, 100, LEFT)
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=20000)
    assert "leaf 0.90" in canvas.tool.hint
    assert session.applied == []
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.stage.live is None
    click(canvas, 80, 100, LEFT)
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=20000)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(session.applied) == 1
    made = session.applied[0].changes[0].after
    assert made is not None
    assert made.state is AnnotationState.ACCEPTED
    assert session.selection == (made.id,)
    assert has(made, 80, 100)


def test_candidates_by_keys_alone(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    canvas.setFocus()
    right = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier)
    assert not canvas.tool.takes_key(right)  # the next image
    QTest.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.tool._cross.place == (SIZE[0] / 2, SIZE[1] / 2)  # type: ignore[attr-defined]
    canvas.tool._cross.place = (80.0, 100.0)  # type: ignore[attr-defined]
    assert canvas.tool.takes_key(right)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=20000)
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    assert len(session.applied) == 1
    assert len(session.selection) == 1


@pytest.mark.parametrize(("drawn_with", "first"), [(0, "leaf 0.10 "), (1, "what stands out here, as stone ")])
def test_a_weak_idea_of_another_category_comes_last(
    qtbot: QtBot,
    session: FakeSession,
    canvas: Canvas,
    monkeypatch: pytest.MonkeyPatch,
    drawn_with: int,
    first: str,
) -> None:
    session.category, session.threshold = CATEGORIES[drawn_with], 0.35
    mask = BoxMask(60, 80, np.ones((40, 40), bool))
    idea = Candidate("leaf", 0.1, mask, from_mask(mask, *SIZE), Origin("v1", (60, 80, 40, 40), (0.5,)))
    found = [idea, replace(idea, category="", score=0.9, origin=None)]
    monkeypatch.setattr("ui.tools.candidates.candidates_at", lambda *_, **__: found)
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    click(canvas, 80, 100, LEFT)
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=20000)
    assert canvas.tool.hint.startswith(f"1 of 2: {first}")
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    if drawn_with:
        assert "leaf 0.10, as stone " in canvas.tool.hint
    QTest.keyClick(canvas, Qt.Key.Key_Return)
    made = session.applied[0].changes[0].after
    assert made is not None
    assert made.category_id == CATEGORIES[drawn_with].id


def test_where_nothing_is_found_it_says_what_to_do(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.tools.candidates.candidates_at", lambda *_, **__: [])
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    click(canvas, 220, 100, LEFT)
    qtbot.waitUntil(lambda: bool(session.messages), timeout=20000)
    assert "draw a box" in session.messages[-1]


def test_tab_goes_to_the_next_instance(session: FakeSession, canvas: Canvas) -> None:
    assert session.document is not None
    first = session.document.annotations[ONE]
    second = mask_annotation(2, disc(250, 150, 20, SIZE), SIZE)
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [first, second])
    session.select([ONE])
    QTest.keyClick(canvas, Qt.Key.Key_Tab)
    assert session.selection == (2,)


def test_the_first_click_chooses_an_instance(session: FakeSession, canvas: Canvas) -> None:
    session.select([])
    click(canvas, 80, 100, LEFT)
    assert session.selection == (1,)
    assert session.applied == []


def test_another_tool_ends_it(session: FakeSession, canvas: Canvas) -> None:
    click(canvas, 220, 60, LEFT)
    canvas.set_tool("select")
    assert canvas.stage.live is None
    assert session.applied == [] or session.applied[0].kind is EditKind.RECOMPOSE


def rest(qtbot: QtBot, canvas: Canvas, x: float, y: float) -> str:
    """The line of help once the pointer rested at a place."""
    before = canvas.tool.hint
    QTest.mouseMove(canvas, place(canvas, x, y))
    qtbot.waitUntil(lambda: canvas.tool.hint != before, timeout=20000)
    return canvas.tool.hint


def test_where_the_pointer_rests_it_says_what_a_hint_would_do(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    hint = rest(qtbot, canvas, 220, 60)
    assert hint.startswith("Left click here has the whole mask drawn anew")
    assert session.applied == []
    assert strokes(canvas) == 0
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    before = session.document.annotations[ONE]  # type: ignore[union-attr]
    assert rest(qtbot, canvas, 80, 150).startswith(("Right click", "Solving cannot"))
    assert session.document.annotations[ONE] == before  # type: ignore[union-attr]
    canvas.tool.leave()
    assert canvas.tool.hint.startswith("Left click or drag")


def test_before_a_hint_that_only_paints_the_brush_is_named(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("answers", "outlook"):  # fine prototypes would do more than paint
        monkeypatch.setattr(f"ui.tools.{module}.shared_look", lambda: None)
    click(canvas, 60, 150, RIGHT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    tolerance = canvas.tolerance(9)  # beside the mark, in the same cell
    assert "brush" in rest(qtbot, canvas, 60 + tolerance, 150)


def test_a_hint_where_all_is_right_already_is_told_so(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    before = mask_of(session)
    click(canvas, 80, 150, LEFT)
    qtbot.waitUntil(lambda: bool(session.messages), timeout=20000)
    assert "nothing changed" in session.messages[-1]
    assert (mask_of(session) == before).all()
    assert session.applied == []
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=20000)
    assert len([each for each in session.messages if "nothing changed" in each]) == 1
    session.messages.clear()
    click(canvas, 84, 120, LEFT)  # all right again, and the instance is a person's by now
    qtbot.waitUntil(lambda: any("nothing changed" in each for each in session.messages), timeout=20000)

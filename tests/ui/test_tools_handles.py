"""Dragging the box of a model's instance: the crop follows live, and the end is one edit."""

import threading
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId
from app.edits import EditKind
from app.frames import recomposed
from model.masks import BoxMask
from tests.ui.canvas_fakes import FakeSession
from tests.ui.solving import SIZE, has, place, prediction, show_proposal
from ui.canvas.view import Canvas

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def canvas(canvas: Canvas, session: FakeSession) -> Canvas:
    show_proposal(session)
    return canvas


def grip(session: FakeSession, canvas: Canvas) -> tuple[float, float]:
    """Press on the middle of the upper side."""
    assert session.document is not None
    x, y, width, _ = session.document.annotations[AnnotationId(1)].bbox
    QTest.mouseMove(canvas, place(canvas, x + width / 2, y))
    QTest.mousePress(canvas, LEFT, PLAIN, place(canvas, x + width / 2, y))
    return x + width / 2, y


def test_the_crop_follows_and_grows_again(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    x, _ = grip(session, canvas)
    QTest.mouseMove(canvas, place(canvas, x, 80))
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=5000)
    live = canvas.stage.live
    assert live is not None
    assert isinstance(live.geometry, BoxMask)
    assert 70 <= live.geometry.top <= 82
    assert session.applied == []
    QTest.mouseMove(canvas, place(canvas, x, 4))
    QTest.mouseRelease(canvas, LEFT, PLAIN, place(canvas, x, 4))
    qtbot.waitUntil(lambda: bool(session.applied), timeout=5000)
    assert [each.kind for each in session.applied] == [EditKind.SET_BOX]
    after = session.applied[0].changes[0].after
    assert has(after, round(x), 8)  # where nothing was before: the prototypes know it
    assert canvas.stage.live is None


@pytest.mark.parametrize("way", ["image", "tool", "choice"])
def test_a_side_that_was_let_go_counts_though_it_is_left(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    document, go_on = session.document, threading.Event()
    assert document is not None

    def slowly(*arguments: Any, **named: Any) -> Any:
        assert threading.current_thread() is not threading.main_thread()
        assert go_on.wait(60)
        return recomposed(*arguments, **named)

    monkeypatch.setattr("ui.tools.handles.recomposed", slowly)
    before = document.annotations[AnnotationId(1)]
    x, _ = grip(session, canvas)
    QTest.mouseMove(canvas, place(canvas, x, 80))
    QTest.mouseRelease(canvas, LEFT, PLAIN, place(canvas, x, 80))
    if way == "image":
        session.show(np.zeros((50, 50, 3), np.uint8), id=2)
    elif way == "tool":
        canvas.set_tool("brush")
    else:
        session.select([])
    assert document.annotations[AnnotationId(1)] == before
    go_on.set()
    qtbot.waitUntil(lambda: document.can_undo)
    assert document.annotations[AnnotationId(1)].bbox[1] > before.bbox[1]
    assert canvas.stage.live is None


def test_escape_while_dragging_keeps_the_box(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    x, _ = grip(session, canvas)
    QTest.mouseMove(canvas, place(canvas, x, 80))
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    QTest.mouseRelease(canvas, LEFT, PLAIN, place(canvas, x, 80))
    qtbot.wait(100)
    assert session.applied == []
    assert canvas.stage.live is None


def test_a_box_without_room_is_not_taken(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    assert session.document is not None
    bbox = session.document.annotations[AnnotationId(1)].bbox
    x, _ = grip(session, canvas)
    there = place(canvas, x, bbox[1] + bbox[3])
    QTest.mouseMove(canvas, there)
    QTest.mouseRelease(canvas, LEFT, PLAIN, there)
    qtbot.waitUntil(lambda: bool(session.messages), timeout=5000)
    assert "empty" in session.messages[-1]
    assert session.applied == []


def drag(canvas: Canvas, a: tuple[float, float], b: tuple[float, float], held: object = PLAIN) -> None:
    QTest.mousePress(canvas, LEFT, held, place(canvas, *a))  # type: ignore[call-overload]
    QTest.mouseMove(canvas, place(canvas, (a[0] + b[0]) / 2, (a[1] + b[1]) / 2))
    QTest.mouseRelease(canvas, LEFT, held, place(canvas, *b))  # type: ignore[call-overload]


def test_a_drawn_box_asks_the_model(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [])
    canvas.set_tool("box")
    drag(canvas, (34, 22), (268, 178))
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=5000)
    made = session.applied[0].changes[0].after
    assert made is not None
    assert session.selection == (made.id,)
    assert has(made, 80, 100)
    assert not has(made, 32, 24)  # a mask, not the box


def test_with_control_it_is_a_plain_box(session: FakeSession, canvas: Canvas) -> None:
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [])
    canvas.set_tool("box")
    drag(canvas, (34, 22), (268, 178), Qt.KeyboardModifier.ControlModifier)
    assert len(session.applied) == 1
    made = session.applied[0].changes[0].after
    assert made is not None
    assert made.origin is None
    assert has(made, 220, 100)


def drawn_boxes(session: FakeSession, canvas: Canvas) -> None:
    """Two boxes, the second before the first is answered, while the model has yet to look."""
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [])
    session.auto_prelabel, session.prediction = True, None
    canvas.set_tool("box")
    for left in (30, 160):
        drag(canvas, (left, 20), (left + 110, 180))


def test_boxes_wait_for_the_model_and_each_is_answered(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    drawn_boxes(session, canvas)
    assert session.applied == []
    assert "asked for a prediction" in session.messages
    assert "2 boxes wait" in canvas.tool.hint
    session.prediction = prediction()
    session.prediction_changed.emit()
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=20000)
    assert [each.kind for each in session.applied] == [EditKind.ADD] * 2
    assert not canvas.tool.busy


@pytest.mark.parametrize("why", ["the model fails", "another tool"])
def test_boxes_that_no_model_answers_count_as_they_are(
    session: FakeSession, canvas: Canvas, why: str
) -> None:
    drawn_boxes(session, canvas)
    if why == "another tool":
        canvas.set_tool("select")
    else:
        session.message.emit("the model's process ended", "error")
    made = [each.changes[0].after for each in session.applied]
    assert [each.bbox for each in made if each] == [(30, 20, 110, 160), (160, 20, 110, 160)]


def test_escape_drops_boxes_that_wait(session: FakeSession, canvas: Canvas) -> None:
    drawn_boxes(session, canvas)
    QTest.keyClick(canvas, Qt.Key.Key_Escape)
    canvas.set_tool("select")
    assert session.applied == []

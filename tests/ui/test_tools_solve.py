"""The solve tool: hints become one edit each, by the prototypes alone."""

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId, AnnotationState
from app.edits import EditKind
from tests.ui.canvas_fakes import FakeSession, disc, mask_annotation
from tests.ui.solving import SIZE, click, has, prediction, proposal
from ui.canvas.view import Canvas

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def canvas(qtbot: QtBot, session: FakeSession) -> Iterator[Canvas]:
    canvas = Canvas(session)  # type: ignore[arg-type]
    canvas.resize(624, 424)
    qtbot.addWidget(canvas)
    canvas.show()
    QTest.qWaitForWindowExposed(canvas)
    session.prediction = prediction()
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [proposal(session.prediction)])
    session.select([AnnotationId(1)])
    canvas.set_tool("solve")
    yield canvas
    canvas.close_threads()


def test_a_click_inside_and_one_outside_are_one_edit_each(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    assert has(session.document.annotations[AnnotationId(1)], 80, 150)
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=5000)
    edit = session.applied[0]
    assert edit.kind is EditKind.RECOMPOSE
    after = edit.changes[0].after
    assert has(after, 220, 60)
    assert after is not None
    assert after.coefficients is not None
    assert after.state is AnnotationState.CORRECTED
    assert after.origin == edit.changes[0].before.origin  # type: ignore[union-attr]
    click(canvas, 80, 150, RIGHT)
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=5000)
    second = session.applied[1].changes[0].after
    assert has(second, 220, 60)
    assert not has(second, 80, 150)


def test_undo_takes_the_hint_back_too(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    click(canvas, 80, 150, RIGHT)
    qtbot.waitUntil(lambda: len(session.applied) == 1, timeout=5000)
    assert "1 hints" in canvas.tool.hint
    session.undo()
    assert "hints" not in canvas.tool.hint
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(session.applied) == 2, timeout=5000)
    assert has(session.applied[1].changes[0].after, 80, 150)  # the first hint counts no more


def test_without_a_prediction_it_says_so_and_asks(session: FakeSession, canvas: Canvas) -> None:
    session.prediction = None
    click(canvas, 220, 60, LEFT)
    assert session.applied == []
    assert "asked for a prediction" in session.messages
    assert any("prediction" in each for each in session.messages)


def test_a_drawn_instance_is_for_the_brush(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(
        np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [mask_annotation(2, disc(100, 100, 40, SIZE), SIZE)]
    )
    session.select([AnnotationId(2)])
    click(canvas, 100, 100, LEFT)
    assert session.applied == []
    assert "brush" in session.messages[-1]


def test_what_the_prototypes_cannot_do_is_said(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    click(canvas, 60, 150, LEFT)
    qtbot.waitUntil(lambda: not canvas.tool._latest._running, timeout=5000)  # type: ignore[attr-defined]
    click(canvas, 64, 150, RIGHT)  # the same prototypes as the first place
    qtbot.waitUntil(lambda: bool(session.messages), timeout=5000)
    assert "brush" in session.messages[-1]


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

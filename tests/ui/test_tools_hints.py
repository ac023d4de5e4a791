"""Hints that are left and come back, that change nothing, or whose answer is still under way."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId, AnnotationState, ImageId
from app.edits import EditKind, change
from app.fine import FineLook, shared_look
from app.geometry import PolygonPart, Polygons, to_mask, window
from app.instance_solving import Step
from app.solving import solve_strokes
from model.fine.sight import built_in
from tests.ui.canvas_fakes import FakeSession, annotation, disc, mask_annotation
from tests.ui.solving import SIZE, click, prediction, show_proposal
from ui.canvas.view import Canvas
from ui.tools.hints import hints_of
from ui.tools.pixel_work import with_mask

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
ONE, TWO = AnnotationId(1), AnnotationId(2)
SMALL = ((250.0, 100.0), (262.0, 100.0), (262.0, 112.0), (250.0, 112.0))


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def canvas(canvas: Canvas, session: FakeSession) -> Canvas:
    show_proposal(session)
    canvas.set_tool("solve")
    return canvas


def strokes(canvas: Canvas) -> int:
    work = canvas.tool._solving.work  # type: ignore[attr-defined]
    return len(work.strokes) if work is not None else 0


def steps(session: FakeSession) -> tuple[Step, ...]:
    return hints_of(session).steps  # type: ignore[arg-type]


def bits(session: FakeSession) -> np.ndarray:
    assert session.document is not None
    return window(to_mask(session.document.annotations[ONE].geometry, *SIZE), 0, 0, *SIZE)


def hint(qtbot: QtBot, session: FakeSession, canvas: Canvas, x: float, y: float, button: Any = LEFT) -> None:
    before = len(session.applied)
    click(canvas, x, y, button)
    qtbot.waitUntil(lambda: len(session.applied) == before + 1, timeout=20000)


def paint(session: FakeSession) -> None:
    """A bite out of the instance, as a brush would take it."""
    assert session.document is not None
    before = session.document.annotations[ONE]
    mask = to_mask(before.geometry, *SIZE)
    mask.bits[-9:] = False
    session.apply(change(EditKind.RESHAPE, before.image_id, [(before, with_mask(before, mask, *SIZE))]))


def test_a_hint_that_changes_no_pixel_is_no_edit_and_holds_for_the_next(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    before, proposal = bits(session), session.document.annotations[ONE]
    click(canvas, 80, 150, LEFT)
    qtbot.waitUntil(lambda: len(steps(session)) == 1)
    assert session.document.annotations[ONE] == proposal
    assert not session.document.can_undo
    assert "stays a proposal" in session.messages[-1]
    assert strokes(canvas) == 1
    hint(qtbot, session, canvas, 220, 60)
    assert len(steps(session)) == 2
    assert bits(session)[150, 80]
    session.undo()
    assert (bits(session) == before).all()
    assert strokes(canvas) == 1  # the first one still holds


def test_undo_takes_a_hint_without_an_edit_back_before_any_edit(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    hint(qtbot, session, canvas, 220, 60)
    made = session.document.annotations[ONE]
    click(canvas, 84, 120, LEFT)
    qtbot.waitUntil(lambda: len(steps(session)) == 2)
    assert canvas.tool.busy
    assert canvas.cancel_drawing()
    assert strokes(canvas) == len(steps(session)) == 1
    assert session.document.annotations[ONE] == made
    assert not canvas.tool.busy
    assert not canvas.cancel_drawing()  # now it is the edit's turn


def test_taking_the_last_hint_that_shows_back_makes_a_proposal_again(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    before = bits(session)
    click(canvas, 80, 150, LEFT)
    hint(qtbot, session, canvas, 220, 60)
    assert session.document.annotations[ONE].state is AnnotationState.CORRECTED
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: len(session.applied) == 2)
    assert session.document.annotations[ONE].state is AnnotationState.PROPOSED
    assert (bits(session) == before).all()
    assert "a proposal again" in session.messages[-1]
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: "it had changed nothing" in session.messages[-1])
    assert strokes(canvas) == 0
    assert len(session.applied) == 2


def test_hints_come_back_with_the_tool_and_the_instance(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    hint(qtbot, session, canvas, 220, 60)
    only_first = bits(session)
    hint(qtbot, session, canvas, 80, 150, RIGHT)
    canvas.set_tool("select")
    assert steps(session) == ()
    canvas.set_tool("solve")
    assert strokes(canvas) == len(steps(session)) == 2
    session.select([])
    session.select([ONE])
    assert strokes(canvas) == 2
    QTest.keyClick(canvas, Qt.Key.Key_Backspace)  # and each can still be taken back
    qtbot.waitUntil(lambda: len(session.applied) == 3, timeout=20000)
    assert (bits(session) == only_first).all()
    assert strokes(canvas) == 1


def test_undo_and_redo_elsewhere_bring_back_the_hints_of_that_time(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    hint(qtbot, session, canvas, 220, 60)
    hint(qtbot, session, canvas, 80, 150, RIGHT)
    canvas.set_tool("select")
    session.undo()
    canvas.set_tool("solve")
    assert strokes(canvas) == 1
    canvas.set_tool("select")
    session.undo()
    canvas.set_tool("solve")
    assert strokes(canvas) == 0
    session.document.redo()
    assert strokes(canvas) == 1


def test_hints_paint_and_hints_are_undone_and_redone_in_turn(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    assert session.document is not None
    hint(qtbot, session, canvas, 220, 60)
    paint(session)
    painted = bits(session)
    assert strokes(canvas) == 0  # the mask is another one: hints count from here
    hint(qtbot, session, canvas, 80, 60, RIGHT)
    assert not (bits(session) & ~painted).any()  # the paint stayed
    assert strokes(canvas) == 1
    seen = []
    for _ in range(3):
        session.undo()
        seen.append(strokes(canvas))
    for _ in range(3):
        session.document.redo()
        seen.append(strokes(canvas))
    assert seen == [0, 1, 0, 1, 0, 1]
    assert steps(session)[-1].first.bits.sum() == painted.sum()


class Slow:
    """The solver, on hold; knows on which threads it was called."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.on: list[threading.Thread] = []

    def __call__(self, *args: Any, **named: Any) -> Any:
        self.on.append(threading.current_thread())
        assert threading.current_thread() is not threading.main_thread()
        assert self.go_on.wait(60)
        return solve_strokes(*args, **named)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow()
    monkeypatch.setattr("ui.tools.answers.solve_strokes", made)
    yield made
    made.go_on.set()


def show_two(session: FakeSession, **more: Any) -> None:
    """The proposal, and a second instance."""
    assert session.document is not None
    first = session.document.annotations[ONE]
    second = mask_annotation(2, disc(250, 150, 20, SIZE), SIZE)
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [first, second], **more)


def test_a_hint_counts_though_the_instance_and_the_tool_are_left_at_once(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, slow: Slow
) -> None:
    assert session.document is not None
    show_two(session)
    session.select([ONE])
    click(canvas, 220, 60, LEFT)
    session.select([TWO])
    click(canvas, 200, 150, LEFT)
    canvas.set_tool("select")
    assert session.applied == []  # nobody waited
    slow.go_on.set()
    qtbot.waitUntil(lambda: len(session.applied) == 2)
    assert [edit.changes[0].id for edit in session.applied] == [ONE, TWO]
    assert bits(session)[60, 220]
    assert window(to_mask(session.document.annotations[TWO].geometry, *SIZE), 0, 0, *SIZE)[150, 200]
    assert slow.on


def test_undo_drops_the_newest_of_several_hints_that_have_no_answer(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, slow: Slow
) -> None:
    click(canvas, 220, 60, LEFT)
    click(canvas, 80, 150, RIGHT)
    assert canvas.tool.busy
    assert canvas.cancel_drawing()
    assert strokes(canvas) == 1
    slow.go_on.set()
    qtbot.waitUntil(lambda: len(session.applied) == 1)
    qtbot.waitUntil(lambda: len(steps(session)) == 1)
    assert bits(session)[60, 220]
    assert bits(session)[150, 80]
    assert not canvas.tool.busy


def test_each_of_several_fast_hints_is_an_edit(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, slow: Slow
) -> None:
    click(canvas, 220, 60, LEFT)
    click(canvas, 80, 150, RIGHT)
    click(canvas, 230, 160, LEFT)
    assert strokes(canvas) == 3
    slow.go_on.set()
    qtbot.waitUntil(lambda: len(session.applied) == 3)
    for number in (2, 1, 0):
        session.undo()
        assert strokes(canvas) == number


def test_the_answer_goes_to_its_own_image_and_comes_back_with_it(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, slow: Slow
) -> None:
    assert session.document is not None
    first = session.document
    click(canvas, 220, 60, LEFT)
    other = replace(mask_annotation(5, disc(100, 100, 40, SIZE), SIZE), image_id=ImageId(2))
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [other], id=2)
    canvas.set_tool("select")
    session.select([other.id])
    slow.go_on.set()
    qtbot.waitUntil(lambda: first.can_undo)
    assert session.document.annotations == {other.id: other}
    assert not session.document.can_undo
    assert session.selection == (other.id,)
    session.show_again(first)
    canvas.set_tool("solve")
    session.select([ONE])
    assert bits(session)[60, 220]
    assert strokes(canvas) == 1


def test_back_before_the_answer_the_hint_is_there_and_goes_on(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, slow: Slow
) -> None:
    assert session.document is not None
    first = session.document
    click(canvas, 220, 60, LEFT)
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [], id=2)
    session.show_again(first)
    session.select([ONE])
    assert strokes(canvas) == 1
    click(canvas, 80, 150, RIGHT)
    slow.go_on.set()
    qtbot.waitUntil(lambda: len(session.applied) == 2)
    assert bits(session)[60, 220]
    assert not bits(session)[150, 80]
    assert len(steps(session)) == 2


def test_a_crash_costs_the_hint_it_was_about_and_no_other(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    bad = (220.0, 60.0)
    go_on = threading.Event()

    def solver(start: Any, prediction: Any, strokes: Any, *args: Any, **named: Any) -> Any:
        assert go_on.wait(60)
        if any(np.hypot(*np.subtract(each.points[0], bad)) < 3 for each in strokes):
            raise ZeroDivisionError
        return solve_strokes(start, prediction, strokes, *args, **named)

    with monkeypatch.context() as broken:
        broken.setattr("ui.tools.answers.solve_strokes", solver)
        click(canvas, *bad, LEFT)
        click(canvas, 80, 150, RIGHT)
        go_on.set()
        qtbot.waitUntil(lambda: len(session.applied) == 1)
    assert not bits(session)[150, 80]
    assert strokes(canvas) == 1
    assert any("something went wrong" in each for each in session.messages)


class Counted:
    """The network that looks at instances, and how often it was asked."""

    def __init__(self, look: FineLook) -> None:
        self._look, self.looks = look, 0
        real = look._network.look

        def counted(*args: Any, **named: Any) -> Any:
            self.looks += 1
            return real(*args, **named)

        self._look._network = SimpleNamespace(look=counted)  # type: ignore[assignment]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Counted:
    network = built_in()
    assert network is not None
    look = FineLook(network)
    for module in ("answers", "outlook"):
        monkeypatch.setattr(f"ui.tools.{module}.shared_look", lambda: look)
    return Counted(look)


def quiet(qtbot: QtBot, canvas: Canvas) -> None:
    """All that was asked of threads is there."""
    qtbot.waitUntil(lambda: canvas.tool._solving.answers.latest.idle)  # type: ignore[attr-defined]
    qtbot.wait(20)


def textured(session: FakeSession) -> None:
    """The proposal on an image that can be looked at."""
    assert session.document is not None
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 255, (SIZE[1], SIZE[0], 3), np.uint8)
    session.show(pixels, session.document.annotations.values())
    session.select([ONE])


def test_an_instance_is_looked_at_before_the_hints_that_need_it(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, looked: Counted
) -> None:
    textured(session)
    quiet(qtbot, canvas)
    chosen = looked.looks
    assert chosen >= 1
    click(canvas, 220, 60, LEFT)
    qtbot.waitUntil(lambda: len(steps(session)) == 1)
    quiet(qtbot, canvas)
    before = looked.looks
    assert before == chosen + 1  # for the second hint, not for the first
    click(canvas, 80, 150, RIGHT)  # the second: looked at anew
    qtbot.waitUntil(lambda: len(steps(session)) == 2)
    quiet(qtbot, canvas)
    assert looked.looks == before


def test_the_network_is_never_read_on_the_gui_thread(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    on: list[threading.Thread] = []

    def read() -> FineLook | None:
        on.append(threading.current_thread())
        return shared_look()

    for module in ("answers", "outlook"):
        monkeypatch.setattr(f"ui.tools.{module}.shared_look", read)
    textured(session)
    for number, (x, y) in enumerate(((220, 60), (200, 150), (240, 160))):
        click(canvas, x, y, LEFT)
        qtbot.waitUntil(lambda number=number: len(steps(session)) == number + 1)  # type: ignore[misc]
    quiet(qtbot, canvas)
    assert on
    assert threading.main_thread() not in on


def test_what_was_looked_at_beforehand_makes_the_same_mask(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    textured(session)
    start = session.document.annotations[ONE]  # type: ignore[union-attr]
    places = [(220.0, 60.0, LEFT), (80.0, 150.0, RIGHT), (200.0, 150.0, LEFT), (60.0, 60.0, RIGHT)]
    for number, (x, y, button) in enumerate(places):
        click(canvas, x, y, button)
        qtbot.waitUntil(lambda number=number: len(steps(session)) == number + 1)  # type: ignore[misc]
        quiet(qtbot, canvas)
    strokes = steps(session)[-1].strokes
    alone = solve_strokes(
        start,
        prediction(),
        strokes,
        before=to_mask(start.geometry, *SIZE),
        pixels=session.pixels,
        finely=shared_look(),
    )
    assert (bits(session) == window(alone.mask, 0, 0, *SIZE)).all()


def test_the_canvas_that_closes_waits_for_hints_and_keeps_them(
    session: FakeSession, canvas: Canvas, slow: Slow
) -> None:
    click(canvas, 220, 60, LEFT)
    threading.Timer(0.05, slow.go_on.set).start()
    canvas.close_threads()
    assert bits(session)[60, 220]


def test_undo_while_a_hint_is_answered_drops_that_hint_only(
    qtbot: QtBot, session: FakeSession, canvas: Canvas
) -> None:
    click(canvas, 220, 60, LEFT)
    assert canvas.cancel_drawing()
    qtbot.wait(100)
    assert session.applied == []
    assert strokes(canvas) == 0


def test_a_bug_costs_one_answer(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    monkeypatch.setattr(threading, "excepthook", told.append)
    with monkeypatch.context() as broken:
        broken.setattr("ui.tools.answers.solve_strokes", None)
        click(canvas, 220, 60, LEFT)
        qtbot.waitUntil(
            lambda: bool(told and session.messages), timeout=20000
        )  # one or two: as fast as it is
    assert "something went wrong" in session.messages[-1]
    assert strokes(canvas) == 0
    hint(qtbot, session, canvas, 220, 60)
    assert bits(session)[60, 220]


def test_a_loose_part_of_a_polygon_goes_by_a_hint(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    parts = (((20.0, 20.0), (160.0, 20.0), (160.0, 180.0), (20.0, 180.0)), SMALL)
    polygons = Polygons(tuple(PolygonPart(each) for each in parts))
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [annotation(1, polygons, SIZE)])
    session.select([ONE])
    hint(qtbot, session, canvas, 255, 105, RIGHT)
    assert not bits(session)[:, 230:].any()
    assert bits(session)[30, 30]

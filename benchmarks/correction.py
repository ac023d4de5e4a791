"""How correction feels: hints on 24 megapixels, and pixel edits, in the real session and canvas, off screen.

*Hint to repainted canvas* is the time from giving the canvas the mouse event of a hint until the mask that it
makes is painted: solving, assembling and comparing on a thread, painting on the GUI thread. The pointer has
rested before, as a person's does; the first hint of an instance is also measured without, when the instance
must be looked at first. The rest is the longest time for which the GUI thread did not take events meanwhile.
Beside it: brush strokes through the same places of the same canvas, and a mask brought to the whole image as
programs usually do it. The prototypes are smooth noise of a network's size.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the window has it

import math
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.annotation import AnnotationState, Origin
from app.edits import EditKind, change
from app.fine import shared_look
from app.frames import recomposed
from app.solving import Stroke, solve_strokes
from benchmarks.canvas import LARGE, WIDGET, first, make_project, mouse, opened, show, wait_for
from benchmarks.report import Report, main
from model.messages import Prediction
from model.opencv import cv2
from ui.canvas.view import Canvas
from ui.session import Session
from ui.tools.pixel_work import pixel_work
from ui.tools.pixels import pixels_of
from ui.turns import turns_of

NAME = "correction"
SIDE, K = 138, 32
HINTS = 60
REACH = (0.04, 0.12, 0.4)  # of the image's width: how large the instances are
STEPS = 6  # events of a stroke
ROUNDS = 15  # of four clicks
BETWEEN, HELD = 0.15, 0.06  # seconds: from a click to the next, and of the button, of a fast hand
RING = 90.0, 150.0  # widget units from its middle: where strokes begin, in turn
REST = 0.3  # seconds: longer than the tool waits before it tries a hint out


def measure() -> Report:
    """Strokes on instances of three sizes, the solver alone, pixel edits."""
    report = Report("Correction", f"python -m benchmarks.{NAME}")
    app = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as name:
        project = make_project(Path(name))
        with opened(project) as (session, canvas):
            show(session, canvas, first(session, "a_large"))
            session.prediction = prediction(LARGE)
            for reach in REACH:
                size = round(reach * LARGE[0])
                hints = strokes(session, canvas, reach)
                what = f"hint to repainted canvas, 24 MP, instance of {size} px"
                report.add(what, hints.times, target="p95 33 ms")
                report.add("the same: longest the GUI thread was busy", hints.blocks, target="16 ms")
                report.add("the same: first hint of the instance, without a rest", hints.first)
                report.add(
                    "the same: fast clicks, second and fourth hint",
                    clicks(session, canvas, reach),
                    target="p95 33 ms",
                )
                report.add("the same places by the brush", brushed(session, canvas, reach))
            report.add("the whole mask at 24 MP: sum, sigmoid, resize, threshold", usual(session))
            report.add("hint to mask and annotation, full resolution, 2400 px", alone(session))
            report.add("fill holes, 2400 px: to the edit", edits(session, canvas))
    report.notes.append(f"prototypes {SIDE} x {SIDE} x {K}, widget {WIDGET[0]} x {WIDGET[1]}, off screen")
    del app
    return report


def prediction(size: tuple[int, int]) -> Prediction:
    """Smooth noise after a ReLU, as prototypes are, and one detection for each of the reaches."""
    rng = np.random.default_rng(3)
    coarse = rng.normal(size=(12, 12, K)).astype(np.float32)
    planes = [cv2.resize(coarse[..., j], (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for j in range(K)]
    prototypes = np.maximum(np.stack(planes, 2), 0).astype(np.float16)
    return Prediction(
        model_version="noise",
        categories=("thing",),
        image_width=size[0],
        image_height=size[1],
        prototypes=prototypes,
        boxes=np.zeros((0, 4), np.float32),
        scores=np.zeros(0, np.float32),
        classes=np.zeros(0, np.int32),
        coefficients=np.zeros((0, K), np.float32),
        qualities=np.zeros(0, np.float32),
    )


def choose(session: Session, canvas: Canvas, reach: float) -> None:
    """Make one instance of the image a model's, of that size, and show it as large as a person would."""
    document, known = session.document, session.prediction
    assert document is not None
    assert known is not None
    width, height = document.image.width, document.image.height
    side = reach * width
    box = (width / 2 - side / 2, max(height / 2 - side / 2, 0.0), side, min(side, float(height)))
    cells = known.prototypes[SIDE // 2, SIDE // 2].astype(np.float32)
    origin = Origin("noise", box, tuple(float(each) for each in cells - cells.mean()))
    before = next(iter(document.annotations.values()))
    start = replace(before, origin=origin, state=AnnotationState.PROPOSED, coefficients=None)
    made, _ = recomposed(start, known, np.array(origin.coefficients), box=box)
    session.apply(change(EditKind.RECOMPOSE, document.image.id, [(before, made)]))
    session.select([made.id])
    canvas.zoom_to_rect((box[0] - side / 4, box[1] - side / 4, box[0] + 1.25 * side, box[1] + 1.25 * side))
    wait_for(lambda: canvas.stage.is_complete)


@dataclass(frozen=True, slots=True)
class Hints:
    """Milliseconds: from each place of a stroke to its mask on the screen, the longest blocks, the first."""

    times: list[float]
    blocks: list[float]
    first: list[float]


def strokes(session: Session, canvas: Canvas, reach: float) -> Hints:
    """Strokes on an instance of that size; the very first one is not rested before."""
    choose(session, canvas, reach)
    canvas.set_tool("solve")
    answers = canvas.tool._solving.answers  # type: ignore[attr-defined]
    made = Hints([], [], [])
    for number in range(HINTS // STEPS):
        at, along = places(canvas, number)
        if number:
            rest(canvas, at)
        for step in range(STEPS):
            kind = QMouseEvent.Type.MouseMove if step else QMouseEvent.Type.MouseButtonPress
            answered = answers.live.shows
            start = time.perf_counter()
            mouse(canvas, kind, at + along * step)
            block = wait_for(lambda answered=answered: answers.live.shows > answered)  # type: ignore[misc]
            QApplication.processEvents()  # the repaint
            elapsed = (time.perf_counter() - start) * 1000
            if number or step:
                made.times.append(elapsed)
                made.blocks.append(block)
            else:
                made.first.append(elapsed)
        mouse(canvas, QMouseEvent.Type.MouseButtonRelease, at + along * (STEPS - 1))
        wait_for(lambda: turns_of(session).idle)
        wait_for(lambda: canvas.stage.is_complete)
    canvas.set_tool("select")
    return made


def clicks(session: Session, canvas: Canvas, reach: float) -> list[float]:
    """Milliseconds from each second and fourth click to its mask, the pointer never at rest.

    These are answered on a grid that is made of the mask as the hints before left it.
    """
    times = []
    for _ in range(ROUNDS):
        choose(session, canvas, reach)
        canvas.set_tool("solve")
        live = canvas.tool._solving.answers.live  # type: ignore[attr-defined]
        for number in range(4):
            pause(BETWEEN)
            at, _ = places(canvas, number)
            answered, start = live.shows, time.perf_counter()
            mouse(canvas, QMouseEvent.Type.MouseButtonPress, at)
            wait_for(lambda live=live, answered=answered: live.shows > answered)  # type: ignore[misc]
            QApplication.processEvents()  # the repaint
            if number % 2:
                times.append((time.perf_counter() - start) * 1000)
            pause(HELD)
            mouse(canvas, QMouseEvent.Type.MouseButtonRelease, at)
        wait_for(lambda: turns_of(session).idle)
        canvas.set_tool("select")
        wait_for(lambda: canvas.stage.is_complete)
    return times


def pause(seconds: float) -> None:
    """What a hand needs."""
    until = time.perf_counter() + seconds
    wait_for(lambda: time.perf_counter() > until)


def places(canvas: Canvas, number: int) -> tuple[QPointF, QPointF]:
    """Where a stroke begins, far from the marks of the others, and its step. Widget units."""
    turn = 2 * math.pi * number / (HINTS // STEPS)
    direction = QPointF(math.cos(turn), math.sin(turn))
    middle = QPointF(canvas.width() / 2, canvas.height() / 2)
    return middle + direction * RING[number % 2], direction * 12.0


def rest(canvas: Canvas, at: QPointF) -> None:
    """The pointer comes to a place and stays there until the tool has tried it out."""
    none = Qt.MouseButton.NoButton
    event = QMouseEvent(
        QMouseEvent.Type.MouseMove, at, canvas.mapToGlobal(at), none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(canvas, event)
    pause(REST)


def brushed(session: Session, canvas: Canvas, reach: float) -> list[float]:
    """Milliseconds from each place of the same strokes, painted, to the repaint."""
    choose(session, canvas, reach)
    canvas.set_tool("brush")
    times = []
    for number in range(HINTS // STEPS):
        at, along = places(canvas, number)
        mouse(canvas, QMouseEvent.Type.MouseButtonPress, at)
        for step in range(1, STEPS):
            start = time.perf_counter()
            mouse(canvas, QMouseEvent.Type.MouseMove, at + along * step)
            QApplication.processEvents()
            times.append((time.perf_counter() - start) * 1000)
        mouse(canvas, QMouseEvent.Type.MouseButtonRelease, at + along * (STEPS - 1))
        wait_for(lambda: canvas.stage.is_complete and not canvas.tool.busy)
    canvas.set_tool("select")
    return times


def usual(session: Session) -> list[float]:
    """Milliseconds of a mask of the whole image, without a window: what a hint would cost at least."""
    known = session.prediction
    assert known is not None
    prototypes = known.prototypes.astype(np.float32)
    coefficients = np.random.default_rng(4).normal(size=K).astype(np.float32)
    times = []
    for _ in range(10):
        begun = time.perf_counter()
        soft = 1 / (1 + np.exp(-(prototypes @ coefficients)))
        _ = cv2.resize(soft, LARGE, interpolation=cv2.INTER_LINEAR) > 0.5
        times.append((time.perf_counter() - begun) * 1000)
    return times


def alone(session: Session) -> list[float]:
    """Milliseconds of a solve and its mask, without a window."""
    document, known = session.document, session.prediction
    assert document is not None
    assert known is not None
    start, pixels = document.annotations[session.selection[0]], pixels_of(session).whole
    x, y, width, height = start.bbox
    rng, times = np.random.default_rng(2), []
    for _ in range(HINTS):
        place = (x + width * float(rng.random()), y + height * float(rng.random()))
        begun = time.perf_counter()
        hint = Stroke((place,), bool(rng.random() < 0.5))
        solve_strokes(start, known, [hint], pixels=pixels, finely=shared_look())
        times.append((time.perf_counter() - begun) * 1000)
    return times


def edits(session: Session, canvas: Canvas) -> list[float]:
    """Milliseconds from asking for holes to be filled until that is an edit."""
    work, times = pixel_work(canvas), []
    for _ in range(10):
        start = time.perf_counter()
        work.fill_holes()
        wait_for(lambda: not work.busy)
        times.append((time.perf_counter() - start) * 1000)
        session.undo()
    return times


if __name__ == "__main__":
    main(NAME, measure)

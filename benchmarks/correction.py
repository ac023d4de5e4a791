"""How correction feels: hints on 24 megapixels, and pixel edits, in the real session and canvas, off screen.

*Hint to repainted canvas* is the time from giving the canvas the mouse event of a hint until the mask that it
makes is painted: solving, assembling and comparing on a thread, painting on the GUI thread. The rest is the
longest time for which it did not take events meanwhile. The prototypes are smooth noise of a network's size.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the window has it

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app.annotation import AnnotationState, Origin
from app.edits import EditKind, change
from app.frames import recomposed
from app.solving import Stroke, solve_strokes
from benchmarks.canvas import LARGE, WIDGET, first, make_project, mouse, opened, show, wait_for
from benchmarks.report import Report, main
from model.messages import Prediction
from model.opencv import cv2
from ui.canvas.view import Canvas
from ui.session import Session
from ui.tools.pixel_work import pixel_work

NAME = "correction"
SIDE, K = 138, 32
HINTS = 60
REACH = (0.04, 0.12, 0.4)  # of the image's width: how large the instances are


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
                times, blocks = strokes(session, canvas, reach)
                what = f"hint to repainted canvas, 24 MP, instance of {round(reach * LARGE[0])} px"
                report.add(what, times, target="p95 33 ms")
                report.add("the same: longest the GUI thread was busy", blocks, target="16 ms")
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


def strokes(session: Session, canvas: Canvas, reach: float) -> tuple[list[float], list[float]]:
    """Milliseconds from each place of a stroke to its mask on the screen, and the longest block of each."""
    choose(session, canvas, reach)
    canvas.set_tool("solve")
    tool = canvas.tool
    middle, rng = QPointF(canvas.width() / 2, canvas.height() / 2), np.random.default_rng(1)
    times, blocks = [], []
    for _ in range(HINTS // 6):
        at = middle + QPointF(*(rng.random(2) * 300 - 150).tolist())
        for step in range(6):
            kind = QMouseEvent.Type.MouseMove if step else QMouseEvent.Type.MouseButtonPress
            answered = tool._live.shows  # type: ignore[attr-defined]
            start = time.perf_counter()
            mouse(canvas, kind, at + QPointF(step * 12.0, step * 5.0))
            blocks.append(
                wait_for(lambda answered=answered: tool._live.shows > answered)  # type: ignore[misc, attr-defined]
            )
            QApplication.processEvents()  # the repaint
            times.append((time.perf_counter() - start) * 1000)
        mouse(canvas, QMouseEvent.Type.MouseButtonRelease, at + QPointF(60, 25))
        wait_for(lambda: not tool._latest._running)  # type: ignore[attr-defined]
        wait_for(lambda: canvas.stage.is_complete)
    canvas.set_tool("select")
    return times, blocks


def alone(session: Session) -> list[float]:
    """Milliseconds of a solve and its mask, without a window."""
    document, known = session.document, session.prediction
    assert document is not None
    assert known is not None
    start = document.annotations[session.selection[0]]
    x, y, width, height = start.bbox
    rng, times = np.random.default_rng(2), []
    for _ in range(HINTS):
        place = (x + width * float(rng.random()), y + height * float(rng.random()))
        begun = time.perf_counter()
        solve_strokes(start, known, [Stroke((place,), bool(rng.random() < 0.5))])
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

"""A prediction of four plain prototypes and a proposal of it, for tests of what corrects by prototypes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from app.annotation import Annotation, AnnotationId, AnnotationState, Origin
from app.correction import by_coefficients
from app.geometry import to_mask
from model.messages import Prediction
from tests.ui.canvas_fakes import FakeSession, disc, mask_annotation
from ui.canvas.view import Canvas

SIZE = (300, 200)


def prediction() -> Prediction:
    """Four prototypes: left half, right half, upper half, and everything."""
    prototypes = np.full((50, 75, 4), -1.0, np.float16)
    prototypes[:, :37, 0] = 1
    prototypes[:, 37:, 1] = 1
    prototypes[:25, :, 2] = 1
    prototypes[:, :, 3] = 1
    return Prediction(
        model_version="m",
        categories=("leaf",),
        image_width=SIZE[0],
        image_height=SIZE[1],
        prototypes=prototypes,
        boxes=np.array([[0.1, 0.1, 0.9, 0.9]], np.float32),
        scores=np.array([0.9], np.float32),
        classes=np.array([0], np.int32),
        coefficients=np.array([[0.9, 0.0, 0.0, 0.0]], np.float32),
        qualities=np.array([0.9], np.float32),
    )


def proposal(prediction: Prediction) -> Annotation:
    """Instance 1: the left half of the box."""
    origin = Origin("m", (30.0, 20.0, 240.0, 160.0), tuple(map(float, prediction.coefficients[0])))
    rough = mask_annotation(1, disc(100, 100, 40, SIZE), SIZE, state=AnnotationState.PROPOSED, score=0.9)
    made = by_coefficients(replace(rough, origin=origin), prediction, prediction.coefficients[0])
    return replace(made, state=AnnotationState.PROPOSED, coefficients=None)


def show_proposal(session: FakeSession) -> None:
    """That prediction and its proposal, chosen, over a grey image."""
    session.prediction = prediction()
    session.show(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [proposal(session.prediction)])
    session.select([AnnotationId(1)])


def place(canvas: Canvas, x: float, y: float) -> QPoint:
    """A point of the image on the widget."""
    assert canvas.view is not None
    return QPoint(*(round(each) for each in canvas.view.to_widget(x, y)))


def click(canvas: Canvas, x: float, y: float, button: Qt.MouseButton) -> None:
    """A click at a point of the image."""
    QTest.mouseClick(canvas, button, Qt.KeyboardModifier.NoModifier, place(canvas, x, y))


def has(annotation: Annotation | None, x: int, y: int) -> bool:
    """Whether an annotation has a pixel."""
    assert annotation is not None
    mask = to_mask(annotation.geometry, *SIZE)
    column, row = x - mask.left, y - mask.top
    inside = 0 <= row < mask.bits.shape[0] and 0 <= column < mask.bits.shape[1]
    return inside and bool(mask.bits[row, column])

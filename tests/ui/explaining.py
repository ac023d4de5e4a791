"""A prediction whose masks are easy: prototype 0 is on in the left half, prototype 1 in the right one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.annotation import Annotation, AnnotationState, Origin
from app.edits import Change, Edit, EditKind
from model.messages import Prediction
from tests.builders import box_mask, make_annotation
from tests.ui.acting import document_of
from ui.session import Session

VERSION = "m1"


def predict(session: Session, k: int = 4, version: str = VERSION) -> Prediction:
    """The session's image gets a prediction without detections, of k prototypes of 24 x 32 cells."""
    prototypes = np.zeros((24, 32, k), np.float16)
    prototypes[:, :16, 0] = 4
    prototypes[:, 16:, 1] = 4
    for j in range(2, k):
        prototypes[j % 24, :, j] = 1
    document, n = document_of(session), np.zeros(0, np.float32)
    prediction = Prediction(
        version,
        ("cat",),
        document.image.width,
        document.image.height,
        prototypes,
        boxes=np.zeros((0, 4), np.float32),
        scores=n,
        classes=np.zeros(0, np.int32),
        coefficients=np.zeros((0, k), np.float32),
        qualities=n,
    )
    session.set_prediction(document.image.id, prediction)
    return prediction


def propose_left_half(session: Session, k: int = 4, version: str = VERSION) -> Annotation:
    """A chosen proposal of the left half of the image: coefficient 1 on the left, -1 on the right."""
    document = document_of(session)
    width, height = document.image.width, document.image.height
    made = make_annotation(
        document, box_mask(0, 0, width // 2, height), state=AnnotationState.PROPOSED, score=0.9
    )
    origin = Origin(version, (0.0, 0.0, float(width), float(height)), (1.0, -1.0, *([0.25] * (k - 2))))
    made = replace(made, origin=origin)
    session.apply(Edit(EditKind.PRELABEL, made.image_id, (Change(None, made),)))
    session.select([made.id])
    return made

"""What was predicted before is known again, while the model sleeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationState, ImageState
from app.predictions import of_project
from app.versions import active
from model.messages import Prediction
from tests.ui.acting import document_of, draw, written
from tests.ui.explaining import predict
from ui.model_access import ModelState
from ui.session import Session


@pytest.fixture
def kept(session: Session, qtbot: QtBot) -> Prediction:
    """What the active version saw in the second image: a cat in its left half; kept on the disk only."""
    assert session.project is not None
    written(session)
    one = np.ones(1, np.float32)
    prediction = replace(
        predict(session, version=active(session.project).name),
        boxes=np.array([[0, 0, 0.5, 1]], np.float32),
        scores=one,
        classes=np.zeros(1, np.int32),
        coefficients=np.array([[1, -1, 0, 0]], np.float32),
        qualities=one,
    )
    assert of_project(session.project).save(session.records[1].content_key, prediction)
    return prediction


def show_second(session: Session, qtbot: QtBot) -> None:
    second = session.records[1].id
    session.show_image(second)
    qtbot.waitUntil(lambda: session.document is not None and session.document.image.id == second)


def test_a_kept_prediction_is_shown_though_nothing_in_the_image_names_its_version(
    session: Session, qtbot: QtBot, kept: Prediction
) -> None:
    show_second(session, qtbot)
    qtbot.waitUntil(lambda: session.prediction is not None)
    assert session.prediction is not None
    assert (session.prediction.prototypes == kept.prototypes).all()
    assert session.model.state is ModelState.ASLEEP
    assert document_of(session).state is ImageState.NEW  # nothing was proposed: nobody asked
    session.show_image(session.records[0].id)
    qtbot.waitUntil(lambda: document_of(session).image.id == session.records[0].id)
    show_second(session, qtbot)
    draw(session)
    session.show_image(session.records[0].id)
    show_second(session, qtbot)
    qtbot.waitUntil(lambda: session.prediction is not None)  # a drawn instance names no version either


def test_what_was_predicted_ahead_is_proposed_when_the_image_is_shown(
    session: Session, qtbot: QtBot, kept: Prediction
) -> None:
    session.auto_prelabel = True
    show_second(session, qtbot)
    qtbot.waitUntil(lambda: bool(document_of(session).annotations))
    (made,) = document_of(session).annotations.values()
    assert made.state is AnnotationState.PROPOSED
    session.undo()
    session.auto_prelabel = False
    session.show_image(session.records[0].id)
    session.auto_prelabel = True
    show_second(session, qtbot)
    qtbot.waitUntil(lambda: session.prediction is not None)
    qtbot.wait(100)
    assert not document_of(session).annotations  # it was taken back by the person


def test_a_look_for_prototypes_proposes_nothing(
    session: Session, qtbot: QtBot, kept: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, image_id = session.model, document_of(session).image.id
    monkeypatch.setattr(model, "start", lambda: None)
    model.look(document_of(session))
    assert model.is_looking_at(image_id)
    model._answered(image_id, kept, by_person=True)
    assert session.prediction is kept
    session.predict_current()
    model._answered(image_id, kept, by_person=True)  # this time proposals are wanted
    qtbot.waitUntil(lambda: bool(document_of(session).annotations), timeout=20000)
    assert len(document_of(session).annotations) == 1

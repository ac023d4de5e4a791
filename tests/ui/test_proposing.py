"""What the model saw becomes proposals of an open document: one edit, with its categories."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationState
from app.proposals import Candidate, candidates
from tests.ui.acting import document_of, written
from tests.ui.explaining import predict
from ui.proposing import SAME, offer
from ui.session import Session
from ui.workers import DECODERS


def found(session: Session, name: str) -> list[Candidate]:
    """A thing of this name in the left half of the image on screen."""
    one = np.ones(1, np.float32)
    prediction = replace(
        predict(session),
        categories=(name,),
        boxes=np.array([[0, 0, 0.5, 1]], np.float32),
        scores=one,
        classes=np.zeros(1, np.int32),
        coefficients=np.array([[1, -1, 0, 0]], np.float32),
        qualities=one,
    )
    return candidates(prediction)


@pytest.mark.parametrize(("name", "categories"), [("cat", 2), ("lynx", 3)])
def test_proposals_are_one_edit_and_a_new_name_a_new_category(
    session: Session, qtbot: QtBot, name: str, categories: int
) -> None:
    document, made = document_of(session), found(session, name)
    offer(session, document.image.id, lambda: made)
    qtbot.waitUntil(lambda: bool(document.annotations) and len(session.categories) == categories)
    (each,) = document.annotations.values()
    assert each.state is AnnotationState.PROPOSED
    names = {category.id: category.name for category in session.categories}
    assert names[each.category_id] == name
    session.undo()
    assert not document.annotations


def test_who_asks_again_is_told_that_nothing_is_new(session: Session, qtbot: QtBot) -> None:
    document, made = document_of(session), found(session, "cat")
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))
    offer(session, document.image.id, lambda: made, by_person=True)
    qtbot.waitUntil(lambda: bool(document.annotations))
    assert said == []
    offer(session, document.image.id, lambda: made, by_person=True)
    qtbot.waitUntil(lambda: said == [SAME])


def test_a_project_that_was_closed_meanwhile_gets_none(session: Session, qtbot: QtBot) -> None:
    document, made = document_of(session), found(session, "cat")
    over: list[object] = []
    offer(session, document.image.id, lambda: made)
    session.close_project()
    both = threading.Barrier(DECODERS)  # all of the pool's threads: none of them makes candidates any more
    for _ in range(DECODERS):
        session.workers.on_pool(both.wait, over.append)
    qtbot.waitUntil(lambda: len(over) == DECODERS)
    written(session)
    assert not document.annotations

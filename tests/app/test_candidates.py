"""What the model had in mind at a place or in a box, and how it becomes an instance."""

from dataclasses import replace

import numpy as np
import pytest

from app.annotation import AnnotationState, CategoryId
from app.candidates import candidate_in, candidates_at, take
from app.edits import EditKind
from app.geometry import covers
from model.messages import Prediction
from tests.ui.canvas_fakes import FakeSession
from tests.ui.solving import SIZE, prediction, proposal

BLACK = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


def several() -> Prediction:
    """The left half, the left half again, and all of the box."""
    one = prediction()
    return replace(
        one,
        boxes=np.repeat(one.boxes, 3, 0),
        scores=np.array([0.9, 0.5, 0.2], np.float32),
        classes=np.zeros(3, np.int32),
        coefficients=np.array([[0.9, 0, 0, 0], [0.8, 0, 0, 0], [0, 0, 0, 0.7]], np.float32),
        qualities=np.array([0.9, 0.5, 0.2], np.float32),
    )


def test_candidates_hold_the_place_and_come_once() -> None:
    found = candidates_at(several(), 80.0, 100.0)
    assert [each.score for each in found] == [pytest.approx(0.9, abs=1e-3), pytest.approx(0.2, abs=1e-3)]
    assert all(covers(each.mask, 80, 100) for each in found)
    assert [each.score for each in candidates_at(several(), 220.0, 100.0)] == [pytest.approx(0.2, abs=1e-3)]


@pytest.mark.parametrize("place", [(5.0, 5.0), (299.9, 199.9)])
def test_outside_of_all_boxes_there_is_none(place: tuple[float, float]) -> None:
    assert candidates_at(several(), *place) == []


def test_no_detection_is_normal() -> None:
    one = several()
    none = replace(
        one,
        **{
            name: getattr(one, name)[:0]
            for name in ("boxes", "scores", "classes", "coefficients", "qualities")
        },
    )
    assert candidates_at(none, 80.0, 100.0) == []
    made = candidate_in(none, (30.0, 20.0, 100.0, 100.0), None)
    assert made is not None
    assert made.origin is None


def test_a_drawn_box_finds_the_detection_that_fits() -> None:
    whole = replace(several(), coefficients=several().coefficients[[2, 2, 2]])
    found = candidate_in(whole, (32.0, 22.0, 230.0, 158.0), None)
    assert found is not None
    assert found.category == "leaf"
    assert found.origin is not None


def test_a_novel_object_begins_from_its_box() -> None:
    found = candidate_in(several(), (4.0, 60.0, 60.0, 60.0), None)
    assert found is not None
    assert (found.score, found.origin) == (None, None)
    assert covers(found.mask, 34, 90)


def test_taking_one_adds_it_and_wakes_the_proposal_that_it_is(qtbot: object) -> None:
    known = prediction()
    session = FakeSession()
    session.show(BLACK)
    assert session.document is not None
    candidate = candidates_at(known, 80.0, 100.0)[0]
    edit, made = take(candidate, session.document, CategoryId(1), seconds=2.0)
    assert (edit.kind, made.state, made.seconds) == (EditKind.ADD, AnnotationState.ACCEPTED, 2.0)
    assert made.area == candidate.mask.bits.sum()
    same = replace(proposal(known), origin=candidate.origin, state=AnnotationState.REJECTED)
    session.show(BLACK, [same], id=2)
    edit, made = take(candidate, session.document, CategoryId(2))
    assert (edit.kind, made.id, made.category_id) == (EditKind.ACCEPT, same.id, 2)
    assert (made.geometry, made.area) == (candidate.geometry, candidate.mask.bits.sum())

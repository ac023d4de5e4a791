"""What the model had in mind at a place or in a box, and how it becomes an instance."""

from dataclasses import replace

import numpy as np
import pytest

from app.annotation import AnnotationState, CategoryId
from app.candidates import MOST, candidates_at, candidates_in, novel, take
from app.edits import EditKind
from app.solving import covers
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
    assert [each.score for each in found] == [pytest.approx(0.9), pytest.approx(0.2)]
    assert all(covers(each.mask, 80, 100) for each in found)
    assert [each.score for each in candidates_at(several(), 220.0, 100.0)] == [pytest.approx(0.2)]


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
    assert len(candidates_in(none, (30.0, 20.0, 100.0, 100.0))) == 1


def test_no_more_than_a_few_are_offered() -> None:
    assert len(candidates_at(several(), 80.0, 100.0)) <= MOST


def test_a_drawn_box_finds_the_detection_that_fits() -> None:
    found = candidates_in(several(), (32.0, 22.0, 230.0, 158.0))
    assert found[0].category == "leaf"
    assert found[0].score == pytest.approx(0.9)


def test_a_novel_object_begins_from_its_box() -> None:
    found = candidates_in(several(), (4.0, 40.0, 140.0, 120.0))
    assert [each.score for each in found] == [None]
    assert covers(found[0].mask, 74, 100)
    assert found[0].origin.box == (4.0, 40.0, 140.0, 120.0)


def test_prototypes_that_say_nothing_give_no_mask() -> None:
    mute = replace(prediction(), prototypes=np.zeros((50, 75, 4), np.float16))
    made = novel(mute, (40.0, 40.0, 60.0, 60.0))
    assert made is None or made.mask.bits.any()


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
    edit, made = take(candidate, session.document, CategoryId(1))
    assert (edit.kind, made.id) == (EditKind.ACCEPT, same.id)

"""Corrections in the model's own terms: what was clicked changes, what was not stays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageId
from app.correction import Click, by_clicks, by_coefficients, explain_refusal, present
from app.errors import InputError
from app.geometry import to_mask
from app.proposals import candidates
from model.messages import Prediction

SIDE = 128  # pixels; the prototypes have 32 cells, of 4 pixels
BODY, TAIL = (slice(8, 20), slice(6, 18)), (slice(12, 16), slice(18, 28))  # cells


def prediction(version: str = "m1") -> Prediction:
    """Two prototypes, a body and its tail, and a third that is the background; found: the body alone."""
    prototypes = np.zeros((32, 32, 3), np.float16)
    prototypes[(*BODY, 0)] = 1
    prototypes[(*TAIL, 1)] = 1
    prototypes[..., 2] = 1 - prototypes[..., :2].sum(2)
    return Prediction(
        model_version=version,
        categories=("cat",),
        image_width=SIDE,
        image_height=SIDE,
        prototypes=prototypes,
        boxes=np.array([[4 / 32, 6 / 32, 30 / 32, 22 / 32]], np.float32),
        scores=np.array([0.9], np.float32),
        classes=np.zeros(1, np.int32),
        coefficients=np.array([[4, -2, -4]], np.float32),
        qualities=np.array([0.9], np.float32),
    )


@pytest.fixture
def proposal() -> Annotation:
    (found,) = candidates(prediction())
    return Annotation(
        AnnotationId(1), ImageId(1), CategoryId(1), AnnotationState.PROPOSED, found.geometry, found.bbox,
        found.area, score=found.score, origin=found.origin,
    )  # fmt: skip


def inside(annotation: Annotation, x: float, y: float) -> bool:
    mask = to_mask(annotation.geometry, SIDE, SIDE)
    column, row = int(x) - mask.left, int(y) - mask.top
    return 0 <= row < mask.bits.shape[0] and 0 <= column < mask.bits.shape[1] and bool(mask.bits[row, column])


def test_a_click_inside_brings_in_what_belongs_together(proposal: Annotation) -> None:
    assert inside(proposal, 48, 56)
    assert not inside(proposal, 100, 56)
    after = by_clicks(proposal, prediction(), [Click(92, 56, inside=True)])
    assert inside(after, 100, 56), "the rest of the tail comes along"
    assert inside(after, 48, 56)
    assert not inside(after, 100, 100)
    assert after.state is AnnotationState.CORRECTED
    assert after.origin == proposal.origin
    assert after.area > proposal.area


def test_a_click_outside_takes_away_again(proposal: Annotation) -> None:
    clicks = [Click(92, 56, inside=True)]
    with_tail = by_clicks(proposal, prediction(), clicks)
    clicks.append(Click(100, 56, inside=False))
    without = by_clicks(with_tail, prediction(), clicks[1:])
    assert not inside(without, 100, 56)
    assert inside(without, 48, 56)


def test_clicks_that_agree_change_nothing(proposal: Annotation) -> None:
    after = by_clicks(proposal, prediction(), [Click(48, 56, inside=True)])
    assert (after.geometry, after.bbox, after.area) == (proposal.geometry, proposal.bbox, proposal.area)


def test_several_clicks_count_together(proposal: Annotation) -> None:
    clicks = [Click(92, 56, inside=True), Click(48, 56, inside=True)]
    assert inside(by_clicks(proposal, prediction(), clicks), 100, 56)


def test_a_click_outside_of_the_box_widens_it(proposal: Annotation) -> None:
    assert proposal.origin
    narrow = replace(proposal, origin=replace(proposal.origin, box=(20.0, 28.0, 50.0, 56.0)))
    after = by_clicks(narrow, prediction(), [Click(80, 56, inside=True)])
    assert inside(after, 80, 56)


def test_coefficients_as_predicted_give_the_mask_as_predicted(proposal: Annotation) -> None:
    after = by_coefficients(proposal, prediction(), present(proposal))
    assert (after.geometry, after.bbox, after.area) == (proposal.geometry, proposal.bbox, proposal.area)


def test_coefficients_of_nothing_give_an_empty_mask(proposal: Annotation) -> None:
    after = by_coefficients(proposal, prediction(), np.full(3, -5.0))
    assert after.area == 0
    assert after.bbox[2:] == (0, 0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.floats(0, 127), st.floats(0, 127), st.booleans()), max_size=4))
def test_assembling_again_changes_nothing(places: list[tuple[float, float, bool]]) -> None:
    (found,) = candidates(prediction())
    annotation = Annotation(
        AnnotationId(1), ImageId(1), CategoryId(1), AnnotationState.PROPOSED, found.geometry, found.bbox,
        found.area, origin=found.origin,
    )  # fmt: skip
    for x, y, wanted in places:
        annotation = by_clicks(annotation, prediction(), [Click(x, y, wanted)])
    after = by_coefficients(annotation, prediction(), present(annotation))
    assert by_coefficients(after, prediction(), present(after)) == after


def test_why_an_annotation_cannot_be_corrected(proposal: Annotation) -> None:
    assert explain_refusal(proposal, prediction()) == ""
    assert "drawn by hand" in explain_refusal(replace(proposal, origin=None), prediction())
    assert "not there yet" in explain_refusal(proposal, None)
    assert "m2" in explain_refusal(proposal, prediction("m2"))
    with pytest.raises(InputError, match="drawn by hand"):
        by_clicks(replace(proposal, origin=None), prediction(), [Click(1, 1, inside=True)])

"""Annotations as sums of prototypes: as predicted, as corrected, and why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageId
from app.correction import by_coefficients, crop_of, explain_refusal, present
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


def found() -> Annotation:
    """The body, as it is proposed."""
    (made,) = candidates(prediction())
    return Annotation(
        AnnotationId(1), ImageId(1), CategoryId(1), AnnotationState.PROPOSED, made.geometry, made.bbox,
        made.area, score=made.score, origin=made.origin,
    )  # fmt: skip


@pytest.fixture
def proposal() -> Annotation:
    return found()


def inside(annotation: Annotation, x: float, y: float) -> bool:
    mask = to_mask(annotation.geometry, SIDE, SIDE)
    column, row = int(x) - mask.left, int(y) - mask.top
    return 0 <= row < mask.bits.shape[0] and 0 <= column < mask.bits.shape[1] and bool(mask.bits[row, column])


def test_coefficients_as_predicted_give_the_mask_as_predicted(proposal: Annotation) -> None:
    after = by_coefficients(proposal, prediction(), present(proposal))
    assert (after.geometry, after.bbox, after.area) == (proposal.geometry, proposal.bbox, proposal.area)


def test_coefficients_of_nothing_give_an_empty_mask(proposal: Annotation) -> None:
    after = by_coefficients(proposal, prediction(), np.full(3, -5.0))
    assert after.area == 0
    assert after.bbox[2:] == (0, 0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-6, 6), min_size=3, max_size=3))
def test_assembling_again_changes_nothing(coefficients: list[float]) -> None:
    after = by_coefficients(found(), prediction(), np.array(coefficients))
    assert by_coefficients(after, prediction(), present(after)) == after


def test_other_coefficients_are_a_correction_of_the_same_origin(proposal: Annotation) -> None:
    after = by_coefficients(proposal, prediction(), np.array([4.0, 4.0, -4.0]), box=(0, 0, SIDE, SIDE))
    assert inside(after, 100, 56), "the tail"
    assert not inside(proposal, 100, 56)
    assert after.state is AnnotationState.CORRECTED
    assert after.origin == proposal.origin
    assert after.coefficients == (4, 4, -4)
    assert after.area > proposal.area


def test_the_crop_holds_the_mask_as_corrected_and_creeps_no_further(proposal: Annotation) -> None:
    whole = (0.0, 0.0, float(SIDE), float(SIDE))
    after = by_coefficients(proposal, prediction(), np.array([4.0, 4.0, -4.0]), box=whole)
    x, _, width, _ = crop_of(after, prediction())
    assert x + width > 100
    again = by_coefficients(after, prediction(), present(after))
    assert crop_of(again, prediction()) == crop_of(after, prediction())


def test_why_an_annotation_cannot_be_corrected(proposal: Annotation) -> None:
    assert explain_refusal(proposal, prediction()) == ""
    assert "drawn by hand" in explain_refusal(replace(proposal, origin=None), prediction())
    assert "not there yet" in explain_refusal(proposal, None)
    assert "m2" in explain_refusal(proposal, prediction("m2"))
    with pytest.raises(InputError, match="drawn by hand"):
        by_coefficients(replace(proposal, origin=None), prediction(), np.ones(3))

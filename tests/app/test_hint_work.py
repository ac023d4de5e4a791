"""What hints did is told apart: by the prototypes, by helper rows, by paint; the parts add up."""

import numpy as np
import pytest

from app.fine import shared_look
from app.hint_work import Parts, total, works_of
from app.instance_solving import Step, Stroke, solve_near
from model.local_solving import BARELY, SURE
from tests.app.test_instance_solving import BODY, BOX, bits, picture, prediction, solved

ARM = Stroke(((108.0, 56.0),), True)
CORNER = Stroke(((34.0, 34.0),), False)


def works(*strokes: Stroke) -> tuple[tuple, tuple[Step, ...]]:
    steps = solved(*strokes)
    return works_of(steps), steps


def test_the_parts_of_each_hint_are_the_pixels_that_it_changed() -> None:
    found, steps = works(ARM, CORNER)
    before = BODY
    for each, step in zip(found, steps, strict=True):
        assert each.parts.total == pytest.approx((bits(before) ^ bits(step.mask)).sum(), abs=1e-3)
        assert min(each.parts.prototypes, each.parts.helpers, each.parts.paint) >= -1e-6
        before = step.mask
    assert total(found).total == pytest.approx(sum(each.parts.total for each in found))
    assert [each.inside for each in found] == [True, False]


def test_rows_and_prototypes_together_are_the_logits() -> None:
    found, steps = works(ARM, CORNER)
    field = steps[-1].field
    sum_ = np.zeros(field.grid.shape, np.float32)
    across, down = field.grid.scale
    for each in found:
        left = round((each.rectangle[0] - steps[0].field.grid.rectangle[0]) * across)
        top = round((each.rectangle[1] - steps[0].field.grid.rectangle[1]) * down)
        h, w = each.logits.shape
        sum_[top : top + h, left : left + w] += each.logits
    begun = np.clip(field.grid.prototypes @ prediction().coefficients[0], -3, 3)
    moved = field.grid.prototypes @ (field.coefficients - prediction().coefficients[0]).astype(np.float32)
    plain = (np.abs(field.logits) > 2 * BARELY) & (np.abs(field.logits) < SURE * 0.99)
    plain &= np.abs(steps[0].field.logits) < SURE * 0.99
    plain &= (begun > 0) == bits_on_grid(steps)
    error = np.abs(begun + moved + sum_ - field.logits)[plain]
    assert plain.sum() > 500
    assert np.median(error) < 0.02


def bits_on_grid(steps: tuple[Step, ...]) -> np.ndarray:
    left, top, right, bottom = steps[0].field.grid.rectangle
    return bits(BODY)[top:bottom, left:right]


def test_a_row_is_strongest_near_its_hint_and_in_its_sense() -> None:
    found, _ = works(ARM, CORNER)
    for each, stroke in zip(found, (ARM, CORNER), strict=True):
        left, top, right, bottom = each.rectangle
        x, y = stroke.points[0]
        assert left <= x <= right
        assert top <= y <= bottom
        assert (each.amount > 0) is stroke.inside


def test_a_hint_that_changes_nothing_has_no_parts_and_paint_is_counted_as_paint() -> None:
    found, _ = works(Stroke(((60.0, 60.0),), True))
    assert found[0].parts == Parts()
    assert found[0].amount == 0
    assert works_of(()) == ()
    again, steps = works(Stroke(((60.3, 60.3),), False), Stroke(((60.3, 60.3),), True))
    assert steps[1].painted
    assert again[1].parts.paint > 0


def test_beside_fine_prototypes_the_rows_hold_what_these_did_not_see() -> None:
    found = prediction()
    coefficients = found.coefficients[0]
    steps = solve_near(
        BODY, coefficients, BOX, found, picture(), (ARM, CORNER), untouched=True, finely=shared_look()
    )
    works_ = works_of(steps)
    before = BODY
    for each, step in zip(works_, steps, strict=True):
        assert each.parts.total == pytest.approx((bits(before) ^ bits(step.mask)).sum(), abs=1e-3)
        assert np.isfinite(each.amount)
        before = step.mask
    assert abs(works_[0].amount) < 50


def test_after_another_look_each_hint_keeps_what_it_did() -> None:
    strokes = (
        ARM,
        CORNER,
        Stroke(((40.0, 80.0),), False),
        Stroke(((112.0, 60.0),), True),
        Stroke(((84.0, 36.0),), False),
    )
    steps = solve_near(
        BODY,
        prediction().coefficients[0],
        BOX,
        prediction(),
        picture(),
        strokes,
        untouched=True,
        finely=shared_look(),
    )
    found = works_of(steps)
    before = BODY
    for each, step in zip(found, steps, strict=True):
        assert each.parts.total == pytest.approx((bits(before) ^ bits(step.mask)).sum(), abs=1e-3)
        before = step.mask
    assert [each.inside for each in found] == [stroke.inside for stroke in strokes]

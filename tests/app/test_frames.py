"""Correcting in a region's frame is correcting an image of its own, put back where it belongs."""

from dataclasses import replace

import numpy as np
import pytest

from app.annotation import Annotation, AnnotationState, Origin
from app.closer import LEAST, finer, propose, region_of, unseen
from app.frames import belongs, crop_in, recomposed
from app.geometry import covers, mask_iou, to_mask, window
from app.solving import Stroke, solve_strokes
from model.masks import BoxMask
from model.messages import Prediction
from tests.ui.canvas_fakes import FakeSession, disc, mask_annotation
from tests.ui.solving import SIZE, prediction, proposal

BIG = (700, 500)
AT = (100, 60)  # where the region lies in the big image


def region() -> Prediction:
    """The prediction of the tests, seen in a part of a larger image."""
    whole = (float(AT[0]), float(AT[1]), float(SIZE[0]), float(SIZE[1]))
    return replace(prediction(), image_width=BIG[0], image_height=BIG[1], region=whole)


def in_region(origin: Origin | None) -> Annotation:
    bits = np.ones((100, 60), np.bool_)
    rough = mask_annotation(1, BoxMask(AT[0] + 60, AT[1] + 50, bits), BIG)
    return replace(rough, origin=origin, state=AnnotationState.PROPOSED)


def test_hints_in_a_region_are_hints_in_an_image_of_its_size() -> None:
    small = proposal(prediction())
    alone = solve_strokes(small, prediction(), [Stroke(((80.0, 150.0),), False)])
    mask = to_mask(small.geometry, *SIZE)
    moved = BoxMask(mask.left + AT[0], mask.top + AT[1], mask.bits)
    assert small.origin is not None
    origin = replace(
        small.origin,
        box=(small.origin.box[0] + AT[0], small.origin.box[1] + AT[1], *small.origin.box[2:]),
        region=region().region,
    )
    start = replace(mask_annotation(1, moved, BIG), origin=origin, state=AnnotationState.PROPOSED)
    there = solve_strokes(start, region(), [Stroke(((80.0 + AT[0], 150.0 + AT[1]),), False)])
    back = window(there.mask, *AT, AT[0] + SIZE[0], AT[1] + SIZE[1])
    expected = window(alone.mask, 0, 0, *SIZE)
    assert (back & expected).sum() / (back | expected).sum() > 0.97
    assert not covers(there.mask, 80.0 + AT[0], 150.0 + AT[1])
    assert there.annotation is not None
    assert there.annotation.origin == origin


def test_what_lies_outside_the_region_stays() -> None:
    far = disc(600, 400, 30, BIG)
    start = replace(mask_annotation(1, far, BIG), state=AnnotationState.DRAWN)
    made = solve_strokes(start, region(), [Stroke(((150.0, 150.0),), True)])
    assert covers(made.mask, 600, 400)
    assert covers(made.mask, 150, 150)


def test_coefficients_belong_to_their_version_and_region() -> None:
    origin = Origin("m", (0.0, 0.0, 9.0, 9.0), (0.0,) * 4)
    annotation = in_region(origin)
    assert belongs(annotation, prediction())
    assert not belongs(annotation, region())
    assert belongs(in_region(replace(origin, region=region().region)), region())
    assert not belongs(annotation, replace(prediction(), model_version="other"))
    assert not belongs(in_region(replace(origin, coefficients=(1.0,))), prediction())
    assert belongs(in_region(None), region())


def test_a_crop_is_relative_to_what_was_seen() -> None:
    box = (AT[0] + 30.0, AT[1] + 20.0, 240.0, 160.0)
    annotation = in_region(Origin("m", box, (0.9, 0.0, 0.0, 0.0), region().region))
    assert crop_in(annotation, region()) == pytest.approx((0.1, 0.1, 0.9, 0.9))


def test_a_box_in_a_region_crops_there() -> None:
    origin = Origin("m", (130.0, 80.0, 240.0, 160.0), (0.9, 0.0, 0.0, 0.0), region().region)
    box = (120.0, 90.0, 60.0, 70.0)
    made, mask = recomposed(in_region(origin), region(), np.array([0, 0, 0, 1.0]), box=box)
    assert (made.bbox[0], made.bbox[1]) == (mask.left, mask.top)
    assert abs(mask.left - 120) <= 4
    assert abs(mask.bottom - 160) <= 8


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((100.0, 100.0, 50.0, 100.0), (55.0, 80.0, 140.0, 140.0)),
        ((0.0, 0.0, 100.0, 100.0), (0.0, 0.0, 140.0, 140.0)),
        ((690.0, 490.0, 10.0, 10.0), (700.0 - LEAST, 500.0 - LEAST, LEAST, LEAST)),
        ((300.0, 300.0, 1.0, 1.0), (300.5 - LEAST / 2, 300.5 - LEAST / 2, LEAST, LEAST)),
        ((0.0, 200.0, 600.0, 50.0), (0.0, 0.0, 700.0, 500.0)),
        ((0.0, 0.0, 700.0, 500.0), (0.0, 0.0, 700.0, 500.0)),
    ],
)
def test_what_is_looked_at(box: tuple[float, ...], expected: tuple[float, ...]) -> None:
    assert region_of(box, *BIG) == pytest.approx(expected)  # type: ignore[arg-type]


def test_a_proposal_is_made_again_finer() -> None:
    there = region()
    left_half = BoxMask(AT[0] + 40, AT[1] + 30, np.ones((140, 100), np.bool_))
    start = replace(
        mask_annotation(1, left_half, BIG),
        origin=Origin("m", (100.0, 60.0, 240.0, 160.0), (0.1, 0.1, 0.1, 0.1)),
        state=AnnotationState.PROPOSED,
    )
    made, mask = finer(start, there)
    assert made.origin is not None
    assert made.origin.region == there.region
    assert made.origin.coefficients == pytest.approx((0.9, 0, 0, 0))
    assert made.state is AnnotationState.PROPOSED
    assert to_mask(made.geometry, *BIG).bits.sum() == mask.bits.sum() == made.area
    assert covers(mask, AT[0] + 40, AT[1] + 30)


def test_what_a_person_drew_keeps_its_pixels() -> None:
    start = mask_annotation(1, disc(170, 160, 30, BIG), BIG)
    made, mask = finer(start, region())
    assert made.geometry == start.geometry
    assert mask_iou(mask, to_mask(start.geometry, *BIG)) == 1
    assert made.origin is not None
    assert made.origin.region == region().region


def test_only_what_is_not_there_yet_is_proposed(qtbot: object) -> None:
    assert len(unseen(region(), [], 0.3)) == 1
    assert unseen(region(), [], 0.95) == []
    (found,) = unseen(region(), [], 0.3)
    session = FakeSession()
    session.show(np.zeros((BIG[1], BIG[0], 3), np.uint8))
    assert session.document is not None
    assert propose([], session.document) is None
    edit = propose([(found, session.categories[0].id)], session.document)
    assert edit is not None
    made = edit.changes[0].after
    assert made is not None
    assert made.origin is not None
    assert made.origin.region == region().region
    assert unseen(region(), [made], 0.3) == []


def test_what_was_painted_stays_over_another_sum() -> None:
    from app.geometry import from_mask, union

    known = prediction()
    start = proposal(known)
    spot = BoxMask(250, 30, np.ones((10, 10), np.bool_))
    mask = union(to_mask(start.geometry, *SIZE), spot)
    mask.bits[100 - mask.top : 110 - mask.top, 80 - mask.left : 90 - mask.left] = False
    painted = replace(start, geometry=from_mask(mask, *SIZE), state=AnnotationState.CORRECTED)
    _, made = recomposed(painted, known, np.array([0.9, 0, 0.2, 0]))
    assert covers(made, 255, 35)
    assert not covers(made, 85, 105)
    _, cut = recomposed(painted, known, np.array([0.9, 0, 0, 0]), box=(30.0, 20.0, 100.0, 160.0))
    assert not covers(cut, 255, 35)


def test_an_accepted_mask_that_is_not_its_coefficients_keeps_the_difference() -> None:
    from app.geometry import from_mask, union

    known = prediction()
    start = replace(proposal(known), state=AnnotationState.ACCEPTED)
    before = to_mask(start.geometry, *SIZE)
    finer = union(before, BoxMask(before.right + 4, before.top + 20, np.ones((6, 9), np.bool_)))
    start = replace(start, geometry=from_mask(finer, *SIZE))
    assert start.origin is not None
    _, mask = recomposed(start, known, np.asarray(start.origin.coefficients, np.float32) * 1.01)
    assert covers(mask, before.right + 8, before.top + 23)

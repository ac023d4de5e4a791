"""Which detection of a closer look is the instance, and what becomes of one that is not found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationState, Origin
from app.closer import LIKELY, SAME, finer
from app.fine import shared_look
from app.geometry import mask_iou, to_mask
from model.masks import BoxMask
from model.messages import Prediction
from tests.ui.canvas_fakes import mask_annotation

SIZE = (400, 300)
REGION = (100.0, 50.0, 200.0, 200.0)
CELLS = 50
Box = tuple[int, int, int, int]  # left top right bottom, image pixels


def seen(*boxes: Box, classes: tuple[int, ...] = ()) -> Prediction:
    """A region in which exactly these rectangles are found."""
    x, y, width, height = REGION
    relative = [
        ((a - x) / width, (b - y) / height, (c - x) / width, (d - y) / height) for a, b, c, d in boxes
    ]
    n = len(boxes)
    return Prediction(
        model_version="m",
        categories=("cat", "dog"),
        image_width=SIZE[0],
        image_height=SIZE[1],
        prototypes=np.ones((CELLS, CELLS, 2), np.float16),
        boxes=np.array(relative, np.float32).reshape(n, 4),
        scores=np.full(n, 0.9, np.float32),
        classes=np.array(classes or (0,) * n, np.int32),
        coefficients=np.full((n, 2), 3, np.float32),
        qualities=np.full(n, 0.9, np.float32),
        region=REGION,
    )


def instance(box: Box, *, number: int = 1) -> Annotation:
    """A proposal of the whole image."""
    left, top, right, bottom = box
    mask = BoxMask(left, top, np.ones((bottom - top, right - left), np.bool_))
    origin = Origin("m", (left, top, right - left, bottom - top), (1.0, 1.0))
    made = mask_annotation(number, mask, SIZE, state=AnnotationState.PROPOSED)
    return replace(made, origin=origin)


def likeness(annotation: Annotation, box: Box) -> float:
    left, top, right, bottom = box
    mask = BoxMask(left, top, np.ones((bottom - top, right - left), np.bool_))
    return mask_iou(to_mask(annotation.geometry, *SIZE), mask)


def test_a_rough_mask_is_found_again_by_its_category() -> None:
    rough, true = instance((150, 100, 210, 200)), (180, 104, 236, 196)
    assert LIKELY < likeness(rough, true) < SAME
    after, _ = finer(rough, seen(true), category="Cat")
    assert likeness(after, true) > 0.7
    assert after.origin is not None
    assert after.origin.region == REGION


def test_something_else_of_little_likeness_is_not_it() -> None:
    rough, other = instance((150, 100, 210, 200)), (180, 104, 236, 196)
    after, mask = finer(rough, seen(other, classes=(1,)), category="cat")
    assert after.geometry == rough.geometry
    assert mask.bits.sum() == rough.area
    assert after.origin is not None
    assert after.origin.region == REGION  # hints have the finer prototypes all the same


@pytest.mark.parametrize(
    ("neighbour", "found"), [((186, 104, 236, 196), False), ((230, 104, 290, 196), True)]
)
def test_a_neighbour_that_is_annotated_is_left_to_it(neighbour: Box, found: bool) -> None:
    rough, true = instance((150, 100, 210, 200)), (180, 104, 236, 196)
    after, _ = finer(rough, seen(true), category="cat", others=[instance(neighbour, number=2)])
    assert (after.geometry != rough.geometry) is found


def test_of_several_the_likest_is_taken() -> None:
    rough, true = instance((150, 100, 210, 200)), (152, 104, 208, 200)
    after, _ = finer(rough, seen((180, 104, 236, 196), true), category="cat")
    assert likeness(after, true) > 0.7


def test_nothing_found_keeps_the_mask() -> None:
    rough = instance((150, 100, 210, 200))
    after, _ = finer(rough, seen(), category="cat", others=[instance((0, 0, 20, 20), number=2)])
    assert after.geometry == rough.geometry


def picture(box: Box) -> NDArray[np.uint8]:
    """A dark rectangle on bright ground."""
    left, top, right, bottom = box
    pixels = np.full((SIZE[1], SIZE[0], 3), 220, np.uint8)
    pixels[top:bottom, left:right] = (60, 40, 30)
    return pixels


@pytest.mark.parametrize("again", [True, False])
def test_fine_prototypes_draw_it_anew_found_again_or_not(again: bool) -> None:
    true = (150, 90, 230, 210)
    rough, detected = instance((160, 80, 222, 200)), (145, 100, 215, 215)
    look = shared_look()
    assert look is not None
    after, mask = finer(
        rough, seen(*([detected] if again else [])), category="cat", pixels=picture(true), finely=look
    )
    plain, _ = finer(rough, seen(*([detected] if again else [])), category="cat")
    assert likeness(after, true) > likeness(plain, true) + 0.03
    assert mask.bits.sum() == after.area
    assert after.origin is not None
    assert after.origin.region == REGION
    assert after.origin.box[:2] == pytest.approx(detected[:2] if again else after.bbox[:2], abs=1)


def test_what_a_person_drew_is_not_drawn_anew() -> None:
    drawn = replace(instance((160, 80, 222, 200)), state=AnnotationState.DRAWN)
    after, _ = finer(drawn, seen(), pixels=picture((150, 90, 230, 210)), finely=shared_look())
    assert after.geometry == drawn.geometry

"""Shapes and their pixels, against plain full-size arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from app.geometry import (
    EMPTY,
    PolygonPart,
    Polygons,
    clip,
    from_mask,
    intersect,
    mask_iou,
    measure,
    subtract,
    tight,
    to_mask,
    to_polygons,
    translate,
    union,
    window,
)
from model.masks import BoxMask

WIDTH, HEIGHT = 23, 17


@st.composite
def masks(draw: st.DrawFn) -> BoxMask:
    """Masks anywhere in or around the image, empty ones too."""
    width, height = draw(st.integers(0, 12)), draw(st.integers(0, 12))
    bits = draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height))
    left, top = draw(st.integers(-5, WIDTH)), draw(st.integers(-5, HEIGHT))
    return BoxMask(left, top, np.array(bits, np.bool_).reshape(height, width))


def full(mask: BoxMask) -> np.ndarray:
    """The whole picture, with room around the image."""
    return window(mask, -20, -20, WIDTH + 40, HEIGHT + 40)


@given(masks(), masks())
def test_set_operations_agree_with_full_arrays(a: BoxMask, b: BoxMask) -> None:
    assert (full(union(a, b)) == (full(a) | full(b))).all()
    assert (full(subtract(a, b)) == (full(a) & ~full(b))).all()
    assert (full(intersect(a, b)) == (full(a) & full(b))).all()


@given(masks(), masks())
def test_iou_agrees_with_full_arrays(a: BoxMask, b: BoxMask) -> None:
    either = (full(a) | full(b)).sum()
    assert mask_iou(a, b) == pytest.approx((full(a) & full(b)).sum() / either if either else 0)


@given(masks())
def test_run_lengths_give_back_what_lies_in_the_image(mask: BoxMask) -> None:
    inside = clip(mask, WIDTH, HEIGHT)
    back = to_mask(from_mask(mask, WIDTH, HEIGHT), WIDTH, HEIGHT)
    assert (full(back) == full(inside)).all()


@given(masks())
def test_box_and_area_come_from_the_mask(mask: BoxMask) -> None:
    (x, y, width, height), area = measure(from_mask(mask, WIDTH, HEIGHT), WIDTH, HEIGHT)
    ys, xs = np.nonzero(window(mask, 0, 0, WIDTH, HEIGHT))
    assert area == len(xs)
    if len(xs):
        assert (x, y, width, height) == (xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)


@given(masks())
def test_tight_keeps_the_pixels(mask: BoxMask) -> None:
    small = tight(mask)
    assert (full(small) == full(mask)).all()
    assert small.bits.size == 0 or (small.bits.any(0)[[0, -1]].all() and small.bits.any(1)[[0, -1]].all())


@given(st.lists(st.tuples(st.floats(-5, 30), st.floats(-5, 30)), min_size=3, max_size=8))
def test_polygons_are_filled_as_pycocotools_fills_them(ring: list[tuple[float, float]]) -> None:
    inside = [(min(max(x, 0), WIDTH), min(max(y, 0), HEIGHT)) for x, y in ring]
    flat = [value for point in inside for value in point]
    expected = coco_mask.decode(coco_mask.frPyObjects([flat], HEIGHT, WIDTH))[:, :, 0].astype(bool)
    mask = to_mask(Polygons((PolygonPart(tuple(inside)),)), WIDTH, HEIGHT)
    assert (window(mask, 0, 0, WIDTH, HEIGHT) != expected).sum() <= 1


def test_a_hole_is_not_in_the_mask() -> None:
    outline = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
    hole = ((4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0))
    mask = to_mask(Polygons((PolygonPart(outline, (hole,)),)), WIDTH, HEIGHT)
    assert mask.bits.sum() == 100 - 4


def test_a_vertex_that_is_no_number_is_refused() -> None:
    ring = ((0.0, 0.0), (float("nan"), 1.0), (3.0, 3.0))
    with pytest.raises(ValueError, match="finite"):
        to_mask(Polygons((PolygonPart(ring),)), WIDTH, HEIGHT)


def test_outlines_keep_holes_and_parts() -> None:
    bits = np.zeros((12, 20), np.bool_)
    bits[1:9, 1:9] = True
    bits[4:6, 4:6] = False
    bits[2:5, 14:18] = True
    polygons = to_polygons(BoxMask(2, 3, bits), tolerance=0)
    assert sorted(len(part.holes) for part in polygons.parts) == [0, 1]
    assert mask_iou(to_mask(polygons, 40, 40), BoxMask(2, 3, bits)) > 0.9


def test_nothing_stays_nothing() -> None:
    assert union().bits.size == 0
    assert to_polygons(EMPTY).parts == ()
    assert mask_iou(EMPTY, EMPTY) == 0


def test_translate_moves_the_frame() -> None:
    moved = translate(BoxMask(1, 2, np.ones((2, 2), np.bool_)), 3, -1)
    assert (moved.left, moved.top) == (4, 1)

"""Shapes and their pixels, against plain full-size arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from app.errors import DataError
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
    edges = (small.bits[0], small.bits[-1], small.bits[:, 0], small.bits[:, -1]) if small.bits.size else ()
    assert all(each.any() for each in edges)


COORDINATES = st.one_of(
    st.floats(-9, 35, allow_nan=False), st.integers(-45, 150).map(lambda n: n / 5), st.integers(-9, 35)
)


@given(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=8))
def test_polygons_are_filled_as_pycocotools_fills_them(ring: list[tuple[float, float]]) -> None:
    flat = [float(value) for point in ring for value in point]
    expected = coco_mask.decode(coco_mask.frPyObjects([flat], HEIGHT, WIDTH))[:, :, 0].astype(bool)
    mask = to_mask(Polygons((PolygonPart(tuple(ring)),)), WIDTH, HEIGHT)
    assert (window(mask, 0, 0, WIDTH, HEIGHT) == expected).all()


def test_a_hole_is_not_in_the_mask() -> None:
    outline = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))
    hole = ((4.0, 4.0), (6.0, 4.0), (6.0, 6.0), (4.0, 6.0))
    mask = to_mask(Polygons((PolygonPart(outline, (hole,)),)), WIDTH, HEIGHT)
    assert mask.bits.sum() == 100 - 4


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 1e300, 1e8])
def test_a_vertex_that_cannot_be_is_refused(wrong: float) -> None:
    ring = ((0.0, 0.0), (wrong, 1.0), (3.0, 3.0))
    with pytest.raises(DataError, match="draw it again"):
        to_mask(Polygons((PolygonPart(ring),)), WIDTH, HEIGHT)


@given(masks())
def test_exact_outlines_give_back_the_pixels(mask: BoxMask) -> None:
    inside = clip(mask, WIDTH, HEIGHT)
    back = to_mask(to_polygons(inside, tolerance=0), WIDTH, HEIGHT)
    assert (full(back) == full(inside)).all()


def test_outlines_keep_holes_and_parts() -> None:
    bits = np.zeros((12, 20), np.bool_)
    bits[1:9, 1:9] = True
    bits[4:6, 4:6] = False
    bits[2:5, 14:18] = True
    parts = to_polygons(BoxMask(2, 3, bits), tolerance=0).parts
    assert [len(part.holes) for part in parts] == [1, 0]
    assert parts[1].outline == ((16, 5), (20, 5), (20, 8), (16, 8))


def test_a_simplified_outline_has_few_corners_and_about_the_same_pixels() -> None:
    y, x = np.mgrid[:81, :81]
    disc = BoxMask(3, 4, np.hypot(x - 40, y - 40) <= 40)
    (part,) = to_polygons(disc, tolerance=1).parts
    assert len(part.outline) < 40
    assert mask_iou(to_mask(Polygons((part,)), 100, 100), disc) > 0.96


@pytest.mark.parametrize("tolerance", [0, 0.5, 3])
def test_a_single_pixel_has_an_outline(tolerance: float) -> None:
    pixel = BoxMask(5, 6, np.ones((1, 1), np.bool_))
    assert measure(to_polygons(pixel, tolerance), WIDTH, HEIGHT) == ((5, 6, 1, 1), 1)


def test_nothing_stays_nothing() -> None:
    assert union().bits.size == 0
    assert to_polygons(EMPTY).parts == ()
    assert mask_iou(EMPTY, EMPTY) == 0


def test_translate_moves_the_frame() -> None:
    moved = translate(BoxMask(1, 2, np.ones((2, 2), np.bool_)), 3, -1)
    assert (moved.left, moved.top) == (4, 1)

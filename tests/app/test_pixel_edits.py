"""Pixel edits, against definitions written out on full arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.geometry import EMPTY, union, window
from app.pixel_edits import (
    fill_holes,
    grow,
    merge,
    shrink,
    smooth,
    smoothing_radius,
    split,
    subtract_neighbours,
)
from model.masks import BoxMask

WIDTH, HEIGHT = 14, 11


@st.composite
def masks(draw: st.DrawFn) -> BoxMask:
    """Masks within the image, empty ones too."""
    left, top = draw(st.integers(0, WIDTH - 1)), draw(st.integers(0, HEIGHT - 1))
    width, height = draw(st.integers(0, WIDTH - left)), draw(st.integers(0, HEIGHT - top))
    bits = draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height))
    return BoxMask(left, top, np.array(bits, np.bool_).reshape(height, width))


def full(mask: BoxMask) -> np.ndarray:
    return window(mask, 0, 0, WIDTH, HEIGHT)


def square(left: int, top: int, right: int, bottom: int) -> BoxMask:
    return BoxMask(left, top, np.ones((bottom - top, right - left), np.bool_))


def test_masks_whose_columns_lie_together_are_worked_on_as_well() -> None:
    ring = np.ones((5, 6), np.bool_)
    ring[2, 2:4] = False
    mask = BoxMask(2, 3, np.asfortranarray(ring))  # as they come from a polygon
    assert fill_holes(mask).bits.all()
    assert (grow(mask, 1, WIDTH, HEIGHT).bits == grow(BoxMask(2, 3, ring), 1, WIDTH, HEIGHT).bits).all()


def within(bits: np.ndarray, pixels: float) -> np.ndarray:
    """Where some set pixel is within `pixels`, by trying them all."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    near = np.zeros_like(bits)
    for row, column in np.argwhere(bits):
        near |= (rows - row) ** 2 + (columns - column) ** 2 <= pixels**2
    return near


def reached_from_outside(bits: np.ndarray) -> np.ndarray:
    open_ = np.pad(~bits, 1, constant_values=True)
    reached = np.zeros_like(open_)
    reached[0, 0] = True
    while True:
        wider = reached.copy()
        wider[1:] |= reached[:-1]
        wider[:-1] |= reached[1:]
        wider[:, 1:] |= reached[:, :-1]
        wider[:, :-1] |= reached[:, 1:]
        wider &= open_
        if (wider == reached).all():
            return reached[1:-1, 1:-1]
        reached = wider


@given(masks(), st.sampled_from([1, 2, 3, 2.5]))
def test_growing_takes_what_is_near(mask: BoxMask, pixels: float) -> None:
    assert (full(grow(mask, pixels, WIDTH, HEIGHT)) == within(full(mask), pixels)).all()


@given(masks(), st.sampled_from([1, 2, 3]))
def test_shrinking_is_growing_of_what_is_outside(mask: BoxMask, pixels: float) -> None:
    expected = full(mask) & ~within(~full(mask), pixels)
    assert (full(shrink(mask, pixels, WIDTH, HEIGHT)) == expected).all()


def test_a_mask_of_the_whole_image_does_not_shrink() -> None:
    whole = square(0, 0, WIDTH, HEIGHT)
    assert (full(shrink(whole, 2, WIDTH, HEIGHT)) == full(whole)).all()


@given(masks())
def test_holes_are_what_the_outside_does_not_reach(mask: BoxMask) -> None:
    assert (full(fill_holes(mask)) == ~reached_from_outside(full(mask))).all()


def test_smoothing_takes_a_spike_and_a_notch_and_keeps_the_edge() -> None:
    bits = np.zeros((60, 60), np.bool_)
    bits[10:50, 10:50] = True
    bits[2:10, 30] = True
    bits[30, 10:14] = False
    after = window(smooth(BoxMask(0, 0, bits), 2), 0, 0, 60, 60)
    assert not after[:9, 30].any()
    assert after[30, 10:14].all()
    assert after[20:40, 10].all()
    assert not after[20:40, 9].any()


@pytest.mark.parametrize("operation", [fill_holes, lambda mask: smooth(mask, 3)])
def test_an_empty_mask_stays_empty(operation: object) -> None:
    assert not operation(EMPTY).bits.size  # type: ignore[operator]
    assert not operation(BoxMask(3, 3, np.zeros((4, 4), np.bool_))).bits.size  # type: ignore[operator]


def test_larger_masks_are_smoothed_more() -> None:
    assert smoothing_radius(1) == 1
    assert smoothing_radius(250_000) == 5
    assert smoothing_radius(1e9) == 24


@given(st.lists(masks(), max_size=3), masks())
def test_neighbours_are_taken_away(others: list[BoxMask], mask: BoxMask) -> None:
    expected = full(mask).copy()
    for each in others:
        expected &= ~full(each)
    assert (full(subtract_neighbours(mask, others)) == expected).all()
    assert (full(merge([mask, *others])) == full(union(mask, *others))).all()


@given(masks(), st.lists(st.tuples(st.floats(-3, 17), st.floats(-3, 14)), min_size=2, max_size=5))
def test_the_parts_of_a_split_are_the_mask(mask: BoxMask, line: list[tuple[float, float]]) -> None:
    parts = split(mask, line)
    if parts is not None:
        a, b = full(parts[0]), full(parts[1])
        assert a.any()
        assert b.any()
        assert not (a & b).any()
        assert ((a | b) == full(mask)).all()


def test_a_line_across_parts_left_from_right_the_larger_first() -> None:
    parts = split(square(1, 1, 13, 9), [(4.5, -2.0), (4.5, 11.0)])
    assert parts is not None
    assert full(parts[0])[:, 5:13].sum() == 8 * 8
    assert not full(parts[0])[:, :4].any()
    assert full(parts[1])[1:9, 1:4].all()
    assert not full(parts[1])[:, 5:].any()


def test_a_line_that_ends_within_goes_straight_on() -> None:
    parts = split(square(0, 0, 14, 10), [(7.5, 3.0), (7.5, 6.0)])
    assert parts is not None
    assert full(parts[0])[:10, 8:].all() or full(parts[0])[:10, :7].all()


def test_pieces_that_the_line_does_not_touch_stay_with_the_larger_part() -> None:
    apart = union(square(0, 0, 8, 4), square(10, 6, 12, 8))
    parts = split(apart, [(2.5, -1.0), (2.5, 5.0)])
    assert parts is not None
    assert full(parts[0])[6:8, 10:12].all()
    assert full(parts[0])[0, 7]
    assert full(parts[1])[0, 0]


def test_both_tips_of_a_fork_are_one_side() -> None:
    fork = union(square(0, 0, 3, 10), square(6, 0, 9, 10), square(0, 7, 9, 10))
    parts = split(fork, [(-1.0, 3.5), (10.0, 3.5)])
    assert parts is not None
    tips = full(parts[1])
    assert tips[0, 0]
    assert tips[0, 7]
    assert not tips[5:].any()


@pytest.mark.parametrize("line", [[(20.0, 0.0), (20.0, 9.0)], [(3.0, 3.0)], [(3.0, 3.0), (3.0, 3.0)]])
def test_a_line_that_parts_nothing(line: list[tuple[float, float]]) -> None:
    assert split(square(1, 1, 9, 9), line) is None

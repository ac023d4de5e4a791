"""Image and masks sampled for the screen: tiles join without a seam and agree with arithmetic by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.geometry import PolygonPart, Polygons
from model.masks import BoxMask
from tests.ui.canvas_fakes import disc, rectangle
from ui.canvas.sampling import Level, Span, pyramid, sample_image, sample_mask, sample_polygons


def photo(width: int = 200, height: int = 150) -> NDArray[np.uint8]:
    rng = np.random.default_rng(1)
    return rng.integers(0, 255, (height, width, 3), np.uint8)


def test_one_to_one_is_the_image_itself() -> None:
    pixels = photo()
    assert np.array_equal(sample_image(pyramid(pixels), 1.0, Span(20, 10, 60, 50)), pixels[10:60, 20:80])


@pytest.mark.parametrize("scale", [5.0, 7.3, 16.0, 40.0])
def test_large_pixels_are_squares(scale: float) -> None:
    pixels = photo(20, 15)
    span = Span(3, 2, 80, 60)
    columns = np.floor((np.arange(3, 83) + 0.5) / scale).astype(int).clip(0, 19)
    rows = np.floor((np.arange(2, 62) + 0.5) / scale).astype(int).clip(0, 14)
    assert np.array_equal(sample_image(pyramid(pixels), scale, span), pixels[rows][:, columns])


def test_half_size_is_the_average_of_four() -> None:
    pixels = photo(1200, 1000)
    mean = pixels[:100, :100].reshape(50, 2, 50, 2, 3).mean((1, 3))
    got = sample_image(pyramid(pixels), 0.5, Span(0, 0, 50, 50))
    assert np.abs(got - mean).max() <= 1


@pytest.mark.parametrize("scale", [0.21, 0.5, 0.77, 1.0, 1.9, 3.4, 4.0, 6.5])
def test_tiles_join_without_a_seam(scale: float) -> None:
    levels = pyramid(photo(900, 700))
    whole = sample_image(levels, scale, Span(0, 0, 120, 90))
    for left, top in ((0, 0), (60, 0), (0, 45), (60, 45)):
        part = sample_image(levels, scale, Span(left, top, 60, 45))
        apart = np.abs(part.astype(int) - whole[top : top + 45, left : left + 60])
        assert apart.max() <= 10  # of noise, whose every pixel is an edge
        assert apart.mean() < 3


def test_a_preview_lies_where_the_full_image_lies() -> None:
    pixels = np.zeros((800, 800, 3), np.uint8)
    pixels[:, 400:] = 255
    preview = [level for level in pyramid(pixels) if level.factor > 1] or [Level(1, pixels)]
    got = sample_image(preview, 1.0, Span(380, 0, 40, 1))[0, :, 0]
    assert got[5] == 0
    assert got[35] == 255
    assert abs(int(np.argmax(got > 127)) - 20) <= 1


def test_levels_halve_until_small() -> None:
    assert [level.pixels.shape[:2] for level in pyramid(photo(2001, 1501))] == [
        (1501, 2001),
        (750, 1000),
        (375, 500),
    ]


def test_a_mask_at_one_to_one_is_its_bits() -> None:
    mask = disc(30, 20, 12, (100, 80))
    got = sample_mask(mask, 1.0, Span(10, 0, 60, 50)) > 127
    full = np.zeros((80, 100), bool)
    full[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
    assert np.array_equal(got, full[0:50, 10:70])


@given(st.floats(0.02, 40), st.integers(-50, 400), st.integers(-50, 400))
@settings(deadline=None, max_examples=60)
def test_a_mask_covers_its_share_of_every_tile(scale: float, left: int, top: int) -> None:
    """Against the continuous rectangle that a full mask is: pixels away from its edges are sure."""
    mask = BoxMask(17, 9, np.ones((40, 60), np.bool_))
    span = Span(left, top, 50, 50)
    got = sample_mask(mask, scale, span)
    x = (np.arange(left, left + 50) + 0.5) / scale
    y = (np.arange(top, top + 50) + 0.5) / scale
    edge = max(1.0, 1.5 / scale)
    inside = ((x > 17 + edge) & (x < 77 - edge))[None] & ((y > 9 + edge) & (y < 49 - edge))[:, None]
    outside = ((x < 17 - edge) | (x > 77 + edge))[None] | ((y < 9 - edge) | (y > 49 + edge))[:, None]
    assert (got[inside] == 255).all()
    assert (got[outside] == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3000, 1), (2, 3)])
def test_the_thinnest_images_are_shown(size: tuple[int, int]) -> None:
    levels = pyramid(np.full((size[1], size[0], 3), 77, np.uint8))
    for scale in (0.05, 0.3, 1.0, 3.0, 9.0):
        width, height = max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)
        got = sample_image(levels, scale, Span(0, 0, min(width, 512), min(height, 512)))
        assert (got == 77).all()


def test_an_empty_mask_covers_nothing() -> None:
    assert not sample_mask(BoxMask(0, 0, np.zeros((0, 0), np.bool_)), 0.5, Span(0, 0, 20, 20)).any()
    assert not sample_mask(BoxMask(0, 0, np.zeros((0, 0), np.bool_)), 9.0, Span(0, 0, 20, 20)).any()


def test_polygons_cover_what_they_enclose() -> None:
    hole = ((14.0, 14.0), (26.0, 14.0), (26.0, 26.0), (14.0, 26.0))
    outline = rectangle(10, 10, 30, 30).parts[0].outline
    both = Polygons((PolygonPart(outline, (hole,)), rectangle(40, 10, 50, 20).parts[0]))
    covered = sample_polygons(both, 2.0, Span(0, 0, 120, 80))
    assert covered[22:26, 22:26].min() == 255
    assert covered[32:50, 32:50].max() == 0  # the hole
    assert covered[24:38, 82:98].min() == 255
    assert covered[24:38, 64:78].max() == 0


@pytest.mark.parametrize("scale", [0.3, 1.0, 5.0, 60.0])
def test_polygons_far_outside_a_tile_do_not_disturb_it(scale: float) -> None:
    big = rectangle(0, 0, 10_000, 10_000)
    assert sample_polygons(big, scale, Span(200, 200, 64, 64)).min() == 255

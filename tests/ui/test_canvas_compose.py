"""What tiles are made of: fill, outline, layers; and that tiles equal one picture painted at once."""

import numpy as np
import pytest

from app.annotation import AnnotationId
from model.masks import BoxMask
from tests.ui.canvas_fakes import disc, rectangle
from ui.canvas.compose import Picture, Shape, Style, paint_base, paint_over, tone_table
from ui.canvas.grid import TILE, TileKey, world_size
from ui.canvas.sampling import Span, pyramid
from ui.canvas.tiles import Job

RED = (255, 0, 0)
PLAIN = Style(RED)


def shape_of(mask: BoxMask, style: Style = PLAIN, id: int = 1) -> Shape:
    box = (mask.left - 1, mask.top - 1, mask.right + 1, mask.bottom + 1)
    return Shape(AnnotationId(id), mask, box, style)


def grey(width: int, height: int, value: int = 100) -> Picture:
    return Picture(pyramid(np.full((height, width, 3), value, np.uint8)), (width, height))


def test_without_shapes_a_tile_is_the_image() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    painted = paint_base(Picture(pyramid(pixels), (60, 40)), 1.0, Span(0, 0, 60, 40))
    assert np.array_equal(painted[:, :, 2::-1], pixels)
    assert (painted[:, :, 3] == 255).all()


def test_fill_outline_and_rim_lie_where_they_should() -> None:
    mask = BoxMask(20, 20, np.ones((40, 40), np.bool_))
    picture = grey(80, 80)
    style = Style(RED, fill=0.5, line=2.0, rim=0.0)
    painted = paint_base(
        Picture(picture.levels, picture.size, (shape_of(mask, style),)), 1.0, Span(0, 0, 80, 80)
    ).astype(int)
    assert painted[40, 40, :3].tolist() == pytest.approx([50, 50, 178], abs=2)  # half red over grey
    assert painted[40, 20, :3].tolist() == pytest.approx([0, 0, 255], abs=30)  # the outline
    assert painted[40, 10, :3].tolist() == [100, 100, 100]
    assert painted[5, 5, :3].tolist() == [100, 100, 100]


@pytest.mark.parametrize("scale", [0.5, 1.0, 2.0, 8.0])
def test_an_outline_is_as_wide_at_every_zoom(scale: float) -> None:
    size = round(60 * scale)
    mask = BoxMask(20, 0, np.ones((60, 40), np.bool_))
    style = Style(RED, fill=0.0, line=2.0, rim=0.0)
    over = paint_over([shape_of(mask, style)], scale, Span(0, 0, size, size), 1.0)
    assert over is not None
    across = over[size // 2, : round(40 * scale), 3].astype(float).sum() / 255
    assert across == pytest.approx(2.0, abs=0.35)


def test_a_selected_shape_is_painted_on_nothing() -> None:
    shape = shape_of(disc(30, 30, 10, (100, 100)))
    over = paint_over([shape], 1.0, Span(0, 0, 100, 100), 1.0)
    assert over is not None
    assert over[30, 30, 3] == pytest.approx(255 * 0.35, abs=2)
    assert not over[60:, 60:].any()
    assert (over[:, :, :3] <= over[:, :, 3:]).all()  # premultiplied
    assert paint_over([shape], 1.0, Span(500, 500, 50, 50), 1.0) is None


def test_later_shapes_lie_above() -> None:
    below = shape_of(BoxMask(0, 0, np.ones((40, 40), np.bool_)), Style((0, 255, 0), fill=1.0, line=0))
    above = shape_of(BoxMask(0, 0, np.ones((40, 40), np.bool_)), Style(RED, fill=1.0, line=0))
    over = paint_over([below, above], 1.0, Span(0, 0, 40, 40), 1.0)
    assert over is not None
    assert over[20, 20].tolist() == [0, 0, 255, 255]


def test_something_smaller_than_a_pixel_is_still_seen() -> None:
    speck = shape_of(BoxMask(503, 503, np.ones((2, 2), np.bool_)))
    over = paint_over([speck], 0.05, Span(0, 0, 50, 50), 1.0)
    assert over is not None
    assert over[..., 3].max() > 60


@pytest.mark.parametrize("scale", [0.37, 1.0, 2.5, 6.0, 20.0])
def test_tiles_equal_one_picture_painted_at_once(scale: float) -> None:
    rng = np.random.default_rng(3)
    size = (1500, 1300) if scale < 2 else (300, 220)
    pixels = rng.integers(0, 255, (size[1], size[0], 3), np.uint8)
    shapes = [
        shape_of(disc(x, y, r, size), Style(RED, dashed=dashed), id)
        for id, (x, y, r, dashed) in enumerate(
            ((180, 150, 90, False), (100, 100, 40, True), (210, 60, 55, False))
        )
    ]
    polygon = Shape(AnnotationId(9), rectangle(50, 60, 260, 200), (49, 59, 261, 201), Style((0, 90, 255)))
    picture = Picture(pyramid(pixels), size, (*shapes, polygon))
    width, height = (min(each, 1400) for each in world_size(size, scale))
    whole = paint_base(picture, scale, Span(0, 0, width, height))
    for row in range(-(-height // TILE)):
        for column in range(-(-width // TILE)):
            tile = Job(TileKey(scale, column, row), picture, (), 1).paint()
            x, y = tile.span.left, tile.span.top
            part = whole[y : y + tile.span.height, x : x + tile.span.width].astype(int)
            apart = np.abs(tile.base[: part.shape[0], : part.shape[1]] - part)
            assert apart.max() <= 8  # one step of coverage, where an outline's table is steep
            assert (apart > 2).mean() < 0.001


def test_the_pixel_grid_shows_from_sixteen_times_on() -> None:
    assert len(np.unique(paint_base(grey(20, 20), 15.9, Span(0, 0, 64, 64)))) == 2  # grey, and opaque
    painted = paint_base(grey(20, 20), 16.0, Span(0, 0, 64, 64))
    assert (painted[:, 16, :3] != 100).all()
    assert (painted[8, 17:31, :3] == 100).all()


def test_tone_is_for_display_only() -> None:
    picture = grey(20, 20, 100)
    brighter = Picture(picture.levels, picture.size, tone=tone_table(0.2, 0.0))
    assert paint_base(brighter, 1.0, Span(0, 0, 20, 20))[5, 5, 0] == pytest.approx(151, abs=1)
    assert picture.levels[0].pixels[5, 5, 0] == 100
    assert tone_table(0, 0) is None
    contrast = tone_table(0.0, 0.5)
    assert contrast is not None
    assert contrast[128] in (127, 128, 129)
    assert contrast[200] > 220

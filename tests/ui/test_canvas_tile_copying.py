"""Tiles on the screen: where they belong, and what stands in for those that are not painted yet."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from ui.canvas.grid import TILE, TileKey
from ui.canvas.tile_copying import copy_tiles
from ui.canvas.tiles import Tile, TileCache
from ui.canvas.transform import View

SIZE = (2 * TILE, TILE)  # the image: two tiles side by side at scale 1
KEYS = [TileKey(1.0, 0, 0), TileKey(1.0, 1, 0)]
RED, GREEN, BLUE = (0, 0, 255, 255), (0, 255, 0, 255), (255, 0, 0, 255)  # blue, green, red, alpha


def tile(key: TileKey, color: tuple[int, ...], over: tuple[int, ...] | None = None) -> Tile:
    span = key.span(SIZE)
    layers = [
        None if each is None else np.full((span.height, span.width, 4), each, np.uint8)
        for each in (color, over)
    ]
    assert layers[0] is not None
    return Tile(key, span, layers[0], layers[1], stamp=1)


@pytest.fixture
def cache(qapp: QApplication) -> TileCache:
    return TileCache()


def copied(
    cache: TileCache,
    *,
    view: View | None = None,
    dirty: QRect | None = None,
    stand_ins: tuple[float, ...] = (),
) -> QImage:
    """What is on a black screen then."""
    screen = QImage(2 * TILE, TILE, QImage.Format.Format_RGB32)
    screen.fill(QColor("black"))
    with QPainter(screen) as painter:
        copy_tiles(
            painter,
            dirty or screen.rect(),
            KEYS,
            cache,
            size=SIZE,
            view=view or View(1.0),
            stand_ins=stand_ins,
        )
    return screen


def names(screen: QImage, *places: int) -> list[str]:
    """Colours at these columns."""
    return [screen.pixelColor(x, 5).name() for x in places]


def test_tiles_lie_side_by_side_with_their_over_layer_on_top(cache: TileCache) -> None:
    cache.put(tile(KEYS[0], RED))
    cache.put(tile(KEYS[1], RED, over=GREEN))
    assert names(copied(cache), 0, TILE - 1, TILE) == ["#ff0000", "#ff0000", "#00ff00"]


def test_a_view_moves_them(cache: TileCache) -> None:
    cache.put(tile(KEYS[0], RED))
    cache.put(tile(KEYS[1], GREEN))
    moved = copied(cache, view=View(1.0, left=10))
    assert names(moved, 0, TILE - 11, TILE - 10, 2 * TILE - 10) == [
        "#ff0000",
        "#ff0000",
        "#00ff00",
        "#000000",
    ]


def test_only_what_is_dirty_is_copied(cache: TileCache) -> None:
    for key in KEYS:
        cache.put(tile(key, RED))
    assert names(copied(cache, dirty=QRect(0, 0, 10, 10)), 0, TILE) == ["#ff0000", "#000000"]


def test_a_tile_of_another_scale_stands_in_for_what_is_missing_only(cache: TileCache) -> None:
    cache.put(tile(KEYS[0], RED))
    cache.put(tile(TileKey(0.5, 0, 0), BLUE))  # all of the image, half as large
    assert names(copied(cache), 0, TILE) == ["#ff0000", "#000000"]
    shown = copied(cache, stand_ins=(0.5,))
    assert names(shown, 0, TILE - 1, TILE, 2 * TILE - 2) == ["#ff0000", "#ff0000", "#0000ff", "#0000ff"]

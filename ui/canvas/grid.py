"""The world cut into square tiles: pure functions about which tile is where. Frames: see `transform`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ui.canvas.sampling import Span
from ui.canvas.transform import Rect, View, grid_span

TILE = 512  # device pixels a side
OVERVIEW = 1024  # device pixels: the larger side of the whole image that is always kept


@dataclass(frozen=True, slots=True)
class TileKey:
    """Which tile: `scale` in device pixels per image pixel, column and row of the world at that scale."""

    scale: float
    column: int
    row: int

    def span(self, size: tuple[int, int]) -> Span:
        """The tile's rectangle of the world, cut at the edge of an image of `size` (width, height)."""
        left, top = self.column * TILE, self.row * TILE
        width, height = world_size(size, self.scale)
        return Span(left, top, min(TILE, width - left), min(TILE, height - top))


def world_size(size: tuple[int, int], scale: float) -> tuple[int, int]:
    """An image's size in device pixels, at least 1 x 1."""
    return max(round(size[0] * scale), 1), max(round(size[1] * scale), 1)


def image_rect(span: Span, scale: float) -> Rect:
    """The rectangle of the image that a span of the world shows."""
    return (
        span.left / scale,
        span.top / scale,
        (span.left + span.width) / scale,
        (span.top + span.height) / scale,
    )


def keys_in(view: View, seen: tuple[int, int], size: tuple[int, int], margin: int = 0) -> list[TileKey]:
    """The tiles of an image of `size` in a view of `seen` device pixels, and `margin` around it."""
    width, height = world_size(size, view.scale)
    columns = grid_span(view.left - margin, min(view.left + seen[0] + margin, width), TILE)
    rows = grid_span(view.top - margin, min(view.top + seen[1] + margin, height), TILE)
    return [TileKey(view.scale, column, row) for row in rows for column in columns]


def overview(size: tuple[int, int]) -> list[TileKey]:
    """The tiles that show the whole image at a glance."""
    scale = min(OVERVIEW / max(size), 1.0)
    width, height = world_size(size, scale)
    return [
        TileKey(scale, column, row)
        for row in range(math.ceil(height / TILE))
        for column in range(math.ceil(width / TILE))
    ]


def nearest_first(keys: Iterable[TileKey], x: float, y: float) -> list[TileKey]:
    """Tiles by their distance from a point of the world, device pixels."""
    return sorted(
        keys, key=lambda key: ((key.column + 0.5) * TILE - x) ** 2 + ((key.row + 0.5) * TILE - y) ** 2
    )

"""Tiles are copied to the screen; where some are missing, what was shown before stands in, resized."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QPoint, QRect, QRectF
from PySide6.QtGui import QPainter, QRegion

from ui.canvas.grid import TileKey
from ui.canvas.sampling import Span
from ui.canvas.tiles import Tile, TileCache
from ui.canvas.transform import View


def copy_tiles(
    painter: QPainter,
    dirty: QRect,
    keys: Sequence[TileKey],
    cache: TileCache,
    *,
    size: tuple[int, int],
    view: View,
    stand_ins: Collection[float],
) -> None:
    """Copy those of `keys` that meet `dirty`. `painter` and `dirty`: device pixels of the widget.

    `size`: the image's; `stand_ins`: scales of tiles that may be shown where those of the view are missing.
    """
    tiles = [(_qrect(key.span(size)).translated(-view.left, -view.top), cache.get(key)) for key in keys]
    near = [(place, tile) for place, tile in tiles if dirty.intersects(place)]
    gaps = QRegion()
    for place, tile in near:
        if tile is None:
            gaps = gaps.united(place)
    if not gaps.isEmpty():
        _stand_in(painter, gaps, cache, view, stand_ins)
    for place, tile in near:
        if tile is not None:
            _copy(painter, place.topLeft(), tile)


def _stand_in(
    painter: QPainter, gaps: QRegion, cache: TileCache, view: View, scales: Collection[float]
) -> None:
    painter.save()
    painter.setClipRegion(gaps)
    for tile in cache.at_other_scales(view.scale):
        if tile.key.scale not in scales:
            continue
        span, factor = tile.span, view.scale / tile.key.scale
        left, top = span.left * factor - view.left, span.top * factor - view.top
        place = QRectF(left, top, span.width * factor, span.height * factor)
        if gaps.intersects(place.toAlignedRect()):
            _copy(painter, place, tile)
    painter.restore()


def _copy(painter: QPainter, place: QPoint | QRectF, tile: Tile) -> None:
    painter.drawImage(place, tile.base_image())
    over = tile.over_image()
    if over is not None:
        painter.drawImage(place, over)


def _qrect(span: Span) -> QRect:
    return QRect(span.left, span.top, span.width, span.height)

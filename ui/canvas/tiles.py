"""The world in square tiles, painted by threads; the GUI thread only copies them to the screen.

A tile has a *base* (the image and the settled instances) and, where something is selected or being edited, an
*over* layer. What the canvas wishes for replaces what it wished for before, so that a fast zoom leaves no
queue behind. Tiles are numpy arrays that QImages look into; those stay alive as long as their tile.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from ui.canvas.compose import Picture, Shape, paint_base, paint_over
from ui.canvas.grid import TileKey, image_rect
from ui.canvas.sampling import Span
from ui.canvas.transform import Rect, touches
from ui.relay import to_gui_thread

THREADS = 2
KEPT_BYTES = 96 << 20  # tiles beyond what the screen shows that are kept at most


@dataclass(slots=True, eq=False)
class Tile:
    """Painted pixels of one tile: (h, w, 4) premultiplied blue, green, red, alpha."""

    key: TileKey
    span: Span
    base: NDArray[np.uint8]
    over: NDArray[np.uint8] | None
    stamp: int  # of the scene that it shows
    base_stale: bool = False
    over_stale: bool = False
    _images: dict[int, QImage] = field(default_factory=dict)

    @property
    def stale(self) -> bool:
        return self.base_stale or self.over_stale

    @property
    def bytes(self) -> int:
        return self.base.nbytes + (self.over.nbytes if self.over is not None else 0)

    def base_image(self) -> QImage:
        """The base as an image that looks into `base`."""
        return self._image(self.base, QImage.Format.Format_RGB32)

    def over_image(self) -> QImage | None:
        """The over layer as an image that looks into `over`; None where it is empty."""
        if self.over is None:
            return None
        return self._image(self.over, QImage.Format.Format_ARGB32_Premultiplied)

    def patch(self, rect: Rect, shapes: Sequence[Shape], ratio: float) -> None:
        """Paint the over layer anew where it lies within `rect` (image pixels); any other part stays."""
        scale, span = self.key.scale, self.span
        if not touches(rect, image_rect(span, scale)):
            return
        left, top = max(math.floor(rect[0] * scale), span.left), max(math.floor(rect[1] * scale), span.top)
        right = min(math.ceil(rect[2] * scale), span.left + span.width)
        bottom = min(math.ceil(rect[3] * scale), span.top + span.height)
        if left >= right or top >= bottom:
            return
        part = paint_over(shapes, scale, Span(left, top, right - left, bottom - top), ratio)
        if self.over is None:
            if part is None:
                return
            self.over = np.zeros((span.height, span.width, 4), np.uint8)
        rows, columns = slice(top - span.top, bottom - span.top), slice(left - span.left, right - span.left)
        self.over[rows, columns] = 0 if part is None else part

    def _image(self, pixels: NDArray[np.uint8], form: QImage.Format) -> QImage:
        image = self._images.get(id(pixels))
        if image is None:
            height, width = pixels.shape[:2]
            image = QImage(pixels.data, width, height, pixels.strides[0], form)
            self._images[id(pixels)] = image
        return image


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """One tile to paint. `base`: the base to keep, None to paint it too."""

    key: TileKey
    picture: Picture
    over: tuple[Shape, ...]
    stamp: int
    base: NDArray[np.uint8] | None = None

    def paint(self) -> Tile:
        """Do the work; any thread."""
        span = self.key.span(self.picture.size)
        base = self.base if self.base is not None else paint_base(self.picture, self.key.scale, span)
        over = paint_over(self.over, self.key.scale, span, self.picture.ratio)
        return Tile(self.key, span, base, over, self.stamp)


class TilePainter(QObject):
    """Threads that paint what was wished for last, first things first."""

    painted = Signal()  # on the GUI thread: something to `take`

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ready = threading.Condition()
        self._wishes: list[Job] = []
        self._under_way: dict[TileKey, int] = {}
        self._done: list[Tile] = []
        self._closed = False
        self._announced = False
        self._threads: list[threading.Thread] = []
        self._announce = to_gui_thread(self._tell)

    def wish(self, jobs: Sequence[Job]) -> None:
        """Paint these, the first ones first; earlier wishes that have not been begun are forgotten."""
        with self._ready:
            self._wishes = [job for job in jobs if self._under_way.get(job.key) != job.stamp]
            if self._wishes and not self._closed:
                self._start()
            self._ready.notify_all()

    def take(self) -> list[Tile]:
        """The tiles painted since the last call."""
        with self._ready:
            done, self._done = self._done, []
            self._announced = False
        return done

    @property
    def idle(self) -> bool:
        """Whether nothing is wished for, under way, or waiting to be taken."""
        with self._ready:
            return not (self._wishes or self._under_way or self._done)

    def close(self) -> None:
        """End the threads; at most one tile's time."""
        with self._ready:
            self._closed = True
            self._wishes = []
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _tell(self, _: None) -> None:
        self.painted.emit()

    def _start(self) -> None:
        """Threads are made when first needed, and again if a fault has ended one."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        for number in range(len(self._threads), THREADS):
            self._threads.append(threading.Thread(target=self._run, name=f"tiles-{number}", daemon=True))
            self._threads[-1].start()

    def _run(self) -> None:
        while True:
            with self._ready:
                while not self._wishes and not self._closed:
                    self._ready.wait()
                if self._closed:
                    return
                job = self._wishes.pop(0)
                self._under_way[job.key] = job.stamp
            tile = None
            try:
                tile = job.paint()
            finally:
                with self._ready:
                    self._under_way.pop(job.key, None)
                    announce = tile is not None and not self._announced and not self._closed
                    if tile is not None:
                        self._done.append(tile)
                    self._announced = self._announced or announce
            if announce:
                self._announce(None)


class TileCache:
    """Painted tiles, the least recently shown dropped first; knows which no longer show the truth."""

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._tiles: OrderedDict[TileKey, Tile] = OrderedDict()
        self._changes: list[tuple[int, Rect, bool]] = []  # stamp, image rectangle, base too
        self._kept = kept_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._tiles)

    def get(self, key: TileKey) -> Tile | None:
        """The tile, stale or not; counts as shown."""
        tile = self._tiles.get(key)
        if tile is not None:
            self._tiles.move_to_end(key)
        return tile

    def at_other_scales(self, scale: float) -> list[Tile]:
        """Tiles of other scales, the coarsest first: what to show, resized, where one is missing."""
        return sorted(
            (tile for tile in self._tiles.values() if tile.key.scale != scale),
            key=lambda tile: tile.key.scale,
        )

    def put(self, tile: Tile) -> None:
        """Keep a painted tile; what changed since its stamp makes it stale."""
        seen = image_rect(tile.span, tile.key.scale)
        for stamp, rect, base in self._changes:
            if stamp > tile.stamp and touches(rect, seen):
                tile.base_stale |= base
                tile.over_stale = True
        old = self._tiles.pop(tile.key, None)
        self._bytes += tile.bytes - (old.bytes if old else 0)
        self._tiles[tile.key] = tile
        while self._bytes > self._kept and len(self._tiles) > 1:
            _, dropped = self._tiles.popitem(last=False)
            self._bytes -= dropped.bytes

    def allow(self, kept_bytes: int) -> None:
        """Keep up to so many bytes: at least what one screen needs."""
        self._kept = max(kept_bytes, KEPT_BYTES)

    def invalidate(self, rect: Rect, stamp: int, *, base: bool = True) -> None:
        """What lies under `rect` (image pixels) changed at `stamp`; only the over layer if not `base`."""
        self._changes = [*self._changes[-255:], (stamp, rect, base)]
        for tile in self._tiles.values():
            if touches(rect, image_rect(tile.span, tile.key.scale)):
                tile.base_stale |= base
                tile.over_stale = True

    def clear(self) -> None:
        """Forget everything: another image."""
        self._tiles.clear()
        self._changes.clear()
        self._bytes = 0

"""What is on the screen: which tiles a view needs, in what order, and how to show what is there already.

Between the widget, which has the view, and the threads, which paint. An instance being edited is *live*: it
is painted into the over layer of the tiles in view at once, only where it changed, by the GUI thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QPainter

from ui.canvas.compose import REACH, Picture, Shape, tone_table
from ui.canvas.grid import TILE, TileKey, keys_in, nearest_first, overview
from ui.canvas.live import Live
from ui.canvas.sampling import Level
from ui.canvas.scene import Damage, Look, MaskStore, Scene
from ui.canvas.tile_copying import copy_tiles
from ui.canvas.tiles import Job, TileCache, TilePainter
from ui.canvas.transform import Rect, View, grown, union


class Stage(QObject):
    """The tiles of one canvas."""

    damaged = Signal(QRect)  # world device pixels; empty = everything
    complete = Signal()  # all of the view is painted and true

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.masks = MaskStore()
        self.scene = Scene(self.masks)
        self.live: Live | None = None
        self._cache = TileCache()
        self._painter = TilePainter(self)
        self._painter.painted.connect(self._take)
        self._picture: Picture | None = None
        self._look = Look()
        self._stamp = 0
        self._oldest = 0  # tiles with an earlier stamp are of another image
        self._view: View | None = None
        self._seen = (0, 0)  # the widget, device pixels
        self._shown_scale = 0.0  # the last scale at which the view was complete
        self._held = 0

    # what is to be seen

    def clear(self) -> None:
        """No image."""
        self._picture = None
        self._view = None
        self.live = None
        self._forget()
        self.scene.clear()
        self._painter.wish([])

    def set_image(self, size: tuple[int, int], ratio: float) -> None:
        """Another image, of which no pixel is there yet."""
        self.clear()
        self._picture = Picture((), size, (), ratio, tone_table(self._look.brightness, self._look.contrast))

    def set_levels(self, levels: Sequence[Level]) -> None:
        """Pixels arrived: a preview, or all of them."""
        self._picture = replace(self._there, levels=tuple(levels))
        self._changed_all()

    @property
    def has_pixels(self) -> bool:
        return self._picture is not None and bool(self._picture.levels)

    @property
    def is_full(self) -> bool:
        """Whether the image's own pixels are there, not only a preview."""
        return self._picture is not None and any(level.factor == 1 for level in self._picture.levels)

    @property
    def is_complete(self) -> bool:
        """Whether all of the view is painted and shows the truth."""
        return self.has_pixels and not self._missing()

    def set_look(self, look: Look) -> None:
        """Brightness and contrast; the shapes' look comes with `show`."""
        tone_changed = (look.brightness, look.contrast) != (self._look.brightness, self._look.contrast)
        self._look = look
        if self._picture is not None and tone_changed:
            self._picture = replace(self._picture, tone=tone_table(look.brightness, look.contrast))
            self._changed_all()

    def show(self, damage: Sequence[Damage]) -> None:
        """The scene's shapes changed there."""
        if self._picture is None or not damage:  # a new stamp would have tiles under way painted again
            return
        self._picture = replace(self._picture, shapes=self.scene.base)
        self._stamp += 1
        for each in damage:
            self._cache.invalidate(grown(each.rect, self._reach()), self._stamp, base=each.base)
        self.request()

    def set_view(self, view: View, width: int, height: int) -> None:
        """The widget shows this; its size in device pixels."""
        self._view, self._seen = view, (width, height)
        if self._picture is not None and self._picture.ratio != view.ratio:
            self._picture = replace(self._picture, ratio=view.ratio)
            self._changed_all()
        self._cache.allow(width * height * 4 * 5)
        self.request()

    # tiles

    @contextmanager
    def held(self) -> Iterator[None]:
        """Changes made inside are painted together, at its end."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self.request()

    def request(self) -> None:
        """Have the threads paint what is missing or untrue: the view, the whole at a glance, surroundings."""
        view, picture = self._view, self._picture
        if self._held:
            return
        if view is None or picture is None or not picture.levels:
            self._painter.wish([])
            return
        middle = view.left + self._seen[0] / 2, view.top + self._seen[1] / 2
        wanted = nearest_first(self._keys(view), *middle)
        if all((tile := self._cache.get(key)) and not tile.stale for key in wanted):
            self._shown_scale = view.scale
        wanted += overview(picture.size)
        wanted += [
            key for key in nearest_first(self._keys(view, TILE // 2), *middle) if key not in set(wanted)
        ]
        self._painter.wish([job for key in wanted if (job := self._job(key, picture)) is not None])

    def _job(self, key: TileKey, picture: Picture) -> Job | None:
        tile = self._cache.get(key)
        if tile is not None and not tile.stale:
            return None
        kept = tile.base if tile is not None and not tile.base_stale else None
        return Job(key, picture, self.over_shapes(), self._stamp, kept)

    def over_shapes(self) -> tuple[Shape, ...]:
        """What lies in the over layer: the selected instances, and the one being edited as it is now."""
        live = self.live
        if live is None or self._look.peek:
            return self.scene.over
        return (
            *(shape for shape in self.scene.over if live.id is None or shape.id != live.id),
            live.shape(self._look),
        )

    def _keys(self, view: View, margin: int = 0) -> list[TileKey]:
        return keys_in(view, self._seen, self._there.size, margin)

    def _missing(self) -> list[TileKey]:
        if self._view is None or self._picture is None:
            return []
        tiles = ((key, self._cache.get(key)) for key in self._keys(self._view))
        return [key for key, tile in tiles if tile is None or tile.stale]

    def _take(self) -> None:
        view = self._view
        if view is None:
            self._painter.take()
            return
        missing_before = bool(self._missing())
        for tile in self._painter.take():
            if tile.stamp < self._oldest:
                continue
            self._cache.put(tile)
            if self.live is not None and self.live.touched is not None and self._picture is not None:
                tile.patch(self.live.touched, self.over_shapes(), self._picture.ratio)
            if tile.key.scale == view.scale:
                self.damaged.emit(QRect(tile.span.left, tile.span.top, tile.span.width, tile.span.height))
        if missing_before and not self._missing():
            self._shown_scale = view.scale
            self.complete.emit()
        self.request()

    # painting

    def draw(self, painter: QPainter, dirty: QRect) -> None:
        """Copy tiles to the screen. `painter` is scaled to device pixels of the widget, as is `dirty`."""
        view = self._view
        if view is None or self._picture is None or not self._picture.levels:
            return
        size = self._picture.size
        stand_ins = overview(size)[0].scale, self._shown_scale
        copy_tiles(painter, dirty, self._keys(view), self._cache, size=size, view=view, stand_ins=stand_ins)

    # the instance being edited

    def show_live(self, live: Live, *, unchanged: bool = False) -> None:
        """Show an instance as it is being edited, in place of the settled one; `unchanged`: so far."""
        self.live = live
        live.touched = None
        if not unchanged:
            self.patch(live.extent)

    def patch(self, rect: Rect) -> None:
        """The live instance changed within `rect` (image pixels): paint that part of the view now."""
        live, view = self.live, self._view
        if live is None or view is None or self._picture is None:
            return
        rect = grown(rect, self._reach())
        live.touched = rect if live.touched is None else union(live.touched, rect)
        for key in self._keys(view):
            tile = self._cache.get(key)
            if tile is not None:
                tile.patch(rect, self.over_shapes(), self._picture.ratio)
        self.damaged.emit(
            QRect(
                math.floor(rect[0] * view.scale) - 1,
                math.floor(rect[1] * view.scale) - 1,
                math.ceil((rect[2] - rect[0]) * view.scale) + 3,
                math.ceil((rect[3] - rect[1]) * view.scale) + 3,
            )
        )

    def end_live(self, *, settled: bool = False) -> None:
        """Back to the scene as it is. `settled`: it already shows what was live, none has to be painted."""
        live, self.live = self.live, None
        if live is None or live.touched is None or settled:
            return
        self._stamp += 1
        self._cache.invalidate(live.touched, self._stamp, base=False)
        self.request()

    def close(self) -> None:
        """End the threads."""
        self._painter.close()

    # small things

    @property
    def _there(self) -> Picture:
        assert self._picture is not None
        return self._picture

    def _forget(self) -> None:
        self._stamp += 1
        self._oldest = self._stamp
        self._cache.clear()
        self._shown_scale = 0.0

    def _changed_all(self) -> None:
        width, height = self._there.size
        self._stamp += 1
        self._cache.invalidate((-1.0, -1.0, width + 1.0, height + 1.0), self._stamp)
        self.request()

    def _reach(self) -> float:
        """How far a change shows beyond its rectangle, image pixels."""
        scale = self._view.scale if self._view else 1.0
        ratio = self._picture.ratio if self._picture else 1.0
        return REACH * ratio / min(scale, 1.0) + 3

"""Showing one mask after another of the instance under work, painting only where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.annotation import AnnotationId
from app.solving import Rect, changed_rect
from model.masks import BoxMask
from ui.canvas.compose import Color
from ui.canvas.live import Live, extent_of
from ui.canvas.transform import union

if TYPE_CHECKING:
    from ui.canvas.view import Canvas

Known = tuple[BoxMask, Rect | None] | None


class LiveMask:
    """The live instance of one canvas, whose mask is replaced as a whole."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._shown: Live | None = None
        self.shows = 0  # masks that were shown, for whoever measures

    @property
    def mask(self) -> BoxMask | None:
        """The mask that is on the screen now, None where none is live."""
        shown = self._shown
        if shown is None or shown is not self._canvas.stage.live:
            return None
        assert isinstance(shown.geometry, BoxMask)
        return shown.geometry

    def show(
        self,
        id: AnnotationId | None,
        mask: BoxMask,
        color: Color,
        settled: BoxMask | None,
        known: Known = None,
    ) -> None:
        """Show a mask. `settled`: the document's, on the screen where none is live; `known`: (a mask, where
        it differs from the new one), which saves comparing them here if it is the one on the screen."""
        old = self._canvas.stage.live if self.mask is not None else None
        if old is not None and old.id != id:
            self.end()
            old = None
        before = settled if old is None else self.mask
        box = extent_of(mask)
        difference: Rect | None = box
        if before is not None and before.bits.size:
            box = union(box, extent_of(before))
            same = known is not None and known[0] is before
            difference = known[1] if known is not None and same else changed_rect(before, mask)
        live = Live(id, mask, color, box if old is None or old.box is None else union(box, old.box))
        touched = old.touched if old is not None else None
        self._canvas.show_live(live, unchanged=True)
        live.touched = touched
        self._shown = live
        self.shows += 1
        if difference is not None:
            self._canvas.patch_live(difference)

    def end(self, *, settled: bool = False) -> None:
        """No longer; `settled`: what is shown is in the document now."""
        if self._shown is not None and self._shown is self._canvas.stage.live:
            self._canvas.end_live(settled=settled)
        self._shown = None

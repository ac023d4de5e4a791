"""The eight handles of the selected instance's box. Frame: image pixels; boxes are x, y, width, height.

What dragging a side means depends on the instance: one that a model proposed is cropped anew from its
prototypes (so that a larger box brings pixels back), a drawn rectangle is stretched, another mask is cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from app.annotation import Annotation, AnnotationState
from app.correction import Box, present
from app.edits import EditKind, change
from app.frames import recomposed
from app.geometry import PolygonPart, Polygons, from_mask, intersect
from model.errors import InputError
from model.masks import BoxMask
from ui.canvas import hit_testing, overlay
from ui.canvas.live import Live
from ui.tools.base import Pointer, Tool
from ui.tools.latest import Latest
from ui.tools.sources import sources_of
from ui.turns import Errand, turns_of

if TYPE_CHECKING:
    from app.document import ImageDocument

GRIP = 7.0  # widget units
CURSORS = {
    "nw": Qt.CursorShape.SizeFDiagCursor,
    "se": Qt.CursorShape.SizeFDiagCursor,
    "ne": Qt.CursorShape.SizeBDiagCursor,
    "sw": Qt.CursorShape.SizeBDiagCursor,
    "n": Qt.CursorShape.SizeVerCursor,
    "s": Qt.CursorShape.SizeVerCursor,
    "e": Qt.CursorShape.SizeHorCursor,
    "w": Qt.CursorShape.SizeHorCursor,
}

Made = tuple[Box, Annotation, BoxMask]


@dataclass(slots=True, eq=False)
class _Drag:
    before: Annotation
    handle: str
    box: Box
    now: Box
    made: Made | None = None  # the newest crop from the prototypes, and its box
    ended: bool = False  # let go of, and waiting for the crop of its last place
    errand: Errand | None = None  # of that


class BoxHandles:
    """Handles of the one selected annotation that has no vertices to drag, or is a rectangle."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._latest = Latest(tool.canvas)
        self._sources = sources_of(tool.session)
        self._drag: _Drag | None = None
        self._hot = -1

    @property
    def busy(self) -> bool:
        return self._drag is not None

    @property
    def cursor(self) -> Qt.CursorShape | None:
        handle = self._drag.handle if self._drag is not None else None
        if handle is None and self._hot >= 0:
            handle = hit_testing.HANDLES[self._hot]
        return CURSORS[handle] if handle is not None else None

    def target(self) -> Annotation | None:
        """The annotation whose box can be dragged."""
        chosen = self._tool.only_selected()
        if chosen is None or (isinstance(chosen.geometry, Polygons) and not is_rectangle(chosen.geometry)):
            return None
        return chosen

    def press(self, pointer: Pointer) -> bool:
        """Grip a handle; True if there was one."""
        self.leave()
        self.hover(pointer)
        target = self.target()
        if target is None or self._hot < 0:
            return False
        self._tool.began()
        self._drag = _Drag(target, hit_testing.HANDLES[self._hot], target.bbox, target.bbox)
        return True

    def hover(self, pointer: Pointer) -> None:
        """See what lies under the pointer."""
        target = self.target()
        hot = -1
        if target is not None:
            grip = self._tool.canvas.tolerance(GRIP)
            hot = hit_testing.nearest(hit_testing.box_handles(target.bbox), *pointer.point, grip)
        if hot != self._hot:
            self._hot = hot
            if target is not None:
                self._tool.canvas.update_image_rect(_corners(target.bbox))

    def move(self, pointer: Pointer) -> bool:
        """Go on dragging; True if a handle is gripped."""
        drag = self._drag
        if drag is None or drag.ended:
            self.hover(pointer)
            return False
        canvas = self._tool.canvas
        canvas.update_image_rect(_corners(drag.now))
        drag.now = hit_testing.dragged_box(drag.box, drag.handle, *self._tool.clip(*pointer.point))
        canvas.update_image_rect(_corners(drag.now))
        geometry = drag.before.geometry
        if isinstance(geometry, Polygons):
            canvas.show_live(Live(drag.before.id, stretched(geometry, drag.box, drag.now), self._color(drag)))
        elif self._can_recrop(drag.before):
            self._crop_again(drag)
        else:
            mask = cropped(canvas.mask_of(drag.before.id), drag.now)
            canvas.end_live()
            canvas.show_live(Live(drag.before.id, mask, self._color(drag)))
        return True

    def _crop_again(self, drag: _Drag) -> None:
        """Have a thread make the mask in the box as it is now, from the prototypes."""
        self._latest.ask(self._cropping(drag), lambda answer: self._cropped(drag, answer))

    def _cropping(self, drag: _Drag) -> Callable[[], Made]:
        prediction = self._sources.get(drag.before)
        assert prediction is not None
        box, before = drag.now, drag.before
        return lambda: (box, *recomposed(before, prediction, present(before), box=box))

    def _crop_for_good(self, drag: _Drag, document: ImageDocument) -> None:
        """The same of a side that was let go: it becomes an edit, whatever is shown by then."""
        drag.ended = True
        self._latest.forget()
        drag.errand = turns_of(self._tool.session).begin(
            document, self._cropping(drag), lambda answer: self._let_go(drag, document, answer)
        )

    def _let_go(self, drag: _Drag, document: ImageDocument, answer: Made | InputError) -> None:
        if drag is self._drag:
            self._drag = None
        if isinstance(answer, InputError):
            self._end_live(drag)
            self._tool.tell(str(answer), "warning")
        elif document.annotations.get(drag.before.id) == drag.before:
            drag.made = answer
            self._end(drag, document)
        else:
            self._end_live(drag)

    def _end_live(self, drag: _Drag) -> None:
        live = self._tool.canvas.stage.live
        if live is not None and live.id == drag.before.id:
            self._tool.canvas.end_live()

    def _cropped(self, drag: _Drag, answer: Made | InputError) -> None:
        if drag is not self._drag or drag.ended:
            return
        if isinstance(answer, InputError):
            self.cancel()
            self._tool.tell(str(answer), "warning")
            return
        drag.made = answer
        canvas = self._tool.canvas
        canvas.end_live()
        canvas.show_live(Live(drag.before.id, answer[2], self._color(drag)))

    def release(self) -> bool:
        """The box stays; True if a handle was gripped."""
        drag, document = self._drag, self._tool.document
        if drag is None or drag.ended or document is None:
            return False
        if drag.now == drag.box:
            self._drag = None
            self._tool.canvas.end_live()
            return True
        recrops = not isinstance(drag.before.geometry, Polygons) and self._can_recrop(drag.before)
        if recrops and (drag.made is None or drag.made[0] != drag.now):
            self._crop_for_good(drag, document)
            return True
        self._drag = None
        self._end(drag, document)
        return True

    def _end(self, drag: _Drag, document: ImageDocument) -> None:
        self._end_live(drag)
        if drag.now[2] <= 0 or drag.now[3] <= 0 or not self._settle(drag, document):
            self._tool.tell("the box would be empty, so it was kept as it was", "warning")
        self._tool.canvas.update()

    def _settle(self, drag: _Drag, document: ImageDocument) -> bool:
        before, tool = drag.before, self._tool
        if isinstance(before.geometry, Polygons):
            return tool.reshape(before, stretched(before.geometry, drag.box, drag.now), kind=EditKind.SET_BOX)
        if drag.made is not None:
            _, after, mask = drag.made
            if after.area <= 0:
                return False
            if document is tool.document:
                tool.canvas.stage.masks.prime(after.id, after.geometry, mask)
            tool.perform(document, change(EditKind.SET_BOX, before.image_id, [(before, after)]))
            return True
        mask = cropped(tool.canvas.mask_of(before.id), drag.now)
        if not mask.bits.any():
            return False
        width, height = tool.canvas.image_size
        if larger(drag.now, drag.box):
            tool.tell(
                "only a model's mask grows with its box; this one can be cut by it. Use the brush to add",
                "info",
            )
        return tool.reshape(before, from_mask(mask, width, height), kind=EditKind.SET_BOX)

    def _can_recrop(self, annotation: Annotation) -> bool:
        return annotation.origin is not None and self._sources.get(annotation) is not None

    def leave(self) -> bool:
        """Back to how it was, but for a side that was let go: that is an edit yet. True if there was any."""
        if self._drag is not None and self._drag.ended:
            self._drag, self._hot = None, -1
            return True
        return self.cancel()

    def cancel(self) -> bool:
        """Back to how it was."""
        drag, self._drag = self._drag, None
        self._hot = -1
        if drag is None:
            return False
        if drag.errand is not None:
            turns_of(self._tool.session).drop(drag.errand)
        self._latest.forget()
        self._tool.canvas.end_live()
        self._tool.canvas.update()
        return True

    def paint(self, painter: QPainter) -> None:
        """The box and its handles."""
        view, target = self._tool.canvas.view, self.target()
        if view is None or target is None or target.state is AnnotationState.REJECTED:
            return
        box = self._drag.now if self._drag is not None else target.bbox
        overlay.paint_selection_box(painter, _corners(box), view, hit_testing.box_handles(box), hot=self._hot)

    def _color(self, drag: _Drag) -> tuple[int, int, int]:
        return self._tool.canvas.shown.color_of(drag.before)


def is_rectangle(polygons: Polygons) -> bool:
    """One outline of four corners with upright sides."""
    if len(polygons.parts) != 1 or polygons.parts[0].holes or len(polygons.parts[0].outline) != 4:
        return False
    corners = set(polygons.parts[0].outline)
    return len(corners) == 4 and len({x for x, _ in corners}) == 2 and len({y for _, y in corners}) == 2


def stretched(polygons: Polygons, old: Box, new: Box) -> Polygons:
    """The polygons with their box taken to another."""
    x_scale, y_scale = new[2] / old[2], new[3] / old[3]

    def there(point: tuple[float, float]) -> tuple[float, float]:
        return new[0] + (point[0] - old[0]) * x_scale, new[1] + (point[1] - old[1]) * y_scale

    return Polygons(
        tuple(
            PolygonPart(
                tuple(map(there, part.outline)), tuple(tuple(map(there, hole)) for hole in part.holes)
            )
            for part in polygons.parts
        )
    )


def cropped(mask: BoxMask, box: Box) -> BoxMask:
    """The pixels of a mask whose centres lie in a box."""
    left, top = round(box[0]), round(box[1])
    width, height = max(round(box[0] + box[2]) - left, 0), max(round(box[1] + box[3]) - top, 0)
    return intersect(mask, BoxMask(left, top, np.ones((height, width), np.bool_)))


def larger(new: Box, old: Box) -> bool:
    """Whether a side went outwards."""
    return bool(
        new[0] < old[0]
        or new[1] < old[1]
        or new[0] + new[2] > old[0] + old[2]
        or new[1] + new[3] > old[1] + old[3]
    )


def _corners(box: Box) -> tuple[float, float, float, float]:
    return box[0], box[1], box[0] + box[2], box[1] + box[3]

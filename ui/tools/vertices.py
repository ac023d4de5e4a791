"""Changing the vertices of a polygon by hand: drag, insert on an edge, delete. For select and polygon tool.

Frame: image pixels. The functions at the end are values in, values out.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.annotation import Annotation
from app.geometry import Point, PolygonPart, Polygons, Ring
from ui.canvas import hit_testing, overlay
from ui.canvas.live import Live
from ui.tools.base import Pointer, Tool

GRIP = 7.0  # widget units from a vertex that still grip it
EDGE_GRIP = 5.0
MANY_VERTICES = 400  # from which handles are drawn as dots only near the pointer
Place = tuple[tuple[int, int], int]  # (part, hole), vertex


@dataclass(slots=True)
class _Drag:
    before: Annotation
    start: Polygons
    place: Place
    now: Polygons
    moved: bool = False


class VertexEditor:
    """The vertices of the one selected annotation, where it is drawn by polygons."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._drag: _Drag | None = None
        self._hot: Place | None = None
        self._ghost: tuple[tuple[int, int], int, Point] | None = None  # a vertex that a drag would insert

    @property
    def busy(self) -> bool:
        return self._drag is not None

    @property
    def hot(self) -> bool:
        """Whether the pointer is on a vertex or an edge."""
        return self._hot is not None or self._ghost is not None

    def target(self) -> tuple[Annotation, Polygons] | None:
        """The annotation whose vertices can be changed."""
        chosen = self._tool.only_selected()
        if chosen is None or not isinstance(chosen.geometry, Polygons):
            return None
        return chosen, chosen.geometry

    def press(self, pointer: Pointer) -> bool:
        """Grip, insert or delete a vertex; True if there was one."""
        self.hover(pointer)
        target = self.target()
        if target is None or not self.hot:
            return False
        annotation, polygons = target
        if self._hot is not None and (pointer.shift or pointer.alt):
            self._delete(annotation, polygons, self._hot)
        elif self._hot is not None:
            self._tool.began()
            self._drag = _Drag(annotation, polygons, self._hot, polygons)
        elif self._ghost is not None and not pointer.shift:
            ring, edge, point = self._ghost
            self._tool.began()
            inserted = with_inserted(polygons, (ring, edge + 1), point)
            self._drag = _Drag(annotation, polygons, (ring, edge + 1), inserted)
        else:
            return False
        return True

    def hover(self, pointer: Pointer) -> None:
        """See what lies under the pointer."""
        canvas, target = self._tool.canvas, self.target()
        hot, ghost = None, None
        if target is not None:
            hot = hit_testing.nearest_vertex(target[1], *pointer.point, canvas.tolerance(GRIP))
            if hot is None:
                ghost = _nearest_edge(target[1], pointer.point, canvas.tolerance(EDGE_GRIP))
        if (hot, ghost) != (self._hot, self._ghost):
            for place in (self._spot(), _spot(target, hot, ghost)):
                if place is not None:
                    canvas.update_image_rect((*place, *place))
            self._hot, self._ghost = hot, ghost

    def move(self, pointer: Pointer) -> bool:
        """Go on dragging; True if a vertex is gripped."""
        drag = self._drag
        if drag is None:
            self.hover(pointer)
            return False
        canvas = self._tool.canvas
        old = _affected(drag.now, drag.place)
        drag.now = with_moved(drag.now, drag.place, self._tool.clip(*pointer.point))
        new = _affected(drag.now, drag.place)
        if not drag.moved:
            drag.moved = True
            canvas.show_live(Live(drag.before.id, drag.now, canvas.shown.color_of(drag.before)))
        live = canvas.stage.live
        if live is not None:
            live.geometry = drag.now
            canvas.patch_live(_around([*old, *new]))
            canvas.update_image_rect(_around([*old, *new]))
        return True

    def release(self) -> bool:
        """The vertex stays where it is; True if one was gripped."""
        drag, self._drag = self._drag, None
        if drag is None:
            return False
        if drag.moved and drag.now != drag.start:
            self._tool.canvas.end_live(settled=True)
            if not self._tool.reshape(drag.before, drag.now):
                self._tool.tell("the polygon would have no pixel left, so it was kept as it was", "warning")
                self._tool.canvas.refresh()
        return True

    def cancel(self) -> bool:
        """Back to how it was."""
        drag, self._drag = self._drag, None
        self._hot = self._ghost = None
        if drag is None:
            return False
        self._tool.canvas.end_live()
        self._tool.canvas.update()
        return True

    def _delete(self, annotation: Annotation, polygons: Polygons, place: Place) -> None:
        fewer = without(polygons, place)
        self._hot = None
        if fewer is None:
            self._tool.tell("a polygon needs three vertices: press Delete to remove the instance", "warning")
        else:
            self._tool.reshape(annotation, fewer)

    def paint(self, painter: QPainter) -> None:
        """Edges and handles, and the ghost of a vertex that a drag would insert."""
        view, target = self._tool.canvas.view, self.target()
        if view is None or target is None:
            return
        polygons = self._drag.now if self._drag is not None else target[1]
        color = QColor(*self._tool.canvas.shown.color_of(target[0]))
        places = hit_testing.rings(polygons)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(0, 0, 0, 0))
        painter.setPen(QPen(QColor(255, 255, 255, 170), 1))
        for place in places:
            ring = hit_testing.ring_of(polygons, place)
            painter.drawPolygon(QPolygonF([QPointF(*view.to_widget(*point)) for point in ring]))
        count = sum(len(hit_testing.ring_of(polygons, place)) for place in places)
        hot = self._drag.place if self._drag is not None else self._hot
        if count <= MANY_VERTICES:
            for place in places:
                number = hot[1] if hot is not None and hot[0] == place else -1
                ring = hit_testing.ring_of(polygons, place)
                overlay.paint_handles(painter, ring, view, round_ones=True, hot=number, color=color)
        elif hot is not None:
            point = hit_testing.ring_of(polygons, hot[0])[hot[1]]
            overlay.paint_handles(painter, [point], view, round_ones=True, hot=0)
        if self._ghost is not None and self._drag is None:
            overlay.paint_handles(
                painter, [self._ghost[2]], view, round_ones=True, color=QColor(255, 255, 255, 150)
            )

    def _spot(self) -> Point | None:
        return _spot(self.target(), self._hot, self._ghost)


def with_moved(polygons: Polygons, place: Place, to: Point) -> Polygons:
    """The polygons with one vertex elsewhere."""
    ring = hit_testing.ring_of(polygons, place[0])
    return with_ring(polygons, place[0], (*ring[: place[1]], to, *ring[place[1] + 1 :]))


def with_inserted(polygons: Polygons, place: Place, point: Point) -> Polygons:
    """The polygons with another vertex before the one at `place`."""
    ring = hit_testing.ring_of(polygons, place[0])
    return with_ring(polygons, place[0], (*ring[: place[1]], point, *ring[place[1] :]))


def without(polygons: Polygons, place: Place) -> Polygons | None:
    """The polygons without a vertex; a ring of three goes with it, a part with its outline. None: all."""
    (part, hole), index = place
    ring = hit_testing.ring_of(polygons, place[0])
    if len(ring) > 3:
        return with_ring(polygons, place[0], (*ring[:index], *ring[index + 1 :]))
    parts = list(polygons.parts)
    if hole >= 0:
        holes = parts[part].holes
        parts[part] = PolygonPart(parts[part].outline, (*holes[:hole], *holes[hole + 1 :]))
        return Polygons(tuple(parts))
    del parts[part]
    return Polygons(tuple(parts)) if parts else None


def with_ring(polygons: Polygons, place: tuple[int, int], ring: Ring) -> Polygons:
    """The polygons with another ring at (part, hole)."""
    number, hole = place
    part = polygons.parts[number]
    if hole < 0:
        changed = PolygonPart(ring, part.holes)
    else:
        changed = PolygonPart(part.outline, (*part.holes[:hole], ring, *part.holes[hole + 1 :]))
    return Polygons((*polygons.parts[:number], changed, *polygons.parts[number + 1 :]))


def _nearest_edge(
    polygons: Polygons, point: Point, tolerance: float
) -> tuple[tuple[int, int], int, Point] | None:
    for place in hit_testing.rings(polygons):
        found = hit_testing.nearest_edge(hit_testing.ring_of(polygons, place), *point, tolerance)
        if found is not None:
            return place, found[0], found[1]
    return None


def _affected(polygons: Polygons, place: Place) -> list[Point]:
    """The vertex and its neighbours: what moving it changes."""
    ring = hit_testing.ring_of(polygons, place[0])
    return [ring[place[1] - 1], ring[place[1]], ring[(place[1] + 1) % len(ring)]]


def _around(points: list[Point]) -> tuple[float, float, float, float]:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _spot(
    target: tuple[Annotation, Polygons] | None,
    hot: Place | None,
    ghost: tuple[tuple[int, int], int, Point] | None,
) -> Point | None:
    if target is None:
        return None
    if hot is not None:
        part, hole = hot[0]
        known = part < len(target[1].parts) and hole < len(target[1].parts[part].holes)
        ring = hit_testing.ring_of(target[1], hot[0]) if known else ()
        return ring[hot[1]] if hot[1] < len(ring) else None
    return ghost[2] if ghost is not None else None

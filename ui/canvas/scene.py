"""What the canvas shows of a document: annotations become shapes with a look, in two layers.

The *base* layer holds the settled instances, the *over* layer the selected ones and the one being edited:
while a person edits, only the over layer changes. No Qt. Frame: image pixels.
"""

from __future__ import annotations

import colorsys
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageId
from app.geometry import Geometry, Polygons, RleMask, to_mask
from app.rle import decode_all
from model.errors import InputError
from model.masks import BoxMask
from ui.canvas.compose import Color, Shape, Style
from ui.canvas.transform import Rect, grown, union

NO_COLOR: Color = (150, 158, 170)  # of annotations whose category is gone
EMPTY = BoxMask(0, 0, np.zeros((0, 0), np.bool_))
FORESEEN = 4  # images whose masks are decoded before they are shown
AREA = 400_000_000  # pixels of their images together: masks of more are not decoded ahead
MANY = 64  # changes from which one rectangle stands for all


@dataclass(frozen=True, slots=True)
class Look:
    """What a person chose to see. `fill` 0..1, `brightness` and `contrast` -1..1 (0 = as it is)."""

    fill: float = 0.32
    outlines: bool = True
    labels: bool = True
    boxes: bool = False
    color_by_instance: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    peek: bool = False  # everything hidden for as long as a key is held


class MaskStore:
    """Decoded masks of the annotations in view; any thread may ask."""

    def __init__(self) -> None:
        self._masks: dict[AnnotationId, tuple[Geometry, BoxMask]] = {}
        self._ahead: OrderedDict[ImageId, dict[AnnotationId, tuple[Geometry, BoxMask]]] = OrderedDict()
        self._decoding = threading.Lock()  # both painting threads begin with the same masks

    def get(self, id: AnnotationId, geometry: Geometry, width: int, height: int) -> BoxMask:
        """The mask of a geometry in an image of that size; an unsound one is empty: its import said so."""
        known = self.known(id, geometry)
        if known is not None:
            return known
        with self._decoding:
            known = self.known(id, geometry)
            if known is not None:
                return known
            try:
                mask = to_mask(geometry, width, height)
            except InputError:
                mask = EMPTY
            self._masks[id] = (geometry, mask)
            return mask

    def known(self, id: AnnotationId, geometry: Geometry) -> BoxMask | None:
        """The mask if it was decoded before."""
        known = self._masks.get(id)
        if known is not None and known[0] is geometry:
            return known[1]
        for masks in list(self._ahead.values()):
            known = masks.get(id)
            if known is not None and known[0] is geometry:
                return known[1]
        return None

    def foresee(self, image: ImageId, geometries: Mapping[AnnotationId, Geometry]) -> None:
        """Decode an image's run-length masks before it is shown, all together; slow, for any thread.

        Those of the last `FORESEEN` images are kept. Large ones are left for when they are seen.
        """
        masks = {id: each for id, each in geometries.items() if isinstance(each, RleMask)}
        if not masks or len(masks) > MANY or sum(each.width * each.height for each in masks.values()) > AREA:
            return
        try:
            decoded = decode_all(list(masks.values()))
        except InputError:
            return
        self._ahead[image] = {id: (masks[id], mask) for id, mask in zip(masks, decoded, strict=True)}
        self._ahead.move_to_end(image)
        while len(self._ahead) > FORESEEN:
            self._ahead.popitem(last=False)

    def prime(self, id: AnnotationId, geometry: Geometry, mask: BoxMask) -> None:
        """Take a mask that is already there."""
        self._masks[id] = (geometry, mask)

    def keep(self, ids: Collection[AnnotationId]) -> None:
        """Forget all others."""
        for id in [each for each in self._masks if each not in ids]:
            self._masks.pop(id, None)


@dataclass(frozen=True, slots=True)
class StoredMask:
    """A run-length mask that is decoded when it is first painted."""

    store: MaskStore
    id: AnnotationId
    rle: RleMask

    def get(self) -> BoxMask:
        """The mask, image pixels."""
        return self.store.get(self.id, self.rle, self.rle.width, self.rle.height)


@dataclass(frozen=True, slots=True)
class Damage:
    """A rectangle of the image whose look changed; `base`: not only in the over layer."""

    rect: Rect
    base: bool


@dataclass(frozen=True, slots=True)
class _Placed:
    shape: Shape
    over: bool


class Scene:
    """The shapes of both layers, and what changed between one state and the next."""

    def __init__(self, masks: MaskStore) -> None:
        self.masks = masks
        self.base: tuple[Shape, ...] = ()
        self.over: tuple[Shape, ...] = ()
        self._placed: dict[AnnotationId, _Placed] = {}
        self._known: dict[AnnotationId, tuple[Annotation, Shape]] = {}

    def update(
        self,
        annotations: Iterable[Annotation],
        selection: Collection[AnnotationId],
        colors: Mapping[CategoryId, Color],
        look: Look,
    ) -> list[Damage]:
        """Show these annotations, those selected in the over layer; returns what has to be painted again."""
        placed: dict[AnnotationId, _Placed] = {}
        if not look.peek:
            for annotation in annotations:
                chosen = annotation.id in selection
                placed[annotation.id] = self._place(annotation, chosen, colors, look)
        damage = [
            _damage(self._placed.get(id), placed.get(id))
            for id in self._placed.keys() | placed.keys()
            if self._placed.get(id) != placed.get(id)
        ]
        self._placed = placed
        self._known = {id: self._known[id] for id in placed}
        # the largest below, so that small ones can be seen and picked
        ordered = sorted(placed.values(), key=lambda each: -_extent(each.shape.box))
        self.base = tuple(each.shape for each in ordered if not each.over)
        self.over = tuple(each.shape for each in ordered if each.over)
        return damage if len(damage) <= MANY else [_together(damage)]

    def clear(self) -> None:
        """Nothing is shown."""
        self.base, self.over = (), ()
        self._placed, self._known = {}, {}
        self.masks.keep(())

    def _place(
        self, annotation: Annotation, chosen: bool, colors: Mapping[CategoryId, Color], look: Look
    ) -> _Placed:
        color = instance_color(annotation.id) if look.color_by_instance else None
        color = color or colors.get(annotation.category_id, NO_COLOR)
        style = style_of(color, look, proposed=annotation.state is AnnotationState.PROPOSED, selected=chosen)
        known = self._known.get(annotation.id)
        if known is not None and known[0] is annotation and known[1].style == style:
            return _Placed(known[1], chosen)
        geometry = annotation.geometry
        shown = (
            geometry if isinstance(geometry, Polygons) else StoredMask(self.masks, annotation.id, geometry)
        )
        x, y, width, height = annotation.bbox
        shape = Shape(annotation.id, shown, grown((x, y, x + width, y + height), 1), style)
        self._known[annotation.id] = (annotation, shape)
        return _Placed(shape, chosen)


def style_of(color: Color, look: Look, *, proposed: bool = False, selected: bool = False) -> Style:
    """How an instance of a colour looks."""
    line = 1.75 if look.outlines else 0.0
    if selected:
        return Style(
            brightened(color, 0.35),
            min(look.fill * 1.15, 1.0),
            2.75,
            1.0,
            0.7,
            dashed=proposed and look.outlines,
        )
    if proposed:
        return Style(color, look.fill * 0.6, line, 1.0, 0.35, dashed=look.outlines)
    return Style(color, look.fill, line, 1.0, 0.35)


def brightened(color: Color, by: float) -> Color:
    """The colour mixed with white."""
    red, green, blue = (round(channel + (255 - channel) * by) for channel in color)
    return red, green, blue


def instance_color(id: int) -> Color:
    """A colour of its own for each instance; neighbours in number differ most."""
    red, green, blue = colorsys.hsv_to_rgb(id * 0.618034 % 1, 0.62 + 0.2 * (id % 3) / 2, 0.98)
    return round(red * 255), round(green * 255), round(blue * 255)


def parse_color(text: str) -> Color:
    """'#rrggbb' -> red, green, blue; anything else gives the neutral colour."""
    try:
        value = int(text.lstrip("#"), 16)
    except ValueError:
        return NO_COLOR
    return (value >> 16 & 255, value >> 8 & 255, value & 255) if len(text.lstrip("#")) == 6 else NO_COLOR


def _damage(before: _Placed | None, after: _Placed | None) -> Damage:
    sides = [side for side in (before, after) if side is not None]
    rect = sides[0].shape.box
    for side in sides[1:]:
        rect = union(rect, side.shape.box)
    return Damage(rect, any(not side.over for side in sides))


def _together(damage: list[Damage]) -> Damage:
    rect = damage[0].rect
    for each in damage[1:]:
        rect = union(rect, each.rect)
    return Damage(rect, any(each.base for each in damage))


def _extent(box: Rect) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])

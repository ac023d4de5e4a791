"""COCO's segmentations to geometries, judged before anything is painted, many at once.

Frame: image pixels. Polygons are painted by pycocotools, so that areas and boxes are those every reader of
the file gets; its memory is bounded by refusing outlines that are absurdly long first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from pycocotools import mask as painter

from app import rle
from app.geometry import Geometry, PolygonPart, Polygons, RleMask

Box = tuple[float, float, float, float]
Ring = Sequence[float]  # x, y, x, y, ...
FARTHEST = 1e7  # pixels
MAX_OUTLINE = 4_000_000  # pixels of outline: painting takes memory in proportion
UNSOUND = "run-length mask that does not fit its image"
TOLERANCE = 2.0  # pixels that a box may be off its mask without a word


@dataclass(slots=True)
class Shape:
    """What became of one segmentation. `fault` set: refused. `changes`: what is not as the file has it."""

    geometry: Geometry | None = None
    counts: bytes = b""  # compressed counts of the mask
    rings: list[list[float]] = field(default_factory=list)  # of polygons
    bbox: Box = (0.0, 0.0, 0.0, 0.0)  # tight box of the mask, x y w h
    area: float = 0.0  # pixels
    fault: str = ""
    detail: str = ""  # the numbers of the fault
    changes: list[str] = field(default_factory=list)


def read_shapes(
    segmentations: Sequence[object], boxes: Sequence[object], sizes: Sequence[tuple[int, int]]
) -> list[Shape]:
    """Geometry, tight box and area of n annotations. `sizes`: (height, width) of each one's image.

    Nothing raises: what cannot be used has its `fault` in words.
    """
    shapes = [_read(*each) for each in zip(segmentations, boxes, sizes, strict=True)]
    _pack_lists(shapes, segmentations, sizes)
    packed = [row for row, each in enumerate(shapes) if isinstance(each.geometry, RleMask) and not each.fault]
    faults = rle.check_counts([shapes[row].counts for row in packed], [sizes[row] for row in packed])
    for row, fault in zip(packed, faults, strict=True):
        if fault:
            shapes[row].fault, shapes[row].detail = UNSOUND, fault
    for shape, size in zip(shapes, sizes, strict=True):
        if not shape.fault and isinstance(shape.geometry, Polygons):
            shape.counts = paint(shape.rings, *size)
    _measure(shapes, sizes)
    for shape, box in zip(shapes, boxes, strict=True):
        if not shape.fault and not shape.area:
            shape.fault = "covers no pixel of the image"
        if not shape.fault:
            _compare(shape, box)
    return shapes


def paint(rings: Sequence[Ring], height: int, width: int) -> bytes:
    """Compressed counts of rings (x, y, x, y, ...) without holes, as every reader of COCO paints them."""
    painted = painter.frPyObjects(rings, height, width)
    counts: bytes = (painted[0] if len(painted) == 1 else painter.merge(painted))["counts"]
    return counts


def paintable(rings: Sequence[Ring]) -> str:
    """Why these rings (x, y, x, y, ...) are not painted; "" when they may be."""
    if not rings or any(len(ring) < 6 for ring in rings):
        return "polygon with fewer than 3 points"
    if not all(map(_finite, rings)):
        return "polygon with a coordinate that is not a number"
    reach = max(map(max, rings)) - min(map(min, rings))
    if reach * sum(map(len, rings)) > MAX_OUTLINE and sum(map(_length, rings)) > MAX_OUTLINE:
        return f"polygon with an outline of more than {MAX_OUTLINE} pixels"
    if max(map(max, rings)) > FARTHEST or min(map(min, rings)) < -FARTHEST:
        return "polygon that is far from any image"
    return ""


def flat(polygons: Polygons) -> list[list[float]]:
    """The outlines as rings x, y, x, y, ...; holes are not looked at."""
    return [list(chain.from_iterable(part.outline)) for part in polygons.parts]


def usable_box(value: object) -> Box | None:
    """A box of four finite numbers with a positive width and height; None for anything else."""
    if not isinstance(value, list | tuple) or len(value) != 4 or not _numbers(value):
        return None
    x, y, width, height = value
    return (float(x), float(y), float(width), float(height)) if width > 0 and height > 0 else None


def _read(segmentation: object, box: object, size: tuple[int, int]) -> Shape:
    if segmentation in (None, [], [[]], {}):
        return _rectangle(box)
    if isinstance(segmentation, dict):
        return _run_lengths(segmentation, size)
    if isinstance(segmentation, list):
        return _polygons(segmentation)
    return Shape(fault=f"segmentation of an unknown form ({type(segmentation).__name__})")


def _rectangle(value: object) -> Shape:
    box = usable_box(value)
    if box is None:
        return Shape(fault="neither a segmentation nor a box with a positive size")
    x, y, width, height = box
    ring = [x, y, x + width, y, x + width, y + height, x, y + height]
    return _of_rings([ring], ["no segmentation: its box taken as a rectangle"])


def _run_lengths(value: dict[str, object], size: tuple[int, int]) -> Shape:
    counts, stated = value.get("counts"), value.get("size")
    if not isinstance(stated, list) or tuple(stated) != size:
        given = " x ".join(map(str, stated[::-1])) if isinstance(stated, list) else "missing"
        detail = f"{given}, expected {size[1]} x {size[0]}"
        return Shape(fault="run-length mask whose size is not its image's", detail=detail)
    height, width = size
    if isinstance(counts, str):
        text = counts.encode("utf-8", "surrogatepass")
        return Shape(RleMask(width, height, text), text)
    return Shape(RleMask(width, height, b""))  # uncompressed: all of them are packed together


def _pack_lists(
    shapes: Sequence[Shape], segmentations: Sequence[object], sizes: Sequence[tuple[int, int]]
) -> None:
    rows, lists = [], []
    for row, (shape, each) in enumerate(zip(shapes, segmentations, strict=True)):
        if isinstance(shape.geometry, RleMask) and isinstance(each, dict):
            counts = each.get("counts")
            if not isinstance(counts, str):
                rows.append(row)
                lists.append(counts)
    packed, faults = rle.pack(lists, [sizes[row] for row in rows])
    for row, counts, fault in zip(rows, packed, faults, strict=True):
        height, width = sizes[row]
        shapes[row].geometry, shapes[row].counts = RleMask(width, height, counts), counts
        if fault:
            shapes[row].fault, shapes[row].detail = UNSOUND, fault


def _polygons(value: list[object]) -> Shape:
    changes = []
    rings: list[object] = value
    if value and not isinstance(value[0], list):
        rings, changes = [value], ["polygon that is not in a list of polygons: taken as one"]
    good: list[list[float]] = []
    left_out = ""
    for ring in rings:
        points = _ring(ring)
        if isinstance(points, str):
            left_out = points
        else:
            good.append(points)
    if not good:
        return Shape(fault=left_out or "polygon with fewer than 3 points")
    if left_out:
        changes.append(f"part left out: {left_out}")
    return _of_rings(good, changes)


def _of_rings(rings: list[list[float]], changes: list[str]) -> Shape:
    parts = (PolygonPart(tuple(zip(ring[0::2], ring[1::2], strict=True))) for ring in rings)
    return Shape(Polygons(tuple(parts)), rings=rings, changes=changes, fault=paintable(rings))


def _ring(value: object) -> list[float] | str:
    """The coordinates, or why not."""
    if not isinstance(value, list) or not set(map(type, value)) <= {int, float}:
        return "polygon that is not a list of numbers"
    if not _numbers(value):
        return "polygon with a coordinate that is not a number"
    if len(value) % 2:
        return "polygon with an odd number of coordinates"
    if len(value) < 6:
        return "polygon with fewer than 3 points"
    return list(map(float, value))


def _numbers(values: Sequence[object]) -> bool:
    return set(map(type, values)) <= {int, float} and _finite(values)  # type: ignore[arg-type]


def _finite(values: Sequence[float]) -> bool:
    try:
        return math.isfinite(sum(map(abs, values), 0.0))
    except OverflowError:  # a whole number that no float holds
        return False


def _length(ring: Ring) -> float:
    """At least the number of pixels that painting the ring walks over."""
    points = np.array(ring).reshape(-1, 2)
    return float(np.abs(points - np.roll(points, 1, 0)).max(1).sum())


def _measure(shapes: Sequence[Shape], sizes: Sequence[tuple[int, int]]) -> None:
    rows = [row for row, each in enumerate(shapes) if not each.fault]
    boxes, areas = rle.measure_all([shapes[row].counts for row in rows], [sizes[row] for row in rows])
    for row, box, area in zip(rows, boxes.tolist(), areas.tolist(), strict=True):
        x, y, width, height = map(float, box)
        shapes[row].bbox, shapes[row].area = (x, y, width, height), float(area)


def _compare(shape: Shape, value: object) -> None:
    if value is None or value == []:
        return
    box = usable_box(value)
    if box is None:
        shape.changes.append("box that is no box (negative, zero or not numbers): taken from the mask")
        return
    (x, y, width, height), (left, top, wide, high) = shape.bbox, box
    sides = (x - left, y - top, x + width - left - wide, y + height - top - high)
    if max(map(abs, sides)) > TOLERANCE:
        shape.changes.append(f"box more than {TOLERANCE:g} pixels off its mask: taken from the mask")

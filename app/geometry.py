"""The two geometries of an annotation, as values: a run-length mask, or polygons with holes.

Frame: image pixels (after the EXIF turn), x right, y down, pixel centres at +0.5.
"""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float]
Ring = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class RleMask:
    """COCO's compressed run-length mask of the whole image (column by column, zeros first). Lossless."""

    width: int
    height: int
    counts: bytes


@dataclass(frozen=True, slots=True)
class PolygonPart:
    """One outline and the holes in it. Vertices stay exactly as drawn or imported; rings are not closed."""

    outline: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class Polygons:
    """One or several parts that together are one instance."""

    parts: tuple[PolygonPart, ...]


Geometry = RleMask | Polygons

"""Polygon drawing and vertex editing as a series of clicks: one vertex, one click. Frame: image pixels.

The hand is a kind one: every vertex lies on the true outline, and the next is always where the outline is
farthest from what is drawn, as the clicker aims at the largest error. From nothing, the first three corners
of a part are worth nothing yet; from a mask, its simplified outline is the polygon at hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.clicks.counting import CAP, iou
from model.opencv import cv2

Bits = NDArray[np.bool_]
Points = NDArray[np.float32]  # (n, 2) x, y
SIMPLE = 1.5  # pixels: how far a mask's polygon may be from its outline
PLACES = 6  # of which the one is taken whose correction is worth most
LEAST = 0.5  # pixels: nearer than this the outline is drawn


@dataclass(slots=True)
class _Part:
    """One true outline, and the vertices on it, as places along it."""

    outline: Points
    places: list[int]

    def error(self) -> tuple[float, int]:
        """How far the outline is from the polygon at most, and where."""
        if not self.places:
            return float(np.ptp(self.outline, axis=0).max()) + 1, 0
        if len(self.places) == 1:
            away = np.hypot(*(self.outline - self.outline[self.places[0]]).T)
        else:
            away = _away(self.outline, self.outline[sorted(self.places)])
        worst = int(np.argmax(away))
        return float(away[worst]), worst


def drawn(truth: Bits, clicks: int = CAP) -> list[float]:
    """IoU after 0, 1, ... vertices from nothing; ends early where the outline is drawn."""
    parts = [_Part(each, []) for each in _outlines(truth)]
    found = [iou(np.zeros_like(truth), truth)]
    for _ in range(clicks):
        errors = [each.error() for each in parts]
        if not errors or (worst := int(np.argmax([error for error, _ in errors]))) < 0:
            break
        if errors[worst][0] < LEAST:
            break
        parts[worst].places.append(errors[worst][1])
        polygons = [each.outline[sorted(each.places)] for each in parts if len(each.places) > 2]
        found.append(iou(_filled(polygons, truth.shape), truth))
    return found


def edited(mask: Bits, truth: Bits, clicks: int = CAP) -> list[float]:
    """IoU after 0, 1, ... vertices of a mask's polygon were dragged, or put in, where it is farthest off.

    Pieces that are too much go whole, with a click each; parts that are missing are not begun.
    """
    polygons = [_simple(each) for each in _outlines(mask)]
    outlines = _outlines(truth)
    found = [iou(mask, truth)]
    if not polygons or not outlines:
        return found
    for _ in range(clicks):
        best = _improved(polygons, outlines, truth)
        if best is None:
            break
        polygons = best
        found.append(iou(_filled(polygons, truth.shape), truth))
    return found


def _improved(polygons: list[Points], outlines: list[Points], truth: Bits) -> list[Points] | None:
    """The polygons after the click that is worth most, of those at the places that are farthest off."""
    tried = [
        each
        for number, target in _farthest(polygons, outlines)
        for each in _changes(polygons, number, target)
    ]
    return max(tried, key=lambda each: iou(_filled(each, truth.shape), truth)) if tried else None


def _changes(polygons: list[Points], number: int, target: Points) -> list[list[Points]]:
    """What one click makes of a polygon: a vertex dragged, put in, taken out, the piece removed."""
    polygon = polygons[number]
    nearest, edge = int(np.argmin(np.hypot(*(polygon - target).T))), _edge(polygon, target)
    dragged = polygon.copy()
    dragged[nearest] = target
    made: list[list[Points]] = [[dragged], [np.insert(polygon, edge + 1, target, axis=0)]]
    if len(polygon) > 3:
        made.append([np.delete(polygon, nearest, axis=0)])
    if len(polygons) > 1:
        made.append([])
    return [[*polygons[:number], *each, *polygons[number + 1 :]] for each in made]


def _farthest(polygons: list[Points], outlines: list[Points]) -> list[tuple[int, Points]]:
    """Places where polygons and outlines are far apart, the farthest first: the polygon, the true point."""
    points = np.concatenate(outlines)
    found: list[tuple[float, int, Points]] = []
    to_polygons = np.stack([_away(points, each) for each in polygons])
    far = to_polygons.min(0)
    for _ in range(PLACES):
        worst = int(np.argmax(far))
        found.append((float(far[worst]), int(to_polygons[:, worst].argmin()), points[worst]))
        near = np.hypot(*(points - points[worst]).T) <= max(2 * float(far[worst]), 4.0)
        far = np.where(near, 0.0, far)
    for number, polygon in enumerate(polygons):
        distances = np.stack([_away(polygon, each) for each in outlines]).min(0)
        for vertex in np.argsort(-distances)[: PLACES // 2]:
            nearest = int(np.hypot(*(points - polygon[vertex]).T).argmin())
            found.append((float(distances[vertex]), number, points[nearest]))
    found.sort(key=lambda each: -each[0])
    return [(number, target) for away, number, target in found[: 2 * PLACES] if away >= LEAST]


def _outlines(bits: Bits) -> list[Points]:
    """The outer outlines, the largest first; pieces of less than three points are left out."""
    found, _ = cv2.findContours(bits.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    longest = sorted(found, key=cv2.contourArea, reverse=True)
    return [np.asarray(each, np.float32).reshape(-1, 2) for each in longest if len(each) > 2]


def _simple(outline: Points) -> Points:
    made = np.asarray(cv2.approxPolyDP(outline, SIMPLE, True), np.float32).reshape(-1, 2)
    return made if len(made) > 2 else outline


def _away(points: Points, polygon: Points) -> NDArray[np.float32]:
    """(n,): the distance of each point to a closed polygon's nearest edge."""
    start, end = polygon, np.roll(polygon, -1, 0)
    along = end - start
    squares = np.maximum((along**2).sum(1), 1e-9)
    offset = points[:, None] - start[None]
    share = np.clip((offset * along[None]).sum(2) / squares[None], 0, 1)
    rest = offset - share[..., None] * along[None]
    return np.asarray(np.sqrt((rest**2).sum(2)).min(1))


def _edge(polygon: Points, point: Points) -> int:
    """The edge (from this vertex to the next) that is nearest to a point."""
    pairs = (np.stack([polygon[each], polygon[(each + 1) % len(polygon)]]) for each in range(len(polygon)))
    return int(np.argmin([_away(point[None], each)[0] for each in pairs]))


def _filled(polygons: list[Points], shape: tuple[int, ...]) -> Bits:
    """(h, w): what the polygons cover."""
    canvas = np.zeros(shape, np.uint8)
    for each in polygons:
        cv2.fillPoly(canvas, [np.rint(each).astype(np.int32)], 1)
    return canvas > 0

"""The shapes of the sample scenes, as contours.

Frame: the shape's own, about -1..1, x right, y down. A shape is a list of parts that are united; a part is a
list of contours (m, 2) filled by the even-odd rule, so that a second contour inside the first is a hole.
Every shape varies with the generator it is given.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Contour = NDArray[np.float64]  # (m, 2)
Shape = list[list[Contour]]


def _circle(radius: float, centre: tuple[float, float] = (0.0, 0.0), squash: float = 1.0) -> Contour:
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.stack((centre[0] + radius * np.cos(angle), centre[1] + radius * squash * np.sin(angle)), 1)


def _rounded(contour: Contour, passes: int = 2) -> Contour:
    """Chaikin's corner cutting."""
    for _ in range(passes):
        following = np.roll(contour, -1, 0)
        contour = np.stack((0.75 * contour + 0.25 * following, 0.25 * contour + 0.75 * following), 1)
        contour = contour.reshape(-1, 2)
    return contour


def ball(rng: np.random.Generator) -> Shape:
    """A disc, hardly squashed."""
    return [[_circle(0.9, squash=rng.uniform(0.92, 1.0))]]


def ring(rng: np.random.Generator) -> Shape:
    """A ring; what is behind shows through its hole."""
    squash = rng.uniform(0.75, 1.0)
    return [[_circle(0.95, squash=squash), _circle(rng.uniform(0.45, 0.65), squash=squash)]]


def star(rng: np.random.Generator) -> Shape:
    """Five to seven points."""
    points = int(rng.integers(5, 8))
    angle = np.arange(2 * points) * np.pi / points - np.pi / 2
    radius = np.where(np.arange(2 * points) % 2 == 0, 1.0, rng.uniform(0.42, 0.55))
    return [[_rounded(np.stack((radius * np.cos(angle), radius * np.sin(angle)), 1), 1)]]


def leaf(rng: np.random.Generator) -> Shape:
    """Pointed at both ends, with a stalk."""
    width, bend = rng.uniform(0.38, 0.55), rng.uniform(-0.25, 0.25)
    along = np.linspace(-1, 0.8, 40)
    place = (along + 1) / 1.8
    half = width * np.sin(np.pi * place**0.8)
    middle = bend * np.sin(np.pi * place)
    blade = np.concatenate((np.stack((middle + half, along), 1), np.stack((middle - half, along), 1)[::-1]))
    stalk = np.array([[-0.04, 0.7], [0.04, 0.7], [0.05 + bend / 3, 1.05], [-0.03 + bend / 3, 1.05]])
    return [[blade], [stalk]]


def bolt(rng: np.random.Generator) -> Shape:
    """A flash of lightning."""
    lean = rng.uniform(-0.08, 0.08)
    points = [(0.15, -1), (-0.55, 0.12), (-0.08, 0.12), (-0.25, 1), (0.55, -0.22), (0.08, -0.22), (0.45, -1)]
    return [[np.array([(x + lean * y, y) for x, y in points])]]


def moon(rng: np.random.Generator) -> Shape:
    """A crescent."""
    tip = rng.uniform(0.95, 1.25)  # half the opening's angle, from the right
    outer = np.linspace(tip, 2 * np.pi - tip, 48)
    edge = np.stack((np.cos(outer), np.sin(outer)), 1) * 0.95
    depth = rng.uniform(0.25, 0.4)  # how far left of its chord the inner edge reaches
    y = np.linspace(edge[-1, 1], edge[0, 1], 32)
    chord = edge[0, 0]
    x = chord - (depth + chord) * np.sqrt(np.clip(1 - (y / edge[0, 1]) ** 2, 0, 1))
    return [[np.concatenate((edge, np.stack((x, y), 1)[1:-1]))]]


def kite(rng: np.random.Generator) -> Shape:
    """Four corners, long at the bottom, and bows on its tail."""
    width, cross = rng.uniform(0.5, 0.65), rng.uniform(-0.4, -0.2)
    sail = np.array([(0, -1), (width, cross), (0, 0.55), (-width, cross)])
    bows: Shape = []
    for y in (0.66, 0.9):
        side = rng.uniform(0.12, 0.17)
        bows.append([np.array([(0, y), (side, y - 0.09), (side, y + 0.09)])])
        bows.append([np.array([(0, y), (-side, y - 0.09), (-side, y + 0.09)])])
    string = np.array([(-0.025, 0.5), (0.025, 0.5), (0.025, 1.0), (-0.025, 1.0)])
    return [[sail], [string], *bows]


def mug(rng: np.random.Generator) -> Shape:
    """A cup with a handle that one can look through."""
    top, bottom = rng.uniform(0.55, 0.65), rng.uniform(0.42, 0.55)
    belly = np.linspace(0, 1, 5)[1:-1, None]
    corners = np.array([(-top, -0.8), (top, -0.8), (bottom, 0.85), (-bottom, 0.85)]) - (0.2, 0)
    sides = [
        np.concatenate((a[None], a + (b - a) * belly))
        for a, b in zip(corners, np.roll(corners, -1, 0), strict=True)
    ]
    body = _rounded(np.concatenate(sides), 3)
    grip = rng.uniform(0.36, 0.44)
    centre = (top - 0.22, -0.05)
    handle = [_circle(grip, centre, squash=1.15), _circle(grip * 0.6, centre, squash=1.2)]
    return [[body], handle]


SHAPES: dict[str, Callable[[np.random.Generator], Shape]] = {
    "ball": ball,
    "ring": ring,
    "star": star,
    "leaf": leaf,
    "bolt": bolt,
    "moon": moon,
    "kite": kite,
    "mug": mug,
}

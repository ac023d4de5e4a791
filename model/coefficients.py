"""Correction in coefficient space: hints become the smallest change of coefficients that obeys them.

No torch. Frame: cells of the basis, cell j covering [j, j + 1), its centre at j + 0.5; boxes are relative.

A mask is linear in a basis: logit = basis . c + bias. What was not hinted at shall stay, so a change of c
costs what it changes in the picture: H = Gram matrix of the basis over the box, little near the hints, plus
a ridge. Each hint asks for a mean logit of MARGIN with its sign over its footprint. With a_i the signed mean
basis there, b_i the signed bias and p the coefficients so far,

    minimise  1/2 (c - p)' H (c - p) + C/2 sum xi_i^2    subject to  a_i . c + b_i >= MARGIN - xi_i

whose dual has one non-negative number for each hint and is solved by an active set (Lawson and Hanson).
Related: BRS, f-BRS and GPCIS, which change other codes of other networks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from model.opencv import cv2

MARGIN = 1.0  # logits a hint asks for: a probability of .73
SLACK = 30.0  # C: price of a missed margin
RIDGE = 0.02  # of the Gram matrix' mean diagonal
GROW = 0.06  # of the box, on each side: where a change is seen
FOOTPRINT = (1.0, 2.5)  # cells, smallest and largest radius of a hint's footprint
LOCAL = 3.0  # cells: at least this far around a hint a change is cheap
BROAD = 3.0  # cells: hints with a larger radius get several footprints

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LinearMask:
    """A mask that is linear in a basis: where basis . coefficients + bias > 0, within the box."""

    basis: NDArray[np.floating]  # (h, w, k)
    coefficients: NDArray[np.floating]  # (k,)
    bias: float
    box: ArrayLike  # (4,) relative x1, y1, x2, y2

    def __post_init__(self) -> None:
        if self.basis.ndim != 3 or self.coefficients.shape != self.basis.shape[2:]:
            raise ValueError(
                f"expected a basis (h, w, k) and coefficients (k,), "
                f"got {self.basis.shape} and {self.coefficients.shape}"
            )
        if np.shape(self.box) != (4,):
            raise ValueError(f"box: expected shape (4,), got {np.shape(self.box)}")


@dataclass(frozen=True, slots=True)
class Hint:
    """A place that is inside of the instance or is not. `radius` in cells: how much around it is meant."""

    x: float
    y: float
    inside: bool
    radius: float = 0.0


def solve(
    mask: LinearMask, hints: Sequence[Hint], previous: NDArray[np.floating] | None = None
) -> NDArray[np.float64]:
    """(k,) coefficients as near to the present ones as may be that obey the hints; not clamped.

    `previous`: the solution for all hints but the last, from which to change as little as possible (without
    it, from `mask.coefficients`). Every hint stays a constraint, so what was satisfied stays so, unless the
    basis cannot do it. No hints, or satisfied ones, give the present coefficients exactly.
    """
    present = np.array(mask.coefficients if previous is None else previous, np.float64)
    if present.shape != mask.coefficients.shape:
        raise ValueError(f"previous: expected shape {mask.coefficients.shape}, got {present.shape}")
    if not hints:
        return present
    window = _window(mask, hints)
    basis = mask.basis[window].astype(np.float64)
    positions = np.array([(hint.x - window[1].start, hint.y - window[0].start) for hint in hints])
    reaches = _reaches(basis @ present + mask.bias > 0, positions)
    precision = _precision(basis, positions, reaches)
    wanted, biases = _constraints(basis, hints, positions, reaches, mask.bias)
    change = minimum_change(precision, wanted, MARGIN - biases - wanted @ present)
    return present + change


def minimum_change(precision: Floats, wanted: Floats, shortfall: Floats, slack: float = SLACK) -> Floats:
    """(k,) d that minimises 1/2 d'Hd + C/2 sum max(0, shortfall - wanted d)^2; H (k, k), wanted (n, k)."""
    toward = np.linalg.solve(precision, wanted.T)  # (k, n)
    gains = wanted @ toward
    gains[np.diag_indices_from(gains)] += 1 / slack
    return toward @ nonnegative_minimum(gains, shortfall)


def nonnegative_minimum(matrix: Floats, vector: Floats) -> Floats:
    """The a >= 0 that minimises 1/2 a'Ma - a'v; M (n, n) positive definite (Lawson and Hanson, ch. 23)."""
    result = np.zeros(len(vector))
    free = np.zeros(len(vector), np.bool_)
    tolerance = 1e-10 * max(1.0, float(np.abs(vector).max(initial=0.0)))
    likely = vector > tolerance  # mostly these are the free ones, and one step is enough
    if likely.any():
        result[likely] = np.linalg.solve(matrix[np.ix_(likely, likely)], vector[likely])
        if (result[likely] > 0).all() and ((vector - matrix @ result)[~likely] <= tolerance).all():
            return result
        result[:] = 0.0
    for _ in range(3 * len(vector) + 3):
        slope = np.where(free, -np.inf, vector - matrix @ result)
        if slope.max(initial=-np.inf) <= tolerance:
            break
        free[np.argmax(slope)] = True
        while True:
            trial = np.zeros_like(result)
            trial[free] = np.linalg.solve(matrix[np.ix_(free, free)], vector[free])
            negative = free & (trial <= 0)
            if not negative.any():
                break
            steps = result[negative] / (result[negative] - trial[negative])
            result += steps.min() * (trial - result)
            free &= result > tolerance
            result[~free] = 0.0
        result = trial
    return result


def fit(mask: LinearMask, target: NDArray[np.bool_], steps: int = 12, ridge: float = 1e-2) -> Floats:
    """(k,) coefficients whose mask comes nearest to `target` (h, w): what the basis can express.

    Ridge-regularised logistic regression over the grown box (and all of the target), by Newton steps.
    """
    rows, columns = np.nonzero(target)
    corners = [(columns.min(), rows.min()), (columns.max(), rows.max())] if len(rows) else []
    window = _window(mask, [Hint(float(x), float(y), True) for x, y in corners])
    basis = mask.basis[window].reshape(-1, len(mask.coefficients)).astype(np.float64)
    labels = target[window].ravel().astype(np.float64)
    found = np.zeros(basis.shape[1])
    diagonal = ridge * max(float((basis**2).sum()) / basis.shape[1], 1e-12) / 4
    for _ in range(steps):
        with np.errstate(over="ignore"):
            likely = 1 / (1 + np.exp(-(basis @ found + mask.bias)))
        curvature = (basis * np.maximum(likely * (1 - likely), 1e-3)[:, None]).T @ basis
        curvature[np.diag_indices_from(curvature)] += diagonal
        change = np.linalg.solve(curvature, basis.T @ (labels - likely) - diagonal * found)
        found += change
        if np.abs(change).max() < 1e-6:
            break
    return found


def merge_near(
    before: NDArray[np.bool_], after: NDArray[np.bool_], x: float, y: float, *, radius: float, reach: float
) -> NDArray[np.bool_]:
    """`before` with only those changes of `after` that belong to the hint at (x, y), in pixels of the arrays.

    A change counts if its connected region touches the disc of `radius` around the hint; nothing farther
    than `reach` changes. Where nothing changed at the hint, nothing changes at all.
    """
    if before.shape != after.shape:
        raise ValueError(f"expected masks of one shape, got {before.shape} and {after.shape}")
    distance = _distances(before.shape, x, y)
    changed = (before ^ after) & (distance <= reach)
    _, labels = cv2.connectedComponents(changed.astype(np.uint8), connectivity=4)
    near = distance <= max(radius, float(distance.min()))
    touched = np.unique(labels[near])
    touched = touched[touched > 0]  # 0 is what did not change: taking it would accept everything
    return np.asarray(before ^ np.isin(labels, touched), np.bool_)


def _window(mask: LinearMask, hints: Sequence[Hint]) -> tuple[slice, slice]:
    """Rows and columns of the grown box and all hints."""
    height, width = mask.basis.shape[:2]
    x1, y1, x2, y2 = np.asarray(mask.box, np.float64) * (width, height, width, height)
    (x1, x2), (y1, y2) = sorted((x1, x2)), sorted((y1, y2))
    grow_x, grow_y = GROW * (x2 - x1), GROW * (y2 - y1)
    xs = [x1 - grow_x, x2 + grow_x, *(hint.x + side for hint in hints for side in (-3, 3))]
    ys = [y1 - grow_y, y2 + grow_y, *(hint.y + side for hint in hints for side in (-3, 3))]

    def span(values: Sequence[float], cells: int) -> slice:
        first = min(max(int(np.floor(min(values))), 0), cells - 1)
        return slice(first, min(max(int(np.ceil(max(values))), first + 1), cells))

    return span(ys, height), span(xs, width)


def _reaches(inside: NDArray[np.bool_], positions: Floats) -> Floats:
    """(n,) distance from each hint to the mask's edge: how large the fault is that it points at."""
    to_outside = cv2.distanceTransform(np.pad(inside, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    outside = ~inside
    if outside.all():  # nothing there yet: the window's size is all there is to go by
        to_inside = np.full(inside.shape, min(inside.shape) / 2, np.float32)
    else:
        to_inside = np.asarray(cv2.distanceTransform(outside.astype(np.uint8), cv2.DIST_L2, 3))
    columns = np.clip(positions[:, 0].astype(int), 0, inside.shape[1] - 1)
    rows = np.clip(positions[:, 1].astype(int), 0, inside.shape[0] - 1)
    here = np.where(inside[rows, columns], to_outside[rows, columns], to_inside[rows, columns])
    return here.astype(np.float64)


def _precision(basis: Floats, positions: Floats, reaches: Floats) -> Floats:
    """(k, k): the price of a change, by what it changes in the window, little near the hints."""
    height, width, k = basis.shape
    radii = np.maximum(LOCAL, 2 * reaches)[:, None]
    across = ((np.arange(width) + 0.5 - positions[:, :1]) / radii) ** 2  # (n, w)
    down = ((np.arange(height) + 0.5 - positions[:, 1:]) / radii) ** 2
    nearness = np.full((height, width), np.inf)
    for column, row in zip(down[:, :, None], across[:, None, :], strict=True):
        np.minimum(nearness, column + row, out=nearness)
    weights = 1 - np.exp(-nearness / 2)
    flat = basis.reshape(-1, k)
    gram = (flat * weights.reshape(-1, 1)).T @ flat / len(flat)
    mean = float(np.trace(gram)) / k
    # The ridge is that of the whole window too, so that a basis seen only near the hints has a price.
    floor = 1e-4 * float((flat**2).mean()) + 1e-12
    gram[np.diag_indices(k)] += max(RIDGE * mean, floor)
    return gram


def _constraints(
    basis: Floats, hints: Sequence[Hint], positions: Floats, reaches: Floats, bias: float
) -> tuple[Floats, Floats]:
    """(m, k) signed mean basis of each footprint, and (m,) its signed bias."""
    rows, signs = [], []
    for hint, (x, y), reach in zip(hints, positions, reaches, strict=True):
        radius = float(np.clip(max(0.6 * reach, hint.radius), *FOOTPRINT))
        for centre_x, centre_y in _centres(x, y, hint.radius):
            sign = 1.0 if hint.inside else -1.0
            rows.append(sign * _footprint(basis, centre_x, centre_y, radius))
            signs.append(sign)
    return np.array(rows), bias * np.array(signs)


def _footprint(basis: Floats, x: float, y: float, radius: float) -> Floats:
    """(k,) the mean basis within `radius` of a place, or of the cell nearest to it."""
    left = min(max(int(x - radius), 0), basis.shape[1] - 1)
    top = min(max(int(y - radius), 0), basis.shape[0] - 1)
    patch = basis[top : max(int(y + radius), top) + 1, left : max(int(x + radius), left) + 1]
    distance = _distances(patch.shape, x - left, y - top)
    chosen = patch[distance <= max(radius, float(distance.min()))]
    return np.asarray(chosen.mean(0), np.float64)


def _centres(x: float, y: float, radius: float) -> list[tuple[float, float]]:
    """Where a hint's footprints lie: its middle, and a ring for a broad one."""
    if radius <= BROAD:
        return [(x, y)]
    angles = np.arange(6) * (np.pi / 3)
    ring = 0.7 * radius
    return [(x, y), *((x + ring * float(np.cos(a)), y + ring * float(np.sin(a))) for a in angles)]


def _distances(shape: tuple[int, ...], x: float, y: float) -> Floats:
    """(h, w) distance of each cell's centre from a place."""
    across = np.arange(shape[1]) + 0.5 - x
    down = np.arange(shape[0]) + 0.5 - y
    return np.hypot(down[:, None], across[None, :])

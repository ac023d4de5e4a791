"""Hints on an instance's grid: the prototypes move, and helper rows of the hints do what they cannot.

Every hint brings a helper row: near it, alike in colour, and answered alike by the prototypes,

    r_i(x) = exp(-|x - x_i|^2 / 2 l_i^2 - |lab - lab_i|^2 / 2 COLOR^2 - |f - f_i|^2 / 2 LIKENESS^2)

with l_i in proportion to the distance from the hint to the mask's edge (how large the fault is) and f the
prototypes scaled to unit deviation in all. Logits are base + P d + sum_i a_i r_i; the price of a change is
the Gram matrix of the prototypes, little near the hints, for d, and |a|^2 for the helpers, as in
`model.coefficients`.
Of what comes out, `model.taking` says what is taken.

It is a Gaussian process in a few dimensions; nearest known: GPCIS. No torch. Frame: cells of the grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from model import taking
from model.basis import InstanceGrid
from model.coefficients import MARGIN, RIDGE, minimum_change, nonnegative_minimum
from model.fine import sight as fine
from model.fine.hint_maps import moving_of
from model.fine.sight import CELLS, Sight

SHARE = 0.15  # of the work that the prototypes do at a hint, beside its helper row at 1
SPREAD = 2.0  # l_i for a distance to the mask's edge of 1
COLOR = 30.0  # units of L a b
LIKENESS = 1.0  # of the prototypes' joint deviation
SURE = 4.0  # logits are not remembered beyond
BARELY = 0.1  # logits that what is as it was has at least
EVERY = 2  # cells of the grid that the Gram matrix skips
FOLLOW = (
    0.05  # of the mean diagonal: how hard coefficients are to move after a mask that fine prototypes made
)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a hint."""

    x: float
    y: float
    inside: bool


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A helper row: its window of the grid and its values there (0 elsewhere)."""

    window: tuple[slice, slice]
    values: Floats
    likeness: Floats | None = None  # (c, c) of fine prototypes: `values` without the distance

    def at(self, column: int, row: int) -> float:
        y, x = row - self.window[0].start, column - self.window[1].start
        inside = 0 <= y < self.values.shape[0] and 0 <= x < self.values.shape[1]
        return float(self.values[y, x]) if inside else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Follower:
    """Finds the coefficients whose logits are most like a mask's that fine prototypes made."""

    basis: Floats  # (n, k) the prototypes on some of the cells
    inverse: NDArray[np.float64]  # (k, k) of their Gram matrix, with what holds coefficients back

    @classmethod
    def of(cls, prototypes: Floats) -> Follower:
        """Of prototypes (h, w, k)."""
        k = prototypes.shape[2]
        basis = np.ascontiguousarray(prototypes[::EVERY, ::EVERY]).reshape(-1, k)
        gram = (basis.T @ basis).astype(np.float64)
        gram[np.diag_indices(k)] += FOLLOW * float(np.trace(gram)) / k + 1e-9
        return cls(basis, np.asarray(np.linalg.inv(gram), np.float64))

    def after(self, coefficients: NDArray[np.float64], logits: Floats) -> NDArray[np.float64]:
        """(k,) the ones for logits (h, w), as near to the present ones (k,) as that allows."""
        wanted = np.clip(logits[::EVERY, ::EVERY], -SURE, SURE).ravel()
        lacking = wanted - np.clip(self.basis @ coefficients.astype(np.float32), -SURE, SURE)
        return np.asarray(coefficients + self.inverse @ (self.basis.T @ lacking).astype(np.float64))


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Logits on the grid, whose signs are the mask's, and what made them. A value."""

    grid: InstanceGrid
    logits: Floats  # (h, w)
    coefficients: NDArray[np.float64]  # (k,) of the prototypes
    places: tuple[Place, ...] = ()
    rows: tuple[Row, ...] = ()
    weights: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # of the rows, in the logits
    reaches: tuple[float, ...] = ()  # of each place: cells to the mask's edge when it came
    changed: NDArray[np.bool_] | None = field(default=None)  # (h, w): what the last hint changed
    refused: NDArray[np.bool_] | None = None  # (h, w): what a mask drawn anew keeps of the one before
    forced: bool = False  # whether the last hint's own cells had to be set
    whole: bool = False  # whether the last hint could change the mask everywhere
    anew: bool = False  # whether the last hint drew all of the mask anew
    base: Floats | None = None  # (h, w) of fine prototypes: what hints mean, and some of the rows already
    follower: Follower | None = None  # with fine prototypes
    fresh: bool = True  # whether the first hint that changes something may draw all of the mask anew
    settled: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # of the rows, in the base

    @property
    def bits(self) -> NDArray[np.bool_]:
        return self.logits > 0


def begin(
    grid: InstanceGrid, start: NDArray[np.bool_], coefficients: NDArray[np.floating], *, fresh: bool = True
) -> Field:
    """The field of a mask (h, w) that is there: the network's logits, with the mask's signs.

    `fresh`: no hint has been given yet. Else those that were are to be answered once more: they hold already.
    """
    logits = np.clip(grid.prototypes @ np.asarray(coefficients, np.float32), -3.0, 3.0)
    logits = np.where(start, np.maximum(logits, 2 * BARELY), np.minimum(logits, -2 * BARELY))
    made = Field(grid, logits.astype(np.float32), np.array(coefficients, np.float64), fresh=fresh)
    if grid.sight is None:
        return made
    return replace(made, base=grid.sight.first, follower=Follower.of(grid.prototypes))


def answer(before: Field, places: Sequence[Place], *, whole: bool = False) -> Field:
    """The field after one more hint, made of one place or, for a stroke, several of one sense.

    Deterministic; all earlier hints stay as constraints. The places' cells are right afterwards. `whole`: the
    mask is a model's own, and nobody has touched it but by hints: fine prototypes may change it everywhere.
    """
    cells = [_cell(before.grid, place) for place in places]
    bits = before.bits
    inside = places[0].inside
    reaches = [max(_to_edge(bits, x, y), 0.5) if bits[y, x] != inside else 0.5 for x, y in cells]
    made = replace(
        before,
        places=(*before.places, *places),
        rows=(
            *before.rows,
            *(_row(before.grid, *at, r) for at, r in zip(cells, reaches, strict=True)),
        ),
        reaches=(*before.reaches, *reaches),
    )
    if all(bits[y, x] == inside for x, y in cells):
        return replace(made, changed=np.zeros_like(bits), forced=False, whole=False, anew=False)
    made, plain = _solved(made)
    logits = made.logits
    whole = whole and before.grid.sight is not None
    anew = whole and before.fresh and not before.weights.size  # nothing was solved yet
    said = taking.Answer(bits, logits, plain, cells, inside, reaches, len(before.places))
    changed = taking.near(said)
    if whole:
        changed = changed | taking.elsewhere(said, changed, anew=anew)
    refused = said.differs & ~changed if anew else None
    forced = any(not changed[y, x] and bits[y, x] != inside for x, y in cells)
    for x, y in cells:
        around = changed[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2]
        around |= bits[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2] != inside
    now = bits ^ changed
    logits = np.clip(logits, -SURE, SURE)
    logits = np.where(now, np.maximum(logits, BARELY), np.minimum(logits, -BARELY)).astype(np.float32)
    return replace(
        made, logits=logits, changed=changed, refused=refused, forced=forced, whole=whole, anew=anew
    )


def _solved(field_: Field) -> tuple[Field, Floats | None]:
    """Logits, coefficients and weights after the smallest change that obeys all places.

    And with fine prototypes (h, w): the logits that linear algebra alone gives.
    """
    if field_.grid.sight is not None:
        return _solved_finely(field_, field_.grid.sight)
    grid, k = field_.grid, field_.grid.prototypes.shape[2]
    cells = np.array([_cell(grid, place) for place in field_.places])
    signs = np.array([1.0 if place.inside else -1.0 for place in field_.places])
    own = grid.prototypes[cells[:, 1], cells[:, 0]].astype(np.float64)
    helpers = np.array([[row.at(int(x), int(y)) for row in field_.rows] for x, y in cells])
    gram = _gram(grid, cells, np.array(field_.reaches))
    usual = max(float(np.mean(np.sum(own * np.linalg.solve(gram, own.T).T, 1))), 1e-9)
    size = k + len(field_.rows)
    precision = np.eye(size)
    precision[:k, :k] = gram * usual / SHARE
    wanted = signs[:, None] * np.concatenate([own, helpers], 1)
    present = field_.logits[cells[:, 1], cells[:, 0]]
    change = minimum_change(precision, wanted, MARGIN - signs * present)
    moved = grid.prototypes @ change[:k].astype(np.float32)
    solved = replace(
        field_,
        logits=field_.logits + moved + weighted(field_.rows, change[k:], grid.shape),
        coefficients=field_.coefficients + change[:k],
        weights=_padded(field_.weights, len(field_.rows)) + change[k:],
    )
    return solved, None


def weighted(rows: Sequence[Row], weights: NDArray[np.float64], shape: tuple[int, int]) -> Floats:
    """(h, w): what helper rows add to the logits at these weights."""
    result = np.zeros(shape, np.float32)
    for weight, row in zip(weights, rows, strict=True):
        if weight:
            result[row.window] += np.float32(weight) * row.values
    return result


def _padded(weights: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    return np.pad(weights, (0, count - len(weights)))


def _solved_finely(field_: Field, sight: Sight) -> tuple[Field, Floats]:
    """What the hints mean beside what they touch, and the helper rows that obey them all.

    Linear algebra first, so that the network sees an answer that obeys the hints; then what it says they mean
    is the new base, and linear algebra once more. The coefficients are those that follow the answer best.
    """
    base = sight.first if field_.base is None else field_.base
    follower = field_.follower or Follower.of(field_.grid.prototypes)
    settled = _padded(field_.settled, len(field_.rows))
    hints = _Hints.of(field_)
    weights = hints.weights(base)
    plain = logits = base + weighted(field_.rows, weights, base.shape)
    if sight.understand is not None:
        likeness = [row.values if row.likeness is None else row.likeness for row in field_.rows]
        places = list(zip(hints.rows, hints.columns, hints.signs, strict=True))
        base = logits + sight.understand(moving_of(logits, places, likeness))
        settled = settled + weights
        weights = hints.weights(base)
        logits = base + weighted(field_.rows, weights, base.shape)
    solved = replace(
        field_,
        logits=logits,
        coefficients=follower.after(field_.coefficients, logits),
        weights=settled + weights,
        base=base,
        settled=settled,
    )
    return solved, plain


@dataclass(frozen=True, slots=True, eq=False)
class _Hints:
    """The places of a field on fine prototypes: their cells, signs, and what helper rows do at them."""

    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    signs: NDArray[np.float64]
    wanted: NDArray[np.float64]  # (n, n) what each row adds at each place, in the place's sense
    gains: NDArray[np.float64]  # (n, n) of them, with slack

    @classmethod
    def of(cls, field_: Field) -> _Hints:
        cells = np.array([_cell(field_.grid, place) for place in field_.places])
        signs = np.array([1.0 if place.inside else -1.0 for place in field_.places])
        columns, rows = cells[:, 0], cells[:, 1]
        between = np.stack([row.values[rows, columns] for row in field_.rows], 1)  # they are on all cells
        wanted = signs[:, None] * between
        gains = wanted @ wanted.T
        gains[np.diag_indices_from(gains)] += fine.SLACK
        return cls(rows, columns, signs, wanted, gains)

    def weights(self, base: Floats) -> NDArray[np.float64]:
        """The least weights of the helper rows after which every place has its margin over the base."""
        short = fine.MARGIN - self.signs * base[self.rows, self.columns]
        return np.asarray(self.wanted.T @ nonnegative_minimum(self.gains, short))


def _gram(grid: InstanceGrid, cells: NDArray[np.intp], reaches: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, k): what a change of the prototypes' coefficients changes, little counted near the hints."""
    basis = grid.prototypes[::EVERY, ::EVERY]
    height, width, k = basis.shape
    radii = np.maximum(3.0, 2.0 * reaches)[:, None]
    across = ((np.arange(width) * EVERY - cells[:, :1]) / radii) ** 2
    down = ((np.arange(height) * EVERY - cells[:, 1:]) / radii) ** 2
    nearness = np.full((height, width), np.inf, np.float32)
    for row, column in zip(down.astype(np.float32), across.astype(np.float32), strict=True):
        np.minimum(nearness, row[:, None] + column[None], out=nearness)
    flat = basis.reshape(-1, k)
    weights = 1 - np.exp(-nearness / 2)
    gram = ((flat * weights.reshape(-1, 1)).T @ flat).astype(np.float64) / len(flat)
    floor = 1e-4 * float((flat**2).mean()) + 1e-12
    gram[np.diag_indices(k)] += max(RIDGE * float(np.trace(gram)) / k, floor)
    return gram


def _row(grid: InstanceGrid, x: int, y: int, away: float) -> Row:
    if grid.sight is not None:
        return _fine_row(grid.sight, x, y, away)
    length = max(SPREAD * away, 1.5)
    reach = int(np.ceil(3 * length))
    height, width = grid.shape
    window = (
        slice(max(y - reach, 0), min(y + reach + 1, height)),
        slice(max(x - reach, 0), min(x + reach + 1, width)),
    )
    across = (np.arange(window[1].start, window[1].stop, dtype=np.float32) - x) ** 2
    down = (np.arange(window[0].start, window[0].stop, dtype=np.float32) - y) ** 2
    exponent = (down[:, None] + across[None]) / np.float32(2 * length * length)
    color = grid.lab[window] - grid.lab[y, x]
    exponent += np.einsum("hwc,hwc->hw", color, color) / np.float32(2 * COLOR**2)
    unlike = grid.prototypes[window] - grid.prototypes[y, x]
    variance = float(grid.prototypes[::EVERY, ::EVERY].var((0, 1)).sum()) + 1e-12
    exponent += np.einsum("hwk,hwk->hw", unlike, unlike) / np.float32(2 * LIKENESS**2 * variance)
    return Row(window, np.exp(-exponent))


def _fine_row(sight: Sight, x: int, y: int, away: float) -> Row:
    """What looks like the place's cell, near it (`model.fine.answering` has the same in torch)."""
    flat = sight.pictures.reshape(-1, sight.pictures.shape[2])
    norms = np.einsum("nk,nk->n", flat, flat) if sight.norms is None else sight.norms
    own = y * CELLS + x
    unlike = np.maximum(norms + norms[own] - 2 * (flat @ flat[own]), 0)
    likeness = np.exp(unlike * np.float32(-0.5)).reshape(CELLS, CELLS)
    squares = np.arange(-max(x, y), CELLS, dtype=np.float32) ** 2
    steep = np.float32(np.exp(sight.steepness) / -2 / max(fine.SPREAD * away, fine.SHORTEST) ** 2)
    across, down = (np.exp(steep * squares[max(x, y) - each :][:CELLS]) for each in (x, y))
    return Row((slice(0, CELLS), slice(0, CELLS)), likeness * down[:, None] * across, likeness)


def _to_edge(bits: NDArray[np.bool_], x: int, y: int) -> float:
    """Cells from one to the nearest of the other kind; a quarter of the grid where there is none."""
    rows, columns = np.nonzero(bits != bits[y, x])
    if not len(rows):
        return min(bits.shape) / 4
    return float(np.sqrt(((rows - y) ** 2 + (columns - x) ** 2).min()))


def _cell(grid: InstanceGrid, place: Place) -> tuple[int, int]:
    height, width = grid.shape
    return min(max(int(np.floor(place.x)), 0), width - 1), min(max(int(np.floor(place.y)), 0), height - 1)

"""What of a hint's answer is taken: all near the hint, and less and less the farther away it is.

An answer can be wrong where nobody asked. A person clicks at what is most wrong, about its middle. So what
belongs to the hint hangs together with it, and does not go on far beyond the distance from the hint to the
mask's edge; another fault, elsewhere, is hardly larger than the one that was clicked. Away from the hint a
second opinion must not say the contrary: `plain`, what linear algebra alone makes of the hint.

Decided on half of the images of four sets (persons and all categories of COCO photographs, cut-outs,
nuclei), looked at again on the other half. No torch. Frame: cells of the grid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.opencv import cv2

TOUCH = 1  # cells around a hint: regions of change that begin here belong to it
REACH = 2.0  # distances to the mask's edge: nothing changes beyond, without fine prototypes
LEAST = 3.0  # cells: a hint nearer to the edge than that is off its fault's middle
AS_FAR = 2.0  # distances to the mask's edge to which the first hint is believed at once
DEARER = 1.0  # logits that it has to have for each distance more
AT_MOST = 4.0  # distances to the mask's edge to which a later hint reaches
MUCH = 0.3  # of the mask: a hint after the second one that changes more
CLOSE = 1.5  # is believed to this distance only
HARDLY = 0.5  # logits of the plain answer against a change elsewhere that is taken all the same
AGAINST = 2.0  # logits of the plain answer against a change: it is not taken, away from the hint
TELLING = 1.25  # logits that a change which does not touch the hint has at least, after the first hint
LARGER = 2.0  # such a change at the first hint: times as many cells as the hint's own
LATER = 1.0  # the same after the first hint
SURE = 3.0  # logits of both opinions, in the mean, with which it may be of any size at the first hint

Bits = NDArray[np.bool_]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The logits (h, w) after a hint, and where it was given."""

    bits: Bits  # (h, w) the mask before
    logits: Floats
    plain: Floats | None  # (h, w) by linear algebra alone; None: not by fine prototypes
    cells: Sequence[tuple[int, int]]  # column, row of the hint's places
    inside: bool
    reaches: Sequence[float]  # of each place: cells to the mask's edge
    earlier: int  # places of the hints before

    @property
    def differs(self) -> Bits:
        """(h, w): what all of the answer would change."""
        return np.asarray((self.logits > 0) != self.bits)

    @property
    def agreed(self) -> Floats:
        """(h, w): the plain answer's logits, positive where it has the answer's sign."""
        assert self.plain is not None
        return np.where(self.logits > 0, self.plain, -self.plain)


def near(answer: Answer) -> Bits:
    """The changes in the hint's sense that hang together with one of its places, and are not far from it."""
    changed = answer.differs & (answer.bits != answer.inside)
    if answer.plain is None:
        away = _away(changed.shape, answer.cells, [REACH * reach + 2 for reach in answer.reaches])
        return _touching(changed & (away <= 1), answer.cells)
    all_of_it = _touching(changed, answer.cells)
    away = _away(changed.shape, answer.cells, [max(reach, LEAST) for reach in answer.reaches])
    if not answer.earlier:
        likely = np.abs(answer.logits) > DEARER * (away - AS_FAR)
        likely &= (answer.agreed > -AGAINST) | (away < 1)
    else:
        much = answer.earlier > 1 and np.count_nonzero(all_of_it) > MUCH * np.count_nonzero(answer.bits)
        likely = away < (CLOSE if much else AT_MOST)
    kept = all_of_it & likely
    return all_of_it if np.array_equal(kept, all_of_it) else _touching(kept, answer.cells)


def elsewhere(answer: Answer, own: Bits, *, anew: bool) -> Bits:
    """The changes beside the hint's own (h, w), of either sense, that are taken, too.

    `anew`: of a mask that nobody has touched: what no opinion is against; else what the answer is sure of.
    """
    rest = answer.differs & ~own
    rest &= answer.agreed > -HARDLY if anew else np.abs(answer.logits) > TELLING
    most = (LARGER if anew else LATER) * np.count_nonzero(own)
    certain = np.minimum(np.abs(answer.logits), answer.agreed).ravel() if anew else None
    taken = np.zeros_like(rest)
    for side in (rest & answer.bits, rest & ~answer.bits):
        count, labels = cv2.connectedComponents(side.astype(np.uint8), connectivity=4)
        where = np.asarray(labels).ravel()
        sizes = np.bincount(where, minlength=count)
        likely = sizes <= most
        if certain is not None:
            likely |= np.bincount(where, certain, count) > SURE * sizes
        likely[0] = False
        taken |= likely[np.asarray(labels)]
    return taken


def _touching(changed: Bits, cells: Sequence[tuple[int, int]]) -> Bits:
    """The regions of change that come near one of the cells."""
    count, labels = cv2.connectedComponents(changed.astype(np.uint8), connectivity=4)
    kept = np.zeros(count, np.bool_)
    for part in _around(np.asarray(labels), cells):
        kept[part] = True
    kept[0] = False
    return kept[np.asarray(labels)]


def _around(labels: NDArray[np.int32], cells: Sequence[tuple[int, int]]) -> Iterator[NDArray[np.int32]]:
    for x, y in cells:  # a hint's cell and its neighbours
        yield labels[max(y - TOUCH, 0) : y + TOUCH + 1, max(x - TOUCH, 0) : x + TOUCH + 1]


def _away(shape: tuple[int, int], cells: Sequence[tuple[int, int]], units: Sequence[float]) -> Floats:
    """(h, w): distance to the nearest of some cells, each in a unit of its own."""
    nearest = np.full(shape, np.inf, np.float32)
    columns, rows = (np.arange(size, dtype=np.float32) for size in (shape[1], shape[0]))
    for (x, y), unit in zip(cells, units, strict=True):
        squares = ((rows - y) ** 2)[:, None] + ((columns - x) ** 2)[None]
        np.minimum(nearest, squares / np.float32(unit**2), out=nearest)
    return np.sqrt(nearest)

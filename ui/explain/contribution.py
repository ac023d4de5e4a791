"""What each prototype does to an instance's mask, as numbers and as places in colour tables. Numpy only.

Frame: cells of the prototypes; boxes are relative (x1, y1, x2, y2) of the image. Shapes: prototypes
(h, w, k), coefficients (k,). The logit of a cell is the sum of coefficient x prototype: there is no bias, so
a cell where all prototypes are 0 has p = 0.5 exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.masks import crop_cells
from ui.widgets import color_map

BEYOND_TANH = 1.0  # the head's own coefficients lie within -1 and 1


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """Prototypes one by one: `places` (k, h, w) uint8 into the sequential table, and their real range."""

    places: NDArray[np.uint8]
    lows: NDArray[np.float32]  # (k,)
    tops: NDArray[np.float32]  # (k,)

    def __len__(self) -> int:
        return len(self.places)


def planes(prototypes: NDArray, *, together: bool = False) -> Planes:
    """Every prototype from 0 (or below, where it goes there) to its top; `together`: to the top of all.

    Together, strong and weak ones can be told apart; alone, the weak ones can be seen.
    """
    values = np.ascontiguousarray(np.moveaxis(prototypes, 2, 0), np.float32)
    lows, tops = values.min((1, 2)), values.max((1, 2))
    starts = np.minimum(lows, 0)
    spans = np.maximum(tops - starts, 1e-6)
    if together:
        starts, spans = np.full_like(starts, starts.min()), np.full_like(spans, (tops - starts.min()).max())
    values -= starts[:, None, None]
    values *= ((color_map.SIZE - 1) / np.maximum(spans, 1e-6))[:, None, None]
    return Planes((values + 0.5).astype(np.uint8), lows, tops)


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """The cells that one instance's mask is made of, as float32, and each prototype's mean there."""

    cells: NDArray[np.float32]  # (rows, columns, k)
    means: NDArray[np.float32]  # (k,)

    @staticmethod
    def of(prototypes: NDArray, box: tuple[float, float, float, float]) -> Region:
        """The cells within a box, at least one."""
        height, width, _ = prototypes.shape
        left, top, right, bottom = crop_cells(np.asarray(box), height, width)
        left, top = min(left, width - 1), min(top, height - 1)
        inside = prototypes[top : max(bottom, top + 1), left : max(right, left + 1)]
        cells = np.ascontiguousarray(inside, np.float32)
        return Region(cells, cells.mean((0, 1)))

    def contributions(self, coefficients: NDArray) -> NDArray[np.float32]:
        """(k,): what each prototype adds to the mean logit in the box; negative ones take away."""
        return np.asarray(coefficients * self.means, np.float32)

    def shares(self, coefficients: NDArray) -> NDArray[np.float32]:
        """(k,): |c_j| x mean P_j as parts of 1; all 0 when nothing contributes."""
        weights = np.abs(self.contributions(coefficients))
        total = float(weights.sum())
        return np.asarray(weights / total, np.float32) if total > 0 else weights

    def order(self, coefficients: NDArray) -> NDArray[np.intp]:
        """Prototypes by falling share."""
        return np.argsort(-self.shares(coefficients), kind="stable")

    def running_sums(
        self, coefficients: NDArray, order: NDArray[np.intp], counts: Sequence[int]
    ) -> NDArray[np.float32]:
        """(len(counts), rows, columns): logits from the first n prototypes of `order`, for each n."""
        kept = np.zeros((len(coefficients), len(counts)), np.float32)
        for column, count in enumerate(counts):
            chosen = order[:count]
            kept[chosen, column] = coefficients[chosen]
        return np.ascontiguousarray(np.moveaxis(self.cells @ kept, 2, 0))


def signed_places(logits: NDArray) -> NDArray[np.uint8]:
    """Logits as places in the diverging table: below p = 0.5 blue, above orange, by how far p is from 0.5."""
    p = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
    return color_map.indices(p, 0, 1)


def contribution_rgba(prototype: NDArray, coefficient: float, strongest: float) -> NDArray[np.uint8]:
    """(h, w, 4) RGBA, straight alpha: where one prototype adds (orange) and takes away (blue).

    `strongest`: the |logit| shown at full strength. Nothing where it does nothing.
    """
    logits = prototype.astype(np.float32) * np.float32(coefficient)
    strength = np.minimum(np.abs(logits) / max(strongest, 1e-6), 1)
    result = np.empty((*logits.shape, 4), np.uint8)
    table = color_map.diverging()
    result[..., :3] = np.where((logits >= 0)[..., None], table[-1], table[0])
    result[..., 3] = (strength * 215).astype(np.uint8)
    return result

"""The answer to hints in torch, for batches, so that it can be trained through; the window has it in NumPy.

Logits are first + sum_j a_j r_j with a helper row for each hint,

    r_j(x) = exp(-|f(x) - f_j|^2 / 2 - s |x - x_j|^2 / 2 l_j^2),

f the pictures, l_j in proportion to the distance from the hint to the mask's edge, s learnt. `a` is the least
|a|^2 (with slack) after which every hint has the margin: a kernel machine on learnt features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.fine.hint_maps import SURE, discs_of
from model.fine.sight import MARGIN, SHORTEST, SLACK, SPREAD


@dataclass(frozen=True, slots=True, eq=False)
class Clicks:
    """Up to n clicks of each sample, (B, n): row, column, sign (0: none), distance to the edge; in cells."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    signs: NDArray[np.float32]
    reaches: NDArray[np.float32]

    @classmethod
    def none(cls, samples: int, most: int) -> Clicks:
        """No click yet."""
        shape = samples, most
        return cls(
            np.zeros(shape, np.int64),
            np.zeros(shape, np.int64),
            np.zeros(shape, np.float32),
            np.ones(shape, np.float32),
        )

    def put(self, sample: int, number: int, row: int, column: int, sign: float, reach: float) -> None:
        """One more click of a sample."""
        self.rows[sample, number], self.columns[sample, number] = row, column
        self.signs[sample, number], self.reaches[sample, number] = sign, reach


def unlikeness(pictures: Tensor, clicks: Clicks) -> Tensor:
    """(B, n, hw): |f(x) - f_j|^2 of all cells with the cell of each click; pictures (B, k, h, w)."""
    at = torch.from_numpy(clicks.rows * pictures.shape[3] + clicks.columns)  # (B, n)
    flat = pictures.flatten(2)  # (B, k, hw)
    own = torch.gather(flat, 2, at[:, None].expand(-1, flat.shape[1], -1))  # (B, k, n)
    return (flat**2).sum(1)[:, None] + (own**2).sum(1)[..., None] - 2 * own.transpose(1, 2) @ flat


def answer_all(
    pictures: Tensor, first: Tensor, clicks: Clicks, steepness: Tensor, squares: Tensor | None = None
) -> Tensor:
    """(B, h, w) logits after the clicks; pictures (B, k, h, w), first (B, h, w), `unlikeness` if known."""
    _, _, height, width = pictures.shape
    n = clicks.rows.shape[1]
    at = torch.from_numpy(clicks.rows * width + clicks.columns)  # (B, n)
    signs = torch.from_numpy(clicks.signs)
    if squares is None:
        squares = unlikeness(pictures, clicks)
    lengths = torch.from_numpy(np.maximum(SPREAD * clicks.reaches, SHORTEST)) ** 2  # (B, n)
    rows, columns = torch.from_numpy(clicks.rows), torch.from_numpy(clicks.columns)
    down = (torch.arange(height) - rows[..., None]) ** 2  # (B, n, h)
    across = (torch.arange(width) - columns[..., None]) ** 2
    away = ((down[..., None] + across[:, :, None]).flatten(2)) / lengths[..., None]
    given = torch.exp(-squares.clamp(min=0) / 2 - torch.exp(steepness) * away / 2)  # (B, n, hw)
    given = given * (signs != 0)[..., None]
    between = torch.gather(given, 2, at[:, None].expand(-1, n, -1)).transpose(1, 2)  # [i, j] = r_j(x_i)
    between = between * (signs != 0)[..., None]  # what is no click asks for nothing
    present = torch.gather(first.flatten(1), 1, at)
    short = signs * torch.relu(MARGIN - signs * present)
    matrix = between @ between.transpose(1, 2) + SLACK * torch.eye(n)
    amounts = between.transpose(1, 2) @ torch.linalg.solve(matrix, short[..., None])
    return first + (amounts.transpose(1, 2) @ given).view(first.shape)


def maps_of(start: Tensor, first: Tensor, now: Tensor, clicks: Clicks, squares: Tensor) -> Tensor:
    """(B, 8, h, w): what `HintNetwork` sees; `model.fine.hint_maps` has the same in NumPy, in two pieces.

    `start` (B, h, w) of -1 and 1, `first` and `now` (B, h, w) logits, `squares`: of `unlikeness`.
    """
    discs = torch.from_numpy(
        np.stack(
            [
                discs_of(*each, start.shape[1])
                for each in zip(clicks.rows, clicks.columns, clicks.signs, strict=True)
            ]
        )
    )
    signs = torch.from_numpy(clicks.signs)[..., None]
    alike = torch.exp(-squares.clamp(min=0) / 2)
    sides = torch.stack([(alike * (side * signs > 0)).amax(1) for side in (1, -1)], 1)
    states = torch.stack([start, first.clamp(-SURE, SURE) / SURE, now.clamp(-SURE, SURE) / SURE], 1)
    return torch.cat([states, discs, sides.view(-1, 2, *start.shape[1:])], 1)

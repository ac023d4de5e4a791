"""Instance masks as arrays cut to their box, and the assembly of prototypes and coefficients.

Numpy and OpenCV only. Frame: image pixels (upright, x right, y down), unless a name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class BoxMask:
    """A binary mask cut to a rectangle of the image: `bits[y - top, x - left]`. May be empty (0, 0)."""

    left: int
    top: int
    bits: NDArray[np.bool_]  # (height, width)

    def __post_init__(self) -> None:
        if self.bits.ndim != 2 or self.bits.dtype != np.bool_:
            raise ValueError(f"bits: expected a 2-d bool array, got {self.bits.shape} {self.bits.dtype}")

    @property
    def right(self) -> int:
        return self.left + self.bits.shape[1]

    @property
    def bottom(self) -> int:
        return self.top + self.bits.shape[0]

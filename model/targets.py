"""What one training image teaches: numpy from the augmentation, tensors for the losses.

Frame: relative 0..1 of the square input, which the image fills. Masks are on a square grid over the same
input; the losses say which grid they want.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One augmented image, (s, s, 3) RGB 0..255 (uint8, or float32 not clipped), and its n instances."""

    image: NDArray
    boxes: NDArray[np.float32]  # (n, 4) relative xyxy
    categories: NDArray[np.int64]  # (n,) from 0
    masks: NDArray[np.uint8]  # (n, m, m) 0..255, how much of a cell is covered
    crowd_boxes: NDArray[np.float32]  # (c, 4) relative xyxy: teach nothing, neither object nor background
    name: str = ""  # the image's file, for messages
    draw: int = 0  # seed of what the losses choose at random


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An example's instances as tensors on the network's device."""

    boxes: Tensor  # (n, 4) relative xyxy
    categories: Tensor  # (n,) int64, from 0
    masks: Tensor  # (n, m, m) float 0..1, how much of a cell is covered
    crowd_boxes: Tensor  # (c, 4)
    draw: int = 0  # seed of what the losses choose at random

    @staticmethod
    def of(example: Example, device: torch.device) -> Target:
        """The example's arrays, copied to `device`."""
        return Target(
            torch.from_numpy(example.boxes).to(device),
            torch.from_numpy(example.categories).to(device),
            torch.from_numpy(example.masks).to(device).float() / 255,
            torch.from_numpy(example.crowd_boxes).to(device),
            example.draw,
        )

"""From an image to what the network gets: stretched to a square, normalised.

In: (h, w, 3) uint8 RGB, image pixels. Out: (1, 3, s, s) float32 RGB, model pixels; the memory stays in the
image's order (channels last), so nothing is copied on the way. The aspect ratio is not kept, as published.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from model.config import ModelConfig
from model.opencv import cv2

LARGEST_COPY = 50_000_000  # pixels of an image that is converted as a whole for `to_published_input`
GATHER_FROM = 8  # times the output's pixels: from here on, picking the needed pixels beats converting all


def to_input(image: NDArray[np.uint8], config: ModelConfig) -> Tensor:
    """(h, w, 3) uint8 RGB -> (1, 3, s, s) float32, normalised."""
    return as_tensor(normalise(stretch(image, config), config))


def to_published_input(image: NDArray[np.uint8], config: ModelConfig) -> Tensor:
    """(h, w, 3) uint8 RGB -> (1, 3, s, s) float32, to the last bit as the published programs make it.

    For a single image they stretch with PyTorch, in single precision: the places where it looks are rounded,
    which moves some values by 1e-4, up to 1e-3 in large noisy ones, against `to_input`. Deep networks magnify
    that, so comparisons start from the same input. For networks and images not meant for that: `to_input`.
    """
    if config.antialias or image.shape[0] * image.shape[1] > LARGEST_COPY:
        return to_input(image, config).contiguous()
    pixels = torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)[None].contiguous()
    size = (config.input_size, config.input_size)
    pixels = F.interpolate(pixels, size, mode="bilinear", align_corners=False)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (config.mean, config.std))
    return ((pixels - mean) / std).contiguous()


def stretch(image: NDArray[np.uint8], config: ModelConfig) -> NDArray[np.float32]:
    """(h, w, 3) uint8 -> (s, s, 3) float32 0..255, bilinear with pixel centres at +0.5.

    Published networks: converted to float first, no antialiasing. With `config.antialias` each pixel of a
    smaller result is the mean of what it covers.
    """
    size = config.input_size
    height, width = image.shape[:2]
    if config.antialias and height >= size and width >= size:
        small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32)
    if height * width > GATHER_FROM * size * size:
        return _gathered(image, size)
    return np.asarray(
        cv2.resize(image.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR), np.float32
    )


def normalise(pixels: NDArray[np.float32], config: ModelConfig) -> NDArray[np.float32]:
    """(..., 3) float32 0..255 RGB -> the network's range, in place."""
    pixels -= np.array(config.mean, np.float32)
    pixels /= np.array(config.std, np.float32)
    return pixels


def as_tensor(pixels: NDArray[np.float32]) -> Tensor:
    """(s, s, 3) -> (1, 3, s, s) sharing the memory."""
    return torch.from_numpy(pixels)[None].permute(0, 3, 1, 2)


def _gathered(image: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    top, bottom, down = _taps(image.shape[0], size)
    left, right, across = _taps(image.shape[1], size)
    down, across = down[:, None, None], across[None, :, None]

    def row(rows: NDArray[np.intp]) -> NDArray[np.float32]:
        near = image[rows[:, None], left[None, :]].astype(np.float32)
        return near + (image[rows[:, None], right[None, :]] - near) * across

    upper = row(top)
    return np.asarray(upper + (row(bottom) - upper) * down, np.float32)


def _taps(pixels: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """Lower and upper neighbour and the upper one's weight, for each of `size` output pixels."""
    source = np.clip((np.arange(size) + 0.5) * (pixels / size) - 0.5, 0, pixels - 1)
    low = np.floor(source).astype(np.intp)
    return low, np.minimum(low + 1, pixels - 1), (source - low).astype(np.float32)

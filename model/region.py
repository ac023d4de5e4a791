"""The part of an image that the network looks at: which pixels, and how much a decoder may reduce them.

Frame: image pixels, rectangles as x, y, width, height. No torch here.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from model.config import ModelConfig
from model.errors import InputError
from model.image_io import REDUCTIONS, ImageHeader
from model.messages import Region


def reduction(header: ImageHeader, config: ModelConfig, region: Region | None = None) -> int:
    """How much a JPEG may be reduced while it is decoded: at least twice the network's input remains.

    Only for networks that average when they shrink, which comes to the same; published ones see every pixel.
    """
    if not config.antialias or header.format not in ("JPEG", "MPO"):
        return 1
    side = min(region[2:]) if region else min(header.width, header.height)
    fits = int(side) // (2 * config.input_size)
    return max(each for each in REDUCTIONS if each <= max(fits, 1))


def whole_pixels(region: Region, width: int, height: int, *, step: int = 1) -> Region:
    """The region cut to the image and grown to whole pixels, multiples of `step` from the image's corner.

    Raises InputError when nothing of it lies in the image.
    """
    x, y, across, down = region
    if not all(math.isfinite(value) for value in region):
        raise InputError(f"expected a region in numbers, got {region}")
    left, right = _span(x, x + across, width, step)
    top, bottom = _span(y, y + down, height, step)
    if right <= left or bottom <= top or across <= 0 or down <= 0:
        raise InputError(
            f"expected a region with pixels of the image ({width} x {height}), got {across:g} x {down:g} "
            f"at ({x:g}, {y:g}): choose one that lies in the image"
        )
    return float(left), float(top), float(right - left), float(bottom - top)


def _span(low: float, high: float, pixels: int, step: int) -> tuple[int, int]:
    first = math.floor(max(low, 0.0) / step) * step
    return first, min(math.ceil(min(high, float(pixels)) / step) * step, pixels)


def cut(pixels: NDArray[np.uint8], region: Region, *, step: int = 1) -> NDArray[np.uint8]:
    """The region's (h, w, 3) pixels out of an image that was reduced by `step`; shares its memory."""
    x, y, width, height = (int(value) for value in region)
    return pixels[y // step : -(-(y + height) // step), x // step : -(-(x + width) // step)]

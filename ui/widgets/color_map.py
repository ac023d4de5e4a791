"""Colour tables for pictures of numbers, computed in OKLab (Ottosson 2020), where equal steps look equal.

`sequential` goes from a dark violet over blue and green to a light yellow: dark is little, light is much, in
grey print too. `diverging` goes from blue over a neutral grey to orange, which the usual colour-blind eyes
tell apart. Tables are (256, 3) uint8 RGB.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.uint8]
SIZE = 256
_FINE = 1024  # samples of a path before it is cut into equal steps
_TO_LMS = np.array([[1.0, 0.3963377774, 0.2158037573], [1.0, -0.1055613458, -0.0638541728],
                    [1.0, -0.0894841775, -1.2914855480]])  # fmt: skip
_TO_RGB = np.array([[4.0767416621, -3.3077115913, 0.2309699292], [-1.2684380046, 2.6097574011, -0.3413193965],
                    [-0.0041960863, -0.7034186147, 1.7076147010]])  # fmt: skip


def oklab_to_rgb(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """(..., 3) OKLab to linear-light sRGB; values outside 0..1 are colours that no screen shows."""
    return np.asarray((lab @ _TO_LMS.T) ** 3 @ _TO_RGB.T)


def rgb_to_oklab(rgb: NDArray) -> NDArray[np.float64]:
    """(..., 3) sRGB 0..255 to OKLab."""
    value = np.asarray(rgb, np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ np.linalg.inv(_TO_RGB).T) @ np.linalg.inv(_TO_LMS).T)


def _lch(lightness: NDArray, chroma: NDArray, hue: NDArray) -> NDArray[np.float64]:
    """OKLab from lightness, chroma and hue in degrees."""
    angle = np.radians(hue)
    return np.stack([lightness, chroma * np.cos(angle), chroma * np.sin(angle)], axis=-1)


def _shown_chroma(lightness: NDArray, hue: NDArray, most: NDArray) -> NDArray[np.float64]:
    """As much of the wanted chroma as a screen can show, by halving."""
    low, high = np.zeros_like(most), most.astype(np.float64)
    for _ in range(24):
        middle = (low + high) / 2
        rgb = oklab_to_rgb(_lch(lightness, middle, hue))
        fits = ((rgb >= 0) & (rgb <= 1)).all(-1)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    return low


def _even(lab: NDArray[np.float64], count: int) -> Table:
    """`count` colours at equal distances along a path through OKLab."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(lab, axis=0), axis=1))])
    wanted = np.linspace(0, lengths[-1], count)
    path = np.stack([np.interp(wanted, lengths, lab[:, axis]) for axis in range(3)], axis=1)
    linear = oklab_to_rgb(path).clip(0, 1)
    value = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(value * 255), np.uint8)


@cache
def sequential() -> Table:
    """Dark violet to light yellow; equal steps look equal."""
    t = np.linspace(0, 1, _FINE)
    lightness = 0.20 + 0.73 * t
    hue = 305 - 203 * t**0.9
    chroma = _shown_chroma(lightness, hue, 0.10 + 0.075 * t)
    return _even(_lch(lightness, _smooth(chroma), hue), SIZE)


@cache
def diverging() -> Table:
    """Blue (takes away) over grey (nothing) to orange (adds)."""
    t = np.linspace(0, 1, _FINE)
    lightness = 0.93 - 0.40 * t
    arms = []
    for hue in (257.0, 50.0):
        angle = np.full_like(t, hue)
        chroma = _shown_chroma(lightness, angle, 0.165 * t)
        arms.append(_even(_lch(lightness, chroma, angle), SIZE // 2))
    return np.concatenate([arms[0][::-1], arms[1]])


def _smooth(values: NDArray[np.float64], width: int = 96) -> NDArray[np.float64]:
    """A running mean that stays below the values: no kinks where the screen's limits have corners."""
    padded = np.pad(values, width, mode="edge")
    lowest = np.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1).min(1)
    padded = np.pad(lowest, width, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * width + 1).mean(1))


def indices(values: NDArray, low: float, high: float) -> NDArray[np.uint8]:
    """Values as places in a table: `low` is 0, `high` 255, what is beyond is cut."""
    scale = (SIZE - 1) / max(high - low, 1e-9)
    return np.asarray(((values - low) * scale + 0.5).clip(0, SIZE - 1), np.uint8)

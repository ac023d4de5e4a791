"""What is at a place, at several sizes, as fine prototypes see it: for objects that no model knows.

A disc of each size around the place is drawn anew, and again; the answer that the network is surest of comes
first. No category is known, and no anchor asked. Frame: image pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.fine import FineLook, certainty, drawn
from app.geometry import bounds, covers, mask_iou, tight
from model.basis import Rectangle, grown
from model.fine.sight import FINENESS
from model.masks import BoxMask
from model.opencv import cv2

SIZES = (0.75, 0.47, 0.29, 0.18, 0.115)  # of discs, in the image's shorter side
LEAST = 16.0  # pixels: of a disc's diameter
LOOKS = 3  # each is around what the one before saw
PLAIN = 2.0  # levels of 255: where parts of a place deviate less, nothing stands out
SAME = 0.8  # IoU of masks from which two sizes found one object


@dataclass(frozen=True, slots=True, eq=False)
class Sized:
    """An object that was seen, and how sure that answer is of itself."""

    mask: BoxMask
    certainty: float  # 0 to 1


def objects_at(
    pixels: NDArray[np.uint8], size: tuple[int, int], x: float, y: float, finely: FineLook
) -> list[Sized]:
    """The different objects that hold a place, the surest first. About 10 ms a look: not on the GUI thread.

    `pixels`: (H, W, 3) RGB of the image, perhaps reduced; `size`: width and height of the image itself.
    """
    if not (0 <= x < size[0] and 0 <= y < size[1]):
        return []
    found: list[Sized] = []
    for each in sorted(_seen(pixels, size, x, y, finely), key=lambda one: -one.certainty):
        if all(mask_iou(each.mask, other.mask) <= SAME for other in found):
            found.append(each)
    return found


def _seen(
    pixels: NDArray[np.uint8], size: tuple[int, int], x: float, y: float, finely: FineLook
) -> Iterator[Sized]:
    scale = size[0] / pixels.shape[1]
    for share in SIZES:
        diameter = share * min(size)
        if diameter < LEAST and share != SIZES[0]:
            return
        mask, sure = _disc(x, y, diameter, size), 0.0
        for _ in range(LOOKS):
            around = grown(bounds(mask), *size)
            if _plain(pixels, around, scale):
                break
            sight = finely.anyhow(mask, around, pixels, scale)
            if sight is None:
                break
            sure = certainty(sight)
            mask = drawn(sight)
            if not mask.bits.any():
                break
        else:
            if covers(mask, x, y):
                yield Sized(mask, sure)


def _disc(x: float, y: float, diameter: float, size: tuple[int, int]) -> BoxMask:
    left, top = max(int(x - diameter / 2), 0), max(int(y - diameter / 2), 0)
    right, bottom = min(int(x + diameter / 2) + 1, size[0]), min(int(y + diameter / 2) + 1, size[1])
    bits = np.zeros((bottom - top, right - left), np.uint8)
    cv2.circle(bits, (round(x - 0.5) - left, round(y - 0.5) - top), max(round(diameter / 2), 1), 1, -1)
    return tight(BoxMask(left, top, bits.view(np.bool_)))


def _plain(pixels: NDArray[np.uint8], around: Rectangle, scale: float) -> bool:
    left, top, right, bottom = (int(each / scale) for each in around)
    part = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
    down, across = (max(extent // (16 * FINENESS), 1) for extent in part.shape[:2])
    part = np.ascontiguousarray(part[::down, ::across])
    parts = cv2.resize(part, (16, 16), interpolation=cv2.INTER_AREA)
    return float(np.asarray(parts).std((0, 1)).max()) < PLAIN

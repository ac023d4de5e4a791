"""Fine prototypes of the instances at hand: looked at once, remembered while hints are given. Any thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.geometry import bounds, tight, window
from model.basis import grown
from model.fine.sight import FineSight, Rectangle, Sight, built_in
from model.masks import BoxMask
from model.opencv import cv2

REMEMBERED = 4
LEAST = 12  # pixels of the longer side of what is looked at
FULL = 0.9  # of it: a mask that fills more leaves nothing to tell it from
SURE = 4.0  # logits beyond do not move an edge between two cells, and are no surer
TRUSTED = 0.4  # IoU of a first answer with the mask that is there: below, something else was seen


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    pixels: NDArray[np.uint8]
    bits: NDArray[np.bool_]
    sight: Sight


class FineLook:
    """Looks with one network, and remembers the last few sights, so that looking ahead pays."""

    def __init__(self, network: FineSight) -> None:
        self._network = network
        self._seen: list[_Seen] = []
        self._lock = threading.Lock()

    def of(
        self, mask: BoxMask, rectangle: Rectangle, pixels: NDArray[np.uint8], scale: float = 1.0
    ) -> Sight | None:
        """How a mask's surroundings (image pixels) look; None where another thing than the mask is seen.

        `pixels`: (H, W, 3) RGB of the image, reduced by `scale`.
        """
        sight = self.anyhow(mask, rectangle, pixels, scale)
        return sight if sight is not None and _likeness(sight) >= TRUSTED else None

    def anyhow(
        self, mask: BoxMask, rectangle: Rectangle, pixels: NDArray[np.uint8], scale: float = 1.0
    ) -> Sight | None:
        """The same, whatever is seen; None where the mask is too small, or fills the rectangle."""
        bits = window(mask, *rectangle)
        share = np.count_nonzero(bits) / max(bits.size, 1)
        if max(bits.shape) < LEAST or not 0 < share <= FULL:
            return None
        return self._looked(bits, rectangle, pixels, scale)

    def _looked(
        self, bits: NDArray[np.bool_], rectangle: Rectangle, pixels: NDArray[np.uint8], scale: float
    ) -> Sight:
        with self._lock:
            for each in self._seen:
                same = each.pixels is pixels and each.sight.rectangle == rectangle
                if same and np.array_equal(each.bits, bits):
                    return each.sight
            sight = self._network.look(pixels, rectangle, bits, scale=scale)
            self._seen = [_Seen(pixels, bits, sight), *self._seen[: REMEMBERED - 1]]
            return sight


def drawn(sight: Sight) -> BoxMask:
    """The first answer as a mask, at the image's resolution."""
    left, top, right, bottom = sight.rectangle
    size = right - left, bottom - top
    wide = cv2.resize(np.clip(sight.first, -SURE, SURE), size, interpolation=cv2.INTER_LINEAR)
    return tight(BoxMask(left, top, np.asarray(wide > 0)))


def redrawn(mask: BoxMask, pixels: NDArray[np.uint8], width: int, finely: FineLook | None) -> BoxMask:
    """A mask as fine prototypes see it; the mask itself where they see nothing, or another thing.

    `pixels`: (H, W, 3) RGB of the image, perhaps reduced; `width`: of the image itself.
    """
    mask = tight(mask)
    if finely is None or not mask.bits.any():
        return mask
    scale = width / pixels.shape[1]
    sight = finely.of(mask, grown(bounds(mask), width, round(pixels.shape[0] * scale)), pixels, scale)
    made = mask if sight is None else drawn(sight)
    return made if made.bits.any() else mask


def certainty(sight: Sight) -> float:
    """How sure the first answer is of itself: the mean of |logit|, at most `SURE`, of that; 0 to 1."""
    return float(np.minimum(np.abs(sight.first), SURE).mean()) / SURE


def _likeness(sight: Sight) -> float:
    """IoU of the first answer with the mask that was shown."""
    assert sight.start is not None
    shown, seen = sight.start, sight.first > 0
    either = np.count_nonzero(shown | seen)
    return float(np.count_nonzero(shown & seen) / either) if either else 0.0


@cache
def shared_look() -> FineLook | None:
    """The one that the window and the benchmark use; None where the shipped network cannot be read."""
    network = built_in()
    return None if network is None else FineLook(network)

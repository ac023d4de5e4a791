"""Fine prototypes of the instances at hand: looked at once, remembered while hints are given. Any thread."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from app.geometry import window
from model.fine.sight import FineSight, Rectangle, Sight, built_in
from model.masks import BoxMask

REMEMBERED = 4


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

    def of(self, mask: BoxMask, rectangle: Rectangle, pixels: NDArray[np.uint8], scale: float = 1.0) -> Sight:
        """How a mask's surroundings (image pixels) look. `pixels`: (H, W, 3) RGB, reduced by `scale`."""
        bits = window(mask, *rectangle)
        with self._lock:
            for each in self._seen:
                same = each.pixels is pixels and each.sight.rectangle == rectangle
                if same and np.array_equal(each.bits, bits):
                    return each.sight
            sight = self._network.look(pixels, rectangle, bits, scale=scale)
            self._seen = [_Seen(pixels, bits, sight), *self._seen[: REMEMBERED - 1]]
            return sight


@cache
def shared_look() -> FineLook | None:
    """The one that the window and the benchmark use; None where the shipped network cannot be read."""
    network = built_in()
    return None if network is None else FineLook(network)

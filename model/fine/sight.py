"""What the network of fine prototypes sees of one instance, by ONNX Runtime: no torch, any thread.

    look(crop of the image, mask that is there) -> pictures, logits of a first answer, features
    understand(maps of the hints) -> change of the logits

The network and how hints are answered with it: `model.fine.network`, `model.fine.answering` (torch, for
training) and `model.local_solving` (NumPy, for the window). Frames: image pixels for rectangles; cells of
the crop, stretched to a square, for pictures.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.errors import WeightsError
from model.fine.hint_maps import still_of
from model.fine.runtime import loaded
from model.opencv import cv2

SIDE = 192  # pixels that a crop is stretched to
CELLS = 96  # a side of the pictures
FINENESS = 8  # pixels a side of a crop's pixel that are looked at; of more, every second, third ... one
MARGIN = 2.0  # logits that a hint's cell has afterwards
SLACK = 0.05
SPREAD = 2.0  # reach of a helper row for a distance to the mask's edge of 1
SHORTEST = 1.5  # cells: the least reach
MEAN, DEVIATION = 127.0, 128.0  # of the network's input
NETWORK, PREPARE, AGAIN, CARD = "fine.onnx", "prepare.onnx", "again.onnx", "card.json"
LEVELS = ("half", "quarter", "eighth", "sixteenth")  # features, by their share of the crop's side
BUILT_IN = Path(__file__).parents[2] / "resources" / "weights" / "fine"

T = TypeVar("T")
Rectangle = tuple[int, int, int, int]  # left top right bottom, image pixels


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One instance as it was seen, with the mask that it had then."""

    rectangle: Rectangle
    pictures: NDArray[np.float32]  # (c, c, k): likeness of two cells says that they belong together
    first: NDArray[np.float32]  # (c, c) logits
    steepness: float  # with which helper rows fall with distance
    norms: NDArray[np.float32] | None = None  # (c * c) squared lengths of `pictures`, or not known yet
    start: NDArray[np.bool_] | None = None  # (c, c) the mask that was there
    understand: Callable[[NDArray[np.float32]], NDArray[np.float32]] | None = None
    # maps (6, c, c) of the hints (`hint_maps.moving_of`) -> (c, c) change of the logits; None: no change


class FineSight:
    """The network, loaded. Thread-safe; the same crop and mask give the same sight."""

    def __init__(self, folder: Path) -> None:
        """WeightsError when the folder has no network that can be read."""
        try:
            self.card = json.loads((folder / CARD).read_text(encoding="utf-8"))
            self._steepness = float(self.card["steepness"])
            self._first, self._prepare, self._again = (
                loaded(folder / name) for name in (NETWORK, PREPARE, AGAIN)
            )
            self._beside = ThreadPoolExecutor(1, "mirror-image")
        except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
            words = (str(error).strip().splitlines() or [type(error).__name__])[0][:100]
            files = ", ".join((NETWORK, PREPARE, AGAIN, CARD))
            raise WeightsError(
                f"{folder}: expected {files} of fine prototypes, got: {words}; reinstall"
            ) from None

    def look(
        self, pixels: NDArray[np.uint8], rectangle: Rectangle, bits: NDArray[np.bool_], *, scale: float = 1.0
    ) -> Sight:
        """About 10 ms: the crop and its mirror image are looked at.

        `pixels`: (H, W, 3) RGB of the image, or one reduced by `scale`. `bits`: the mask's pixels in the
        rectangle, (bottom - top, right - left).
        """
        left, top, right, bottom = (round(value / scale) for value in rectangle)
        left, top = min(left, pixels.shape[1] - 1), min(top, pixels.shape[0] - 1)
        part = pixels[top : max(bottom, top + 1), left : max(right, left + 1)]
        crop = _stretched(part).astype(np.float32)
        crop -= MEAN
        crop /= DEVIATION
        there = in_cells(bits)
        start = np.where(there, np.float32(1), np.float32(-1)).repeat(2, 0).repeat(2, 1)
        seen, mirrored = self._twice(self._forward, (crop, start), (crop[:, ::-1], start[:, ::-1]))
        pictures = np.array(seen[0][0].transpose(1, 2, 0), np.float32, order="C")
        first = (seen[1][0] + mirrored[1][0][:, ::-1]) * np.float32(0.5)
        still = still_of(there, first)
        ready = self._twice(self._ready, (still, seen[2:]), (still[..., ::-1], mirrored[2:]))
        return Sight(
            rectangle,
            pictures,
            first,
            self._steepness,
            np.einsum("hwk,hwk->hw", pictures, pictures).ravel(),
            there,
            partial(self._understood, *ready),
        )

    def _twice(
        self, work: Callable[..., T], given: tuple[Any, ...], mirrored: tuple[Any, ...]
    ) -> tuple[T, T]:
        """The work for both at the same time: two small networks side by side are faster than one on two."""
        other = self._beside.submit(work, *mirrored)
        return work(*given), other.result()

    def _forward(self, crop: NDArray[np.float32], start: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """What the network gives of a normalised crop and a mask of -1 and 1: pictures, logits, features."""
        given = {
            "crop": np.ascontiguousarray(crop.transpose(2, 0, 1))[None],
            "mask": np.ascontiguousarray(start)[None, None],
        }
        return self._first.run(["pictures", "first", *LEVELS], given)

    def _ready(
        self, still: NDArray[np.float32], features: Sequence[NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        """What all hints have in common."""
        given = {"still": np.ascontiguousarray(still)[None], **dict(zip(LEVELS, features, strict=True))}
        return self._prepare.run([f"ready_{level}" for level in LEVELS], given)

    def _understood(
        self,
        ready: Sequence[NDArray[np.float32]],
        mirrored: Sequence[NDArray[np.float32]],
        moving: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """(c, c): the mean of what the hints mean in the crop and in its mirror image."""
        one, other = self._twice(self._change, (ready, moving), (mirrored, moving[..., ::-1]))
        return (one + other[:, ::-1]) * np.float32(0.5)

    def _change(
        self, ready: Sequence[NDArray[np.float32]], moving: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        given = {"moving": np.ascontiguousarray(moving)[None], **dict(zip(LEVELS, ready, strict=True))}
        return self._again.run(["change"], given)[0][0]


@cache
def built_in() -> FineSight | None:
    """The network that is shipped; None where it cannot be used (then hints do without)."""
    try:
        return FineSight(BUILT_IN)
    except WeightsError:
        return None


def in_cells(bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(c, c): the cells of which a mask over the rectangle covers half."""
    return np.asarray(_stretched(bits.view(np.uint8), CELLS, 255) > 127)


def _stretched(values: NDArray[np.uint8], side: int = SIDE, times: int = 1) -> NDArray[np.uint8]:
    """To a square; averaged where it gets smaller, of at least `FINENESS` squared pixels each."""
    down, across = (max(extent // (FINENESS * side), 1) for extent in values.shape[:2])
    values = np.ascontiguousarray(values[::down, ::across]) * np.uint8(times)
    height, width = values.shape[:2]
    sideways = cv2.INTER_AREA if width > side else cv2.INTER_LINEAR
    upright = cv2.INTER_AREA if height > side else cv2.INTER_LINEAR
    wide = np.asarray(cv2.resize(values, (side, height), interpolation=sideways), np.uint8)
    return np.asarray(cv2.resize(wide, (side, side), interpolation=upright), np.uint8)

"""Decoded images with their masks, kept in memory at a size that training needs.

Frame: *sample* pixels, which are image pixels times `scale` (at most 1), pixel centres at +0.5. Masks are cut
to their box. Thread-safe.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.dataset import CocoData, ImageEntry, Instance
from model.errors import DataError
from model.image_io import read_image
from model.opencv import cv2
from model.rle import decode

LEAST_AGREEMENT = 0.1  # IoU of an annotation's box and its mask's, below which the mask is believed
CACHE_BYTES = 1_500_000_000


@dataclass(frozen=True, slots=True, eq=False)
class SampleMask:
    """One instance: `bits[y - top, x - left]`, 0 or 1, and the box the file gave for it."""

    category: int
    crowd: bool
    left: int
    top: int
    bits: NDArray[np.uint8]
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One decoded image, (h, w, 3) uint8 RGB, and its instances."""

    image: NDArray[np.uint8]
    masks: tuple[SampleMask, ...]
    name: str = ""  # of the file, for messages

    @property
    def size(self) -> int:
        """Bytes in memory."""
        return self.image.nbytes + sum(mask.bits.nbytes for mask in self.masks)


class SampleStore:
    """Gives samples by number; the latest used stay in memory."""

    def __init__(self, data: CocoData, max_side: int, cache_bytes: int = CACHE_BYTES) -> None:
        self._images = data.images
        self._max_side = max_side
        self._limit = cache_bytes
        self._held = 0
        self._cache: OrderedDict[int, Sample] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._images)

    def get(self, index: int) -> Sample:
        """Sample `index`. InputError when its file cannot be read or has another size than the file says."""
        with self._lock:
            if index in self._cache:
                self._cache.move_to_end(index)
                return self._cache[index]
        sample = make_sample(self._images[index], self._max_side)
        with self._lock:
            if index not in self._cache:
                self._cache[index] = sample
                self._held += sample.size
            while self._held > self._limit and len(self._cache) > 1:
                self._held -= self._cache.popitem(last=False)[1].size
        return sample


def make_sample(entry: ImageEntry, max_side: int) -> Sample:
    """Read and decode one image; its longer side is at most `max_side` afterwards."""
    image = read_image(entry.path)
    height, width = image.shape[:2]
    if (width, height) != (entry.width, entry.height):
        raise DataError(
            f"{entry.path}: expected {entry.width} x {entry.height} pixels as the COCO file says, "
            f"got {width} x {height}"
        )
    scale = min(1.0, max_side / max(height, width))
    if scale < 1:
        size = (max(round(width * scale), 1), max(round(height * scale), 1))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    masks = [_mask(instance, entry, image.shape[1], image.shape[0]) for instance in entry.instances]
    return Sample(image, tuple(mask for mask in masks if mask is not None), entry.path.name)


def _mask(instance: Instance, entry: ImageEntry, width: int, height: int) -> SampleMask | None:
    """None for a mask without a pixel."""
    full = decode(instance.segmentation, entry.height, entry.width)
    if (width, height) != (entry.width, entry.height):
        full = np.asarray(cv2.resize(full * 255, (width, height), interpolation=cv2.INTER_AREA) > 127)
        full = full.astype(np.uint8)
    left, top, w, h = cv2.boundingRect(full)
    if not w or not h:
        return None
    bits = full[top : top + h, left : left + w].copy()
    across, down = width / entry.width, height / entry.height
    if instance.box is None:
        box = (float(left), float(top), float(left + w), float(top + h))
    else:
        x1, y1, x2, y2 = instance.box
        box = (x1 * across, y1 * down, x2 * across, y2 * down)
        # Corners given as width and height, or boxes of something else, make the mask's loss explode.
        if not instance.crowd and _overlap(box, (left, top, left + w, top + h)) < LEAST_AGREEMENT:
            box = (float(left), float(top), float(left + w), float(top + h))
    return SampleMask(instance.category, instance.crowd, left, top, bits, box)


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    """IoU of two boxes, x1 y1 x2 y2."""
    across = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    down = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    common = across * down
    return common / max((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common, 1e-9)

"""COCO segmentations -> masks, checked before anything is made of them.

Numpy for run lengths (runs that overrun their image crash pycocotools' C code), pycocotools for polygons, so
that areas are COCO's. Frame: image pixels. A mask is (height, width) uint8 0/1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.errors import DataError

FARTHEST = 1e5  # pixels: a vertex farther out is a fault, and its edges would take much memory


def decode(segmentation: Any, height: int, width: int) -> NDArray[np.uint8]:
    """(height, width) uint8 0/1 of polygons [[x1, y1, ...], ...] or of {'size', 'counts'}. DataError."""
    if isinstance(segmentation, Mapping):
        counts = run_lengths(segmentation, height, width)
        values = np.zeros(len(counts), np.uint8)
        values[1::2] = 1
        return np.ascontiguousarray(np.repeat(values, counts).reshape(width, height).T)
    from pycocotools import mask as coco_mask

    parts = coco_mask.frPyObjects(polygons(segmentation), height, width)
    return np.asarray(coco_mask.decode(coco_mask.merge(parts)), np.uint8)


def check(segmentation: Any, height: int, width: int) -> str | None:
    """What is wrong with a segmentation, in one line; None when it can be decoded. Makes no mask."""
    try:
        if isinstance(segmentation, Mapping):
            run_lengths(segmentation, height, width)
        else:
            polygons(segmentation)
    except DataError as error:
        return str(error)
    return None


def may_show(segmentation: Any, height: int, width: int) -> bool:
    """Whether a checked segmentation may have a pixel of the image. Makes no mask: thin polygons pass."""
    if isinstance(segmentation, Mapping):
        return bool(run_lengths(segmentation, height, width)[1::2].any())
    for part in polygons(segmentation):
        x, y = part[::2], part[1::2]
        if max(x) > 0 and max(y) > 0 and min(x) < width and min(y) < height:
            return True
    return False


def polygons(segmentation: Any) -> list[list[float]]:
    """The parts with three vertices or more, as floats. DataError when there is none, or one is no part."""
    if not isinstance(segmentation, list | tuple) or not segmentation:
        raise DataError(
            "expected a segmentation of polygons or run lengths, got "
            f"{'none' if not segmentation else type(segmentation).__name__}"
        )
    parts = []
    for part in segmentation:
        try:
            values = np.asarray(part, np.float64)
        except (TypeError, ValueError):
            raise DataError("expected polygons of numbers, got something else") from None
        if values.ndim != 1 or len(values) % 2:
            raise DataError("expected polygons as flat lists x1, y1, x2, y2, ..., got something else")
        if not np.isfinite(values).all() or (np.abs(values) > FARTHEST).any():
            raise DataError(
                f"expected polygon vertices within {FARTHEST:g} pixels, got one that is not a place"
            )
        if len(values) >= 6:
            parts.append(values.tolist())
    if not parts:
        raise DataError("expected polygons of three vertices or more, got fewer")
    return parts


def run_lengths(segmentation: Mapping[str, Any], height: int, width: int) -> NDArray[np.int64]:
    """The checked runs of an RLE, compressed or not: they fill the image exactly. DataError otherwise."""
    size = segmentation.get("size")
    if not isinstance(size, list | tuple) or [*size] != [height, width]:
        raise DataError(f"expected run lengths of size [{height}, {width}], got {size}")
    counts = segmentation.get("counts")
    if isinstance(counts, str):
        counts = counts.encode("ascii", "replace")
    if isinstance(counts, bytes):
        runs = _decompressed(counts)
    elif isinstance(counts, list | tuple) and all(isinstance(run, int) for run in counts):
        runs = np.array(counts, np.int64)
    else:
        raise DataError("expected run lengths as a string or a list of whole numbers, got something else")
    if len(runs) and (runs.min() < 0 or runs.max() > height * width):
        raise DataError("expected run lengths within the image, got one that is not")
    if runs.sum() != height * width:
        raise DataError(f"expected run lengths that fill {height} x {width} pixels, got {runs.sum()}")
    return runs


def _decompressed(text: bytes) -> NDArray[np.int64]:
    """COCO's compressed counts: 5 bits a character, 0x20 says more follow, each from the third on a
    difference to the one before the last."""
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - 48
    if not len(codes):
        return codes
    ends = np.flatnonzero((codes & 0x20) == 0)
    if codes.min() < 0 or codes.max() > 63 or not len(ends) or ends[-1] != len(codes) - 1:
        raise DataError("expected compressed run lengths, got a damaged string")
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > 8:
        raise DataError("expected run lengths within the image, got one that is not")
    places = np.arange(len(codes)) - np.repeat(starts, lengths)
    values = np.add.reduceat((codes & 0x1F) << (5 * places), starts)
    negative = (codes[ends] & 0x10) != 0
    values[negative] -= np.int64(1) << (5 * lengths[negative])
    values[1::2] = np.cumsum(values[1::2])
    values[2::2] = np.cumsum(values[2::2])
    return values

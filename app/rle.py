"""COCO's run-length masks, read and written without ever making the full image.

A run-length mask lists the lengths of alternating runs of 0 and 1, zeros first, over the whole image read
column by column (down, then right). Its *compressed* form writes each length, less the one two before it,
in groups of five bits as printable characters (pycocotools, `common/maskApi.c`, `rleToString`).

pycocotools trusts both: runs that overrun the image write past the end of its memory. Everything here is
plain numpy over the concatenated characters of many masks at once, and says what is wrong in words.
Frame: whole image pixels; x right, y down. Sizes are COCO's (height, width).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from app.geometry import RleMask
from model.errors import DataError
from model.masks import BoxMask

MAX_GROUPS = 7  # 35 bits: more than any image of up to 4 gigapixels needs
_CHUNK = 1 << 20  # characters handled at once: bounds memory, stays in the cache
_NOTHING = np.zeros(0, np.int64)
EMPTY = BoxMask(0, 0, np.zeros((0, 0), np.bool_))


@dataclass(frozen=True, slots=True, eq=False)
class RunTable:
    """The runs of n masks, one after the other: mask i has `lengths[offsets[i]:offsets[i + 1]]`."""

    lengths: NDArray[np.int64]  # (total,), alternating 0 and 1 within each mask, zeros first
    offsets: NDArray[np.int64]  # (n + 1,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def places(self) -> NDArray[np.int64]:
        """(total,): each run's index within its own mask."""
        return np.arange(len(self.lengths)) - np.repeat(self.offsets[:-1], np.diff(self.offsets))

    def totals(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,): the sum of `values` (total,) for each mask."""
        sums = np.concatenate(([0], np.cumsum(values)))
        return sums[self.offsets[1:]] - sums[self.offsets[:-1]]


def parse(counts: Sequence[bytes]) -> tuple[RunTable, list[str | None]]:
    """The runs of compressed counts, and for each what is wrong with its characters (None: nothing).

    A mask whose characters are faulty has no runs in the table. Whether the runs fit an image is not
    looked at here: see `check_counts`.
    """
    faults: list[str | None] = [None] * len(counts)
    characters, offsets = _join(counts)
    digits = characters - np.uint8(48)  # below '0' wraps round to above 63
    _blame(faults, _owners(offsets, np.flatnonzero(digits > 63)), "characters that are not of a COCO mask")
    ends_open = np.zeros(len(counts), np.bool_)
    filled = np.flatnonzero(np.diff(offsets))
    ends_open[filled] = digits[offsets[1:][filled] - 1] & 32 != 0
    _blame(faults, np.flatnonzero(ends_open), "cut short in the middle of a number")
    ends = np.flatnonzero(digits & 32 == 0)
    starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
    _blame(faults, _owners(offsets, starts[ends - starts >= MAX_GROUPS]), "a number too large for any image")
    if any(faults):
        clean, _ = parse([b"" if fault else each for each, fault in zip(counts, faults, strict=True)])
        return clean, faults
    values = _numbers(digits, starts, ends)
    table = RunTable(values, np.searchsorted(ends, offsets).astype(np.int64))
    return RunTable(_undo_differences(table), table.offsets), faults


def check_counts(counts: Sequence[bytes], sizes: ArrayLike) -> list[str | None]:
    """What is wrong with each of n compressed masks for its image, in words; None = sound.

    `sizes` (n, 2): (height, width) of each. Never raises for bad counts, never crashes.
    """
    shapes = np.asarray(sizes, np.int64).reshape(-1, 2)
    faults: list[str | None] = []
    for part in _parts(counts):
        table, found = parse(counts[part])
        faults += _check_runs(table, shapes[part], found)
    return faults


def pack(runs: Sequence[object], sizes: ArrayLike) -> tuple[list[bytes], list[str | None]]:
    """Compressed counts of n uncompressed masks (lists of whole numbers), and what is wrong with each.

    `sizes` (n, 2): (height, width). A faulty one, whatever it is, gives b"" and its fault in words.
    """
    arrays = [_whole_numbers(each) for each in runs]
    faults = [None if each is not None else "counts that are not a list of whole numbers" for each in arrays]
    table = _table(arrays)
    faults = _check_runs(table, np.asarray(sizes, np.int64).reshape(-1, 2), faults)
    sound = _table([None if fault else each for each, fault in zip(arrays, faults, strict=True)])
    return compress_all(sound), faults


def measure_all(counts: Sequence[bytes], sizes: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tight boxes (n, 4) as x, y, width, height and areas (n,) in pixels of n sound compressed masks.

    `sizes` (n, 2): (height, width). An empty mask has box 0, 0, 0, 0. Unsound counts raise `DataError`.
    """
    shapes = np.asarray(sizes, np.int64).reshape(-1, 2)
    boxes, areas = np.zeros((len(counts), 4), np.int64), np.zeros(len(counts), np.int64)
    for part in _parts(counts):
        table, found = parse(counts[part])
        fault = next(filter(None, _check_runs(table, shapes[part], found)), None)
        if fault:
            raise DataError(f"run-length mask: {fault}; check the file it came from")
        boxes[part], areas[part] = _measure(table, shapes[part][:, 0])
    return boxes, areas


def encode(mask: BoxMask, width: int, height: int) -> bytes:
    """COCO's compressed counts of `mask` in an image of that size, the very bytes pycocotools gives.

    What lies outside the image is cut off.
    """
    x0, y0 = max(mask.left, 0), max(mask.top, 0)
    x1, y1 = min(mask.right, width), min(mask.bottom, height)
    if x1 <= x0 or y1 <= y0:
        return compress([width * height])
    bits = mask.bits[y0 - mask.top : y1 - mask.top, x0 - mask.left : x1 - mask.left]
    columns = np.zeros((x1 - x0, y1 - y0 + 1), np.bool_)  # a zero below each column ends its runs there
    columns[:, :-1] = bits.T
    flat = columns.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    if flat[0]:
        changes = np.concatenate(([0], changes))
    if not len(changes):
        return compress([width * height])
    column, row = np.divmod(changes[0::2], y1 - y0 + 1)
    starts = (column + x0) * height + row + y0
    ends = starts + changes[1::2] - changes[0::2]
    apart = starts[1:] != ends[:-1]  # runs that reach the image's bottom and go on at the next top are one
    starts, ends = starts[np.append(True, apart)], ends[np.append(apart, True)]
    bounds = np.column_stack((starts, ends)).ravel()
    lengths = np.diff(bounds, prepend=0, append=width * height)
    return compress(lengths if lengths[-1] else lengths[:-1])


def decode(rle: RleMask) -> BoxMask:
    """The mask cut to its tight box (0 x 0 when empty), C-contiguous. `DataError` for unsound counts."""
    table, faults = parse([rle.counts])
    size = np.array([[rle.height, rle.width]])
    fault = _check_runs(table, size, faults)[0]
    if fault:
        raise DataError(f"run-length mask: {fault}; check the file it came from")
    return next(_paint_each(table, size[:, 0]))


def decode_all(rles: Sequence[RleMask]) -> list[BoxMask]:
    """`decode` of many masks: their characters are read together."""
    return list(decode_each(rles))


def decode_each(rles: Sequence[RleMask]) -> Iterator[BoxMask]:
    """As `decode_all`, but one mask at a time is in memory."""
    counts = [each.counts for each in rles]
    for part in _parts(counts):
        table, found = parse(counts[part])
        shapes = np.array([(each.height, each.width) for each in rles[part]])
        fault = next(filter(None, _check_runs(table, shapes, found)), None)
        if fault:
            raise DataError(f"run-length mask: {fault}; check the file it came from")
        yield from _paint_each(table, shapes[:, 0])


def compress(lengths: ArrayLike) -> bytes:
    """Compressed counts of one mask's run lengths (zeros first)."""
    runs = np.asarray(lengths, np.int64)
    return compress_all(RunTable(runs, np.array([0, len(runs)])))[0]


def compress_all(table: RunTable) -> list[bytes]:
    """Compressed counts of every mask in the table."""
    places, lengths = table.places, table.lengths
    later = np.flatnonzero(places > 2)
    numbers = lengths.copy()
    numbers[later] -= lengths[later - 2]
    groups = np.ones(len(numbers), np.int64)
    for count in range(1, MAX_GROUPS):  # n groups hold -16 * 32^(n-1) ... 16 * 32^(n-1) - 1
        reach = 16 << (5 * (count - 1))
        groups += (numbers < -reach) | (numbers >= reach)
    ends = np.cumsum(groups)
    place = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - groups, groups)
    digits = (np.repeat(numbers, groups) >> (5 * place)) & 31
    digits[place < np.repeat(groups, groups) - 1] |= 32
    text = (digits + 48).astype(np.uint8).tobytes()
    bounds = np.concatenate(([0], ends))[table.offsets].tolist()
    return [text[first:last] for first, last in pairwise(bounds)]


def runs_of(counts: bytes) -> list[int]:
    """Uncompressed counts of one compressed mask. `DataError` for faulty characters."""
    table, faults = parse([counts])
    if faults[0]:
        raise DataError(f"run-length mask: {faults[0]}; check the file it came from")
    return [int(each) for each in table.lengths]


def _parts(counts: Sequence[bytes]) -> Iterator[slice]:
    """Slices of `counts` of about `_CHUNK` characters each."""
    first, held = 0, 0
    for index, each in enumerate(counts):
        held += len(each)
        if held >= _CHUNK:
            yield slice(first, index + 1)
            first, held = index + 1, 0
    if first < len(counts):
        yield slice(first, len(counts))


def _join(counts: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    offsets = np.zeros(len(counts) + 1, np.int64)
    np.cumsum([len(each) for each in counts], out=offsets[1:])
    return np.frombuffer(b"".join(counts), np.uint8), offsets


def _whole_numbers(value: object) -> NDArray[np.int64] | None:
    """A list of whole numbers as an array; None for anything else. 12.0 counts as whole."""
    if not isinstance(value, list | tuple) or not all(type(each) in (int, float) for each in value):
        return None
    array = np.asarray(value, np.float64)
    if not np.all(np.abs(array) < 1 << 5 * MAX_GROUPS - 1) or np.any(array != np.floor(array)):
        return None
    return array.astype(np.int64)


def _table(arrays: Sequence[NDArray[np.int64] | None]) -> RunTable:
    filled = [_NOTHING if each is None else each for each in arrays]
    offsets = np.zeros(len(filled) + 1, np.int64)
    np.cumsum([len(each) for each in filled], out=offsets[1:])
    return RunTable(np.concatenate([_NOTHING, *filled]), offsets)


def _owners(offsets: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
    owners = np.sort(np.searchsorted(offsets, positions, side="right") - 1)
    return owners[np.diff(owners, prepend=-1) > 0]  # each once; np.unique would load numpy.ma while one waits


def _blame(faults: list[str | None], indices: NDArray[np.int64], reason: str) -> None:
    for index in indices.tolist():
        faults[index] = faults[index] or reason


def _numbers(
    digits: NDArray[np.uint8], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Signed numbers of five-bit groups, lowest group first; the last group's highest bit is the sign."""
    values = (digits[starts] & 31).astype(np.int64)
    longer = np.arange(len(starts))
    for place in range(1, MAX_GROUPS):
        longer = longer[starts[longer] + place <= ends[longer]]
        if not len(longer):
            break
        values[longer] |= (digits[starts[longer] + place] & 31).astype(np.int64) << (5 * place)
    negative = np.flatnonzero(digits[ends] & 16)
    values[negative] -= np.int64(1) << (5 * (ends[negative] - starts[negative] + 1))
    return values


def _undo_differences(table: RunTable) -> NDArray[np.int64]:
    """Run lengths of the numbers as written: from the fourth on, each is less the one two before."""
    lengths, places = table.lengths.copy(), table.places
    for parity, first in ((0, 2), (1, 1)):
        chosen = np.flatnonzero((places & 1 == parity) & (places >= first))
        sums = np.cumsum(table.lengths[chosen])
        heads = np.flatnonzero(places[chosen] == first)
        if len(heads):
            before = np.where(heads > 0, sums[heads - 1], 0)
            lengths[chosen] = sums - np.repeat(before, np.diff(np.append(heads, len(chosen))))
    return lengths


def _check_runs(table: RunTable, shapes: NDArray[np.int64], found: Sequence[str | None]) -> list[str | None]:
    pixels = shapes[:, 0] * shapes[:, 1]
    negative = table.totals((table.lengths < 0).astype(np.int64)) > 0
    totals = table.totals(table.lengths)
    faults = list(found)
    for index in np.flatnonzero(negative | (totals != pixels)).tolist():
        height, width = shapes[index]
        faults[index] = faults[index] or (
            "a run of negative length"
            if negative[index]
            else f"runs cover {totals[index]} pixels, expected {pixels[index]} ({width} x {height})"
        )
    return faults


def _spans(
    lengths: NDArray[np.int64], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Runs of ones that are not empty: their mask's index, first pixel and last pixel + 1 in the image."""
    table = RunTable(lengths, offsets)
    sums = np.concatenate(([0], np.cumsum(lengths)))
    chosen = np.flatnonzero((table.places & 1 == 1) & (lengths > 0))
    owners = np.repeat(np.arange(len(table)), np.diff(offsets))[chosen]
    base = sums[offsets[:-1]][owners]
    return owners, sums[chosen] - base, sums[chosen + 1] - base


def _measure(table: RunTable, heights: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    owners, starts, ends = _spans(table.lengths, table.offsets)
    boxes, areas = np.zeros((len(table), 4), np.int64), np.zeros(len(table), np.int64)
    if not len(owners):
        return boxes, areas
    height = heights[owners]
    (left, top), (right, bottom) = np.divmod(starts, height), np.divmod(ends - 1, height)
    crossing = left != right  # goes over the bottom into the next column: touches both edges
    top[crossing], bottom[crossing] = 0, height[crossing] - 1
    heads = np.flatnonzero(np.diff(owners, prepend=-1))
    filled = owners[heads]
    x0, y0 = np.minimum.reduceat(left, heads), np.minimum.reduceat(top, heads)
    x1, y1 = np.maximum.reduceat(right, heads), np.maximum.reduceat(bottom, heads)
    boxes[filled] = np.column_stack((x0, y0, x1 - x0 + 1, y1 - y0 + 1))
    areas[filled] = np.add.reduceat(ends - starts, heads)
    return boxes, areas


def _paint_each(table: RunTable, heights: NDArray[np.int64]) -> Iterator[BoxMask]:
    """Bits of each mask within its tight box; `heights` (n,) of their images.

    Where a run crosses from one column into the next the box is as high as the image, so that a run's
    pixels lie one after the other in the box, too.
    """
    boxes, _ = _measure(table, heights)
    owners, starts, ends = _spans(table.lengths, table.offsets)
    columns, rows = np.divmod(starts, heights[owners])
    first = (columns - boxes[owners, 0]) * boxes[owners, 3] + rows - boxes[owners, 1]
    bounds = np.column_stack((first, first + ends - starts))
    cuts = np.searchsorted(owners, np.arange(len(table) + 1)).tolist()
    for (left, top, width, height), one, next_one in zip(boxes.tolist(), cuts, cuts[1:], strict=False):
        if not width:
            yield EMPTY
            continue
        steps = np.diff(bounds[one:next_one].ravel(), prepend=0, append=width * height)
        values = np.arange(len(steps)) & 1 == 1
        bits = np.repeat(values, steps).reshape(width, height)
        yield BoxMask(left, top, np.ascontiguousarray(bits.T))

"""Large images seen whole and in overlapping tiles, and what was found made one list without doubles.

The network sees every image at one small size, so that little things in large images are lost to it. A tile
is a region that it sees at (nearly) full resolution. An object on a tile's border is cut there: it is taken
from where it was seen whole, another tile or the whole image, and only put together from its pieces where it
was seen whole nowhere. Frame: image pixels.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.annotation import Origin
from app.geometry import bounds, from_mask, intersect, mask_iou, union, window
from app.inference import Inference, Priority
from app.proposals import FLOOR, Candidate, candidates
from model.coefficients import LinearMask, fit
from model.masks import BoxMask
from model.messages import Prediction, Region

SIDE = 768  # of a tile, pixels
OVERLAP = 0.25  # of a tile's side, at least: an object smaller than that is whole in some tile
WORTH = 1.5  # times SIDE: an image with no longer side is seen well enough as a whole
BORDER = 0.015  # of a tile's side: a mask that comes as near to its border is cut by it
SAME = 0.5  # IoU of masks from which two views saw one object
HELD = 0.7  # share of a mask inside another from which it is a piece of that one
AHEAD = 8  # tiles that are asked for before their turn: the answers of hundreds would fill the memory
POLL = 0.2  # seconds until a cancelled run notices
HELD_CUT = 0.4  # the same for one that is cut: of a sliver, half is the mask's own unsharpness


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A detection in one view, and whether that view's border cut it."""

    candidate: Candidate
    cut: bool


def tiles_of(width: int, height: int, *, side: int = SIDE, overlap: float = OVERLAP) -> list[Region]:
    """The tiles of an image, row by row, evenly spread to its ends; none for one that needs none."""
    if max(width, height) <= WORTH * side:
        return []
    return [
        (float(x), float(y), float(min(side, width)), float(min(side, height)))
        for y in _starts(height, side, overlap)
        for x in _starts(width, side, overlap)
    ]


def _starts(length: int, side: int, overlap: float) -> list[int]:
    if length <= side:
        return [0]
    count = math.ceil((length - side) / (side * (1 - overlap))) + 1
    return [round(number * (length - side) / (count - 1)) for number in range(count)]


def predict_tiles(
    inference: Inference,
    path: Path,
    whole: Prediction,
    min_score: float = FLOOR,
    *,
    priority: Priority = Priority.BULK,
    side: int = SIDE,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Candidate]:
    """What is in an image, by falling score, seen whole and, if it is large, in tiles; waits for the answers.

    `whole`: the prediction of the whole image, which is there already. `progress(tiles done, of all)` is
    called here. Raises what the futures raise, and CancelledError once `cancelled`.
    """
    tiles = tiles_of(whole.image_width, whole.image_height, side=side)
    found = candidates(whole, min_score)
    if not tiles:
        return found
    parts: list[Candidate] = []
    asked: deque[Future[Prediction]] = deque()
    try:
        for number in range(len(tiles)):
            for tile in tiles[number + len(asked) : number + AHEAD]:
                asked.append(inference.predict(path, min_score, priority=priority, region=tile))
            parts += candidates(_answer(asked[0], cancelled), min_score)
            asked.popleft()
            if progress:
                progress(number + 1, len(tiles))
    finally:
        for future in asked:
            inference.cancel(future)
    return merged(found, parts, whole)


def _answer(future: Future[Prediction], cancelled: Callable[[], bool]) -> Prediction:
    while not cancelled():
        try:
            return future.result(timeout=POLL)
        except NotYet:
            continue
    raise CancelledError


def merged(found: Sequence[Candidate], parts: Iterable[Candidate], whole: Prediction) -> list[Candidate]:
    """Candidates of the whole image and of its tiles as one list by falling score, each object once.

    Candidates of different categories do not know of each other.
    """
    size = whole.image_width, whole.image_height
    seen = [_Seen(each, _is_cut(each, size)) for each in parts]
    result: list[Candidate] = []
    for category in dict.fromkeys([*(e.category for e in found), *(e.candidate.category for e in seen)]):
        ours = [each for each in seen if each.candidate.category == category]
        kept = _once([each.candidate for each in ours if not each.cut])
        kept = _with_whole(kept, [each for each in found if each.category == category])
        boxes = np.array([_corners(each) for each in kept]).reshape(-1, 4)
        cut = [each.candidate for each in ours if each.cut]
        pieces = [each for each in cut if not _explained(each, [kept[n] for n in _meeting(boxes, each)])]
        result += kept + [_joined(group, whole) for group in _groups(pieces)]
    return sorted(result, key=lambda each: -each.score)


def _is_cut(candidate: Candidate, size: tuple[int, int]) -> bool:
    """Whether its mask, or its box, comes to a border of its tile that is not the image's."""
    region = candidate.origin.region
    if region is None:
        return False
    x, y, width, height = region
    left, top, across, down = candidate.bbox
    near_x, near_y = BORDER * width, BORDER * height
    return (
        (x > 0 and left <= x + near_x)
        or (y > 0 and top <= y + near_y)
        or (x + width < size[0] and left + across >= x + width - near_x)
        or (y + height < size[1] and top + down >= y + height - near_y)
    )


def _once(fresh: Sequence[Candidate]) -> list[Candidate]:
    """Those of `fresh`, best first, that are none of the better ones."""
    result: list[Candidate] = []
    boxes = np.empty((len(fresh), 4))
    for each in sorted(fresh, key=lambda each: -each.score):
        near = _meeting(boxes[: len(result)], each)
        if not any(_overlap(each, result[number])[0] >= SAME for number in near):
            boxes[len(result)] = _corners(each)
            result.append(each)
    return result


def _corners(candidate: Candidate) -> tuple[float, float, float, float]:
    x, y, width, height = candidate.bbox
    return x, y, x + width, y + height


def _meeting(boxes: NDArray[np.float64], candidate: Candidate) -> list[int]:
    """Which of many boxes (n, 4) meet a candidate's: of thousands of objects, a few do."""
    left, top, right, bottom = _corners(candidate)
    across = (boxes[:, 0] < right) & (boxes[:, 2] > left)
    return np.flatnonzero(across & (boxes[:, 1] < bottom) & (boxes[:, 3] > top)).tolist()


def _with_whole(kept: list[Candidate], found: Sequence[Candidate]) -> list[Candidate]:
    """Add what the whole image shows and the tiles do not.

    One object in both: the tile's mask is the finer one, the better score counts. Something larger that
    holds several of the tiles' objects is a blur of them, unless it is surer: then they are its parts.
    """
    for each in sorted(found, key=lambda each: -each.score):
        overlaps = [_overlap(each, other) for other in kept]
        same = [number for number, (iou, _, _) in enumerate(overlaps) if iou >= SAME]
        if same:
            best = max(same, key=lambda number: overlaps[number][0])
            kept[best] = replace(kept[best], score=max(kept[best].score, each.score))
            continue
        inside = [number for number, (_, _, held) in enumerate(overlaps) if held >= HELD]
        if not inside:
            if not any(held >= HELD for _, held, _ in overlaps):
                kept.append(each)
            continue
        surest = max(kept[number].score for number in inside)
        if len(inside) > 1 and surest >= each.score:
            continue
        kept = [other for number, other in enumerate(kept) if number not in inside]
        kept.append(each)
    return kept


def _explained(piece: Candidate, kept: Iterable[Candidate]) -> bool:
    """Whether a cut mask is a piece of something that was seen whole."""
    for other in kept:
        iou, held, _ = _overlap(piece, other)
        if iou >= SAME or held >= HELD_CUT:
            return True
    return False


def _overlap(a: Candidate, b: Candidate) -> tuple[float, float, float]:
    """IoU of the masks, the share of `a` in `b`, the share of `b` in `a`."""
    ax, ay, aw, ah = a.bbox
    bx, by, bw, bh = b.bbox
    if ax >= bx + bw or bx >= ax + aw or ay >= by + bh or by >= ay + ah:
        return 0.0, 0.0, 0.0
    both = float(np.count_nonzero(intersect(a.mask, b.mask).bits))
    if not both:
        return 0.0, 0.0, 0.0
    return both / max(a.area + b.area - both, 1.0), both / max(a.area, 1.0), both / max(b.area, 1.0)


def _groups(pieces: Sequence[Candidate]) -> list[list[Candidate]]:
    """Pieces of one object together: those that agree where their tiles overlap."""
    groups: list[list[Candidate]] = []
    for piece in sorted(pieces, key=lambda each: -each.score):
        fitting = [group for group in groups if any(_agree(piece, other) for other in group)]
        groups = [group for group in groups if not any(group is each for each in fitting)]
        groups.append([each for group in fitting for each in group] + [piece])
    return groups


def _agree(a: Candidate, b: Candidate) -> bool:
    first, second = a.origin.region, b.origin.region
    if first is None or second is None:
        return False
    left, top = max(first[0], second[0]), max(first[1], second[1])
    right = min(first[0] + first[2], second[0] + second[2])
    bottom = min(first[1] + first[3], second[1] + second[3])
    if right <= left or bottom <= top:
        return False
    shared = int(left), int(top), int(right), int(bottom)
    here, there = window(a.mask, *shared), window(b.mask, *shared)
    return mask_iou(BoxMask(0, 0, here), BoxMask(0, 0, there)) >= SAME


def _joined(pieces: Sequence[Candidate], whole: Prediction) -> Candidate:
    """The pieces of one object as one, with the coefficients that express it best on the whole image."""
    if len(pieces) == 1:
        return pieces[0]
    first = max(pieces, key=lambda each: each.score)
    mask = union(*(each.mask for each in pieces))
    box = bounds(mask)
    width, height = whole.image_width, whole.image_height
    h, w, k = whole.prototypes.shape
    relative = (box[0] / width, box[1] / height, (box[0] + box[2]) / width, (box[1] + box[3]) / height)
    basis = whole.prototypes.astype(np.float32)
    best = fit(
        LinearMask(basis, np.zeros(k, np.float32), 0.0, relative), _in_cells(mask, (width, height), (h, w))
    )
    origin = Origin(whole.model_version, box, tuple(float(each) for each in best))
    return Candidate(
        first.category,
        first.score,
        mask,
        from_mask(mask, width, height),
        box,
        float(np.count_nonzero(mask.bits)),
        origin,
    )


def _in_cells(mask: BoxMask, size: tuple[int, int], cells: tuple[int, int]) -> NDArray[np.bool_]:
    """The mask on the prototypes' grid, (h, w) bool: cells whose centre it holds."""
    h, w = cells
    columns = ((np.arange(w) + 0.5) * size[0] / w).astype(int) - mask.left
    rows = ((np.arange(h) + 0.5) * size[1] / h).astype(int) - mask.top
    inside = (rows >= 0) & (rows < mask.bits.shape[0])
    across = (columns >= 0) & (columns < mask.bits.shape[1])
    found = np.zeros((h, w), np.bool_)
    found[np.ix_(inside, across)] = mask.bits[np.ix_(rows[inside], columns[across])]
    return found

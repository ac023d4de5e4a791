"""Crops around annotated objects, and the wrong masks that a model or a drawn box would have made of them.

The wrong masks are made from the true ones, not by a network: what is learnt holds for masks of any origin.
Frame: the crop, stretched to a square of `sight.SIDE` pixels; masks on its `sight.CELLS` cells a side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pycocotools.coco import COCO

from model.fine.sight import CELLS, SIDE
from model.image_io import read_image
from model.opencv import cv2

LARGEST = 720  # pixels of the longer side that an image is kept at
LEAST = 12  # pixels of an object's longer side
SWALLOWED = 0.3  # share of samples whose wrong mask has a neighbour in it
CLIPPED = 0.6  # share of samples whose crop ends at the image's edge, as it does in use
STRAPPED = 0.08  # share of samples with something narrow in front of the object
PASTED = 0.3  # share of samples that get a neighbour from another image, before or behind the object
Box = tuple[float, float, float, float]  # x y w h
Floats = NDArray[np.float32]
Bits = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Object:
    """An annotated object: its image (reduced), its mask there, its box x y w h."""

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]  # (h, w) of the box grown by a pixel, 0 or 255
    corner: tuple[int, int]  # of `mask` in the image
    box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A crop (s, s, 3) uint8 RGB, its true mask as shares of cells (c, c), a wrong one to start from."""

    crop: NDArray[np.uint8]
    truth: Floats
    start: Bits


def read_objects(annotations: Path, images: Path) -> list[Object]:
    """The objects of a COCO file that are large enough, without crowds."""
    coco = COCO(str(annotations))
    found = []
    for entry in coco.imgs.values():
        image = read_image(images / entry["file_name"])
        scale = min(1.0, LARGEST / max(image.shape[:2]))
        size = max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1)
        small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        for annotation in coco.imgToAnns[entry["id"]]:
            if annotation.get("iscrowd"):
                continue
            whole = np.asarray(coco.annToMask(annotation), np.uint8) * 255
            mask = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
            each = _object(small, mask)
            if each is not None:
                found.append(each)
    return found


def _object(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Object | None:
    rows, columns = np.flatnonzero((mask > 127).any(1)), np.flatnonzero((mask > 127).any(0))
    if not len(rows) or max(len(rows), len(columns)) < LEAST:
        return None
    top, bottom = max(int(rows[0]) - 1, 0), int(rows[-1]) + 2
    left, right = max(int(columns[0]) - 1, 0), int(columns[-1]) + 2
    box = (float(columns[0]), float(rows[0]), float(np.ptp(columns) + 1), float(np.ptp(rows) + 1))
    return Object(image, np.ascontiguousarray(mask[top:bottom, left:right]), (left, top), box)


def sample(
    chosen: Object,
    rng: np.random.Generator,
    others: Sequence[Object] = (),
    foreign: Object | None = None,
) -> Sample | None:
    """A crop of an object, turned, stretched, mirrored, recoloured at random; None where it is empty.

    `others`: objects near it. `foreign`: one of another image, that may be pasted beside it.
    """
    shown = chosen.box
    swallowed = others[int(rng.integers(len(others)))] if others and rng.random() < SWALLOWED else None
    if swallowed is not None and _beside(chosen.box, swallowed.box):
        shown = _around(chosen.box, swallowed.box)
    turn = _turn(shown, rng, chosen.image.shape[:2])
    source, at = _reduced(chosen.image, turn)
    warped = cv2.warpAffine(source, at, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    crop: NDArray[np.uint8] = np.asarray(warped, np.uint8)
    truth = _masked(chosen, turn)
    pasted: Bits | None = None
    if foreign is not None and rng.random() < PASTED and (truth > 0.5).sum() > 40:
        crop, truth, pasted = _pasted(crop, truth, foreign, rng)
    strap: Bits | None = None
    if rng.random() < STRAPPED and (truth > 0.5).sum() > 200:
        crop, truth, strap = _strapped(crop, truth, rng)
    if (truth > 0.5).sum() < 12 or (truth > 0.5).mean() > 0.97:
        return None
    neighbours = [_masked(other, turn) > 0.5 for other in others]
    if pasted is not None:
        neighbours.append(pasted)
    start = wrong(truth > 0.5, rng, neighbours)
    if swallowed is not None or (pasted is not None and rng.random() < 0.6):
        more = pasted if swallowed is None else _masked(swallowed, turn) > 0.5
        assert more is not None
        if rng.random() < 0.5:
            more = _smooth_error(more, rng) if more.any() else more
        start = start | (more & _blob(truth.shape, rng, rng.uniform(0.6, 2), 0.8))
    if strap is not None and rng.random() < 0.8:
        start = start | strap
    return Sample(_recoloured(crop, rng), truth, start)


def _pasted(
    crop: NDArray[np.uint8], truth: Floats, foreign: Object, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Floats, Bits]:
    """Crop and truth (shares of cells) with an object of another image before or behind it; its cells."""
    rows, columns = np.nonzero(truth > 0.5)
    cell = SIDE / CELLS
    high, wide = (float(np.ptp(each) + 1) * cell for each in (rows, columns))
    _, _, w, h = foreign.box
    grow = np.sqrt(high * wide / (w * h)) * np.exp(rng.normal(0, 0.25))
    across = grow * (w / h * high / wide) ** -rng.uniform(0, 1)  # towards the shape that the crop gives all
    down = grow**2 / across
    if rng.random() < 0.5:
        across = -across
    x = (columns.mean() + 0.5) * cell + wide * rng.uniform(0.25, 0.95) * rng.choice((-1, 1))
    y = (rows.mean() + 0.5) * cell + high * rng.normal(0, 0.2)
    turn = np.array([[across, 0, x], [0, down, y]])
    turn[:, 2] -= turn[:, :2] @ (foreign.box[0] + w / 2, foreign.box[1] + h / 2)
    turn = turn.astype(np.float32)
    to_mask = turn.copy()
    to_mask[:, 2] += turn[:, :2] @ np.array(foreign.corner, np.float32)
    cover = np.asarray(cv2.warpAffine(foreign.mask, to_mask, (SIDE, SIDE)) / 255, np.float32)
    source, turn = _reduced(foreign.image, turn)
    shown = cv2.warpAffine(source, turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    shown += (crop.mean((0, 1)) - shown.mean((0, 1))) * np.float32(rng.uniform(0, 0.6))
    if rng.random() < 0.5:
        own = cv2.resize(truth, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
        cover = cover * (1 - np.asarray(own, np.float32))
        left_over = truth
    else:
        left_over = truth * (1 - np.asarray(cv2.resize(cover, (CELLS, CELLS), interpolation=cv2.INTER_AREA)))
    soft = np.asarray(cv2.GaussianBlur(cover, (0, 0), rng.uniform(0.4, 0.9)))[..., None]
    mixed = np.clip(crop * (1 - soft) + shown * soft, 0, 255).astype(np.uint8)
    cells = np.asarray(cv2.resize(cover, (CELLS, CELLS), interpolation=cv2.INTER_AREA))
    return mixed, np.asarray(left_over, np.float32), np.asarray(cells > 0.5)


def _strapped(
    crop: NDArray[np.uint8], truth: Floats, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Floats, Bits]:
    """Crop and truth with a strap of one colour across the object, that is not of it; the strap's cells."""
    rows, columns = np.nonzero(truth > 0.5)
    size, cell = np.sqrt(len(rows)), SIDE / CELLS
    ends = rng.integers(len(rows), size=2)
    thickness = max(int(size * cell * rng.uniform(0.03, 0.12)), 2)
    cover = np.zeros((SIDE, SIDE), np.uint8)
    one, other = ((int(columns[end] * cell), int(rows[end] * cell)) for end in ends)
    cv2.line(cover, one, other, 255, thickness, cv2.LINE_AA)
    share = np.asarray(cv2.GaussianBlur(cover, (0, 0), 0.6), np.float32)[..., None] / 255
    colour = rng.uniform(0, 255, 3).astype(np.float32) + rng.normal(0, 6, crop.shape).astype(np.float32)
    mixed = np.clip(crop * (1 - share) + colour * share, 0, 255).astype(np.uint8)
    cells = np.asarray(cv2.resize(cover, (CELLS, CELLS), interpolation=cv2.INTER_AREA) / 255, np.float32)
    return mixed, np.asarray(truth * (1 - cells), np.float32), np.asarray((cells > 0.5) & (truth > 0.5))


def _beside(a: Box, b: Box) -> bool:
    """Whether a model might take both for one: they touch, nearly, and are of one size."""
    _, _, width, height = _around(a, b)
    return (
        width < 1.1 * (a[2] + b[2]) and height < 1.1 * (a[3] + b[3]) and 0.2 < b[2] * b[3] / (a[2] * a[3]) < 5
    )


def _around(a: Box, b: Box) -> Box:
    left, top = min(a[0], b[0]), min(a[1], b[1])
    return left, top, max(a[0] + a[2], b[0] + b[2]) - left, max(a[1] + a[3], b[1] + b[3]) - top


def _turn(box: Box, rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """(2, 3): pixels of the image (its height and width) to pixels of the crop, around a box."""
    x, y, w, h = box
    grow = np.exp(rng.normal(np.log(1.4), 0.12, 2))
    across, down = max(w, 2) * grow[0] + 1, max(h, 2) * grow[1] + 1
    if rng.random() < 0.3:  # less stretched than the box would have it, as after hints outside of it
        longer = max(across, down)
        share = rng.random()
        across, down = across + share * (longer - across), down + share * (longer - down)
    middle = np.array([x + w / 2, y + h / 2]) + rng.normal(0, 0.04, 2) * (w, h)
    if rng.random() < CLIPPED:
        half = np.array([across, down]) / 2
        low, high = np.maximum(middle - half, 0), np.minimum(middle + half, (size[1], size[0]))
        middle, (across, down) = (low + high) / 2, np.maximum(high - low, 4)
    angle = np.deg2rad(rng.normal(0, 6))
    cos, sin = np.cos(angle), np.sin(angle)
    scale = np.diag([SIDE / across * (1 if rng.random() < 0.5 else -1), SIDE / down])
    linear = scale @ np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, SIDE / 2 - linear @ middle]).astype(np.float32)


def _reduced(image: NDArray[np.uint8], turn: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """The image, halved as long as the crop is smaller than half of what it shows, and the turn for that."""
    while max(np.linalg.norm(turn[:, 0]), np.linalg.norm(turn[:, 1])) < 0.6 and min(image.shape[:2]) > 8:
        image = np.asarray(cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        turn = turn * np.array([2, 2, 1], np.float32)
    return image, turn


def _masked(chosen: Object, turn: Floats) -> Floats:
    """(c, c): the share of each cell that an object covers."""
    to_mask = turn.copy()
    to_mask[:, 2] += turn[:, :2] @ np.array(chosen.corner, np.float32)
    full = cv2.warpAffine(chosen.mask, to_mask, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.resize(full, (CELLS, CELLS), interpolation=cv2.INTER_AREA) / 255, np.float32)


def _recoloured(crop: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    values: NDArray[np.floating] = crop.astype(np.float32)
    if rng.random() < 0.8:
        values = (values - 128) * rng.uniform(0.7, 1.3) + 128 + rng.uniform(-25, 25)
        values *= rng.uniform(0.88, 1.12, 3).astype(np.float32)
    if rng.random() < 0.08:
        values[:] = values.mean(2, keepdims=True)
    if rng.random() < 0.15:
        values = np.asarray(cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 1.6)), np.float32)
    if rng.random() < 0.15:
        values = values + rng.normal(0, rng.uniform(2, 10), values.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


def wrong(truth: Bits, rng: np.random.Generator, neighbours: Sequence[Bits] = ()) -> Bits:
    """A mask (c, c) as a model, or a hasty person, makes it: smooth, too much here, too little there."""
    kind = rng.random()
    rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    box = np.zeros_like(truth)
    jitter = np.round(rng.normal(0, 0.02, 4) * (np.ptp(rows) + 1)).astype(int)
    top, bottom = max(rows[0] + jitter[0], 0), max(rows[-1] + 1 + jitter[1], 1)
    left, right = max(columns[0] + jitter[2], 0), max(columns[-1] + 1 + jitter[3], 1)
    box[top:bottom, left:right] = True
    if kind < 0.06:
        return box
    if kind < 0.14:
        y = (np.arange(truth.shape[0]) + 0.5 - (top + bottom) / 2)[:, None] / max((bottom - top) / 2, 1)
        x = (np.arange(truth.shape[1]) + 0.5 - (left + right) / 2)[None] / max((right - left) / 2, 1)
        return np.asarray(x * x + y * y < 1)
    made = _smooth_error(truth, rng)
    for neighbour in neighbours:
        if rng.random() < 0.35 and (neighbour & ~truth).any():
            made |= neighbour & _blob(truth.shape, rng, rng.uniform(0.3, 1.2)) & ~truth
    if rng.random() < 0.25:
        made = _piece(made, truth, rng)
    if rng.random() < 0.6:
        made &= cv2.dilate(box.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return made if made.sum() >= 6 else np.asarray(cv2.erode(truth.astype(np.uint8), np.ones((3, 3))) > 0)


def _smooth_error(truth: Bits, rng: np.random.Generator) -> Bits:
    """The mask as coarse prototypes draw it: blurred, its level moved by a field that changes slowly."""
    size = np.sqrt(truth.sum())
    blur = size * np.exp(rng.uniform(np.log(0.025), np.log(0.2)))
    soft = cv2.GaussianBlur(truth.astype(np.float32), (0, 0), max(blur, 0.3))
    inside = cv2.distanceTransform(truth.astype(np.uint8), cv2.DIST_L2, 3)
    outside = cv2.distanceTransform((~truth).astype(np.uint8), cv2.DIST_L2, 3)
    signed = np.clip((inside - outside) / size, -0.3, 0.3) * 3
    level = 0.5 + _field(truth.shape, rng, rng.uniform(0.08, 0.5)) * np.exp(
        rng.uniform(np.log(0.05), np.log(0.5))
    )
    return np.asarray((soft - 0.5) * 0.7 + signed * 0.6 > (level - 0.5 + rng.normal(0, 0.05)))


def _piece(made: Bits, truth: Bits, rng: np.random.Generator) -> Bits:
    """A limb less, or a lump more."""
    rows, columns = np.nonzero(truth)
    number = int(rng.integers(len(rows)))
    radius = np.sqrt(truth.sum()) * rng.uniform(0.1, 0.45)
    y, x = np.ogrid[: truth.shape[0], : truth.shape[1]]
    stretch = np.exp(rng.normal(0, 0.4))
    disc = ((y - rows[number]) / stretch) ** 2 + ((x - columns[number]) * stretch) ** 2 < radius**2
    return np.asarray(made & ~disc if rng.random() < 0.6 else made | disc)


def _field(shape: tuple[int, int], rng: np.random.Generator, scale: float) -> Floats:
    """Smooth noise of unit deviation; `scale`: of its lumps, in sides of the crop."""
    cells = max(round(1 / scale) + 1, 2)
    noise = rng.normal(size=(cells, cells)).astype(np.float32)
    field = np.asarray(cv2.resize(noise, shape[::-1], interpolation=cv2.INTER_CUBIC), np.float32)
    return field / max(float(field.std()), 1e-6)


def _blob(shape: tuple[int, int], rng: np.random.Generator, scale: float, filled: float = 0.0) -> Bits:
    return _field(shape, rng, scale) > rng.normal(-filled, 0.5)

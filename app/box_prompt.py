"""A drawn box becomes an instance: the best of all anchors seeds it, or else geometry and colour do.

Anchors are what the network said before threshold and suppression (`Prediction.anchors`). The network is not
run. Frame: image pixels, boxes as x, y, width, height; relative ones are of the prediction's frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.ceiling import fitted
from app.edges import refined
from app.fine import FineLook, certainty, drawn
from app.geometry import mask_iou, tight, window
from model.basis import extended_basis, grown
from model.masks import BoxMask, assemble
from model.messages import Anchors, Prediction
from model.opencv import cv2

Box = tuple[float, float, float, float]
FITS, ALMOST = 0.5, 0.3  # IoU of an anchor's box with the drawn one, and where none has that
MOST = 15  # anchors that are looked at
ALIKE = 0.8  # cosine of coefficients from which two anchors mean one object
SURE = 0.05  # probability below which no class is named, and geometry decides
FILLS = 0.75  # IoU of a mask's tight box with the drawn one from which the anchor's mask is taken
SAME = 0.85  # IoU of masks from which two candidates are one
RIDGE = 3e-2  # of a fit by colour and place to a guess
OFFERED = 3
LOOKS = 2  # at a box: the second one begins with what the first one saw


@dataclass(frozen=True, slots=True, eq=False)
class Seed:
    """What a new instance starts from. `source`: 'anchor', or 'geometry' for what the model does not know."""

    mask: BoxMask
    coefficients: NDArray[np.float32]  # (k,)
    box: Box
    classes: tuple[tuple[str, float], ...]  # the likeliest categories, by falling probability
    source: str
    anchor: int | None = None  # its number, with `overlap` of its box with the drawn one
    overlap: float = 0.0
    certainty: float | None = None  # of fine prototypes that drew the mask; None: they did not

    @property
    def category(self) -> str:
        """The likeliest category; '' where the model has no idea."""
        return self.classes[0][0] if self.classes and self.classes[0][1] >= SURE else ""


def best_of_box(
    prediction: Prediction,
    box: Box,
    pixels: NDArray[np.uint8] | None,
    *,
    finely: FineLook | None = None,
    sure: float = SURE,
) -> Seed:
    """The instance that a drawn box means. An object the model does not know starts from geometry and colour.

    `prediction.anchors` may be None (then its detections are asked). `pixels`: (H, W, 3) RGB, or None.
    `sure`: probability from which anchors are believed; higher for an object that is none of the model's.
    `finely`: draws the mask anew as fine prototypes see it; else it is drawn to the image's edges.
    """
    seed = _seed(prediction, box, pixels, sure)
    if pixels is None:
        return seed
    finer = None if finely is None else _finer(seed, prediction, pixels, finely)
    if finer is not None:
        return replace(seed, mask=finer[0], certainty=finer[1])
    return replace(seed, mask=_to_edges(seed.mask, prediction, pixels)) if seed.source == "anchor" else seed


def _seed(prediction: Prediction, box: Box, pixels: NDArray[np.uint8] | None, sure: float) -> Seed:
    """As the prototypes, or geometry and colour, have it."""
    anchors = prediction.anchors or _of_detections(prediction)
    overlaps = _ious(anchors.boxes, _relative(prediction, box))
    floor = FITS if (overlaps >= FITS).any() else ALMOST
    chosen = np.argsort(-overlaps, kind="stable")[: 4 * MOST]
    chosen = chosen[overlaps[chosen] >= floor]
    if len(chosen):
        scores = anchors.top_scores[chosen, 0].astype(np.float64) if anchors.top_scores.size else np.zeros(1)
        if scores.max() >= sure:
            rank = 2 * np.log(overlaps[chosen]) + np.log(np.maximum(scores, 1e-4))
            order = chosen[np.argsort(-rank, kind="stable")][:MOST]
            seed = _from_anchors(prediction, anchors, order, box, overlaps)
            if _extent(seed.mask, box) >= FILLS:
                return seed
            other = novel(prediction, box, pixels)  # the class is known, the shape is not
            return replace(seed, mask=other.mask, source="geometry")
    return novel(prediction, box, pixels)


def _from_anchors(
    prediction: Prediction, anchors: Anchors, order: NDArray[np.intp], box: Box, overlaps: NDArray[np.float64]
) -> Seed:
    """The best anchor's object, its coefficients the mean of those that mean the same."""
    vectors = anchors.coefficients[order].astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1) + 1e-9
    alike = vectors @ vectors[0] / (lengths * lengths[0]) >= ALIKE
    weights = anchors.top_scores[order, 0].astype(np.float32) * overlaps[order].astype(np.float32) * alike
    coefficients = (weights[:, None] * vectors).sum(0) / max(float(weights.sum()), 1e-9)
    likely: dict[str, float] = {}
    for number in order[alike]:
        for label, score in zip(anchors.top_classes[number], anchors.top_scores[number], strict=True):
            name = prediction.categories[int(label)]
            likely[name] = likely.get(name, 0.0) + float(score) / int(alike.sum())
    classes = tuple(sorted(likely.items(), key=lambda each: -each[1])[:OFFERED])
    mask = _assembled(prediction, coefficients, box)
    best = int(order[0])
    return Seed(mask, coefficients, box, classes, "anchor", best, float(overlaps[best]))


def novel(prediction: Prediction, box: Box, pixels: NDArray[np.uint8] | None) -> Seed:
    """An object that the model does not know: inside the box an ellipse, told from the ring by the basis.

    The extended basis is fitted to the guess twice, the second time to what the first one made of it: what
    the inside has in colour and prototypes, and the ring has not, stays.
    """
    k = prediction.prototypes.shape[2]
    made = extended_basis(prediction, pixels, box, np.zeros(k, np.float32), bumps=0)
    left, top, right, bottom = made.grid.rectangle
    h, w = made.grid.shape
    x = (left + (np.arange(w) + 0.5) * (right - left) / w - box[0]) / max(box[2], 1e-6)
    y = (top + (np.arange(h) + 0.5) * (bottom - top) / h - box[1]) / max(box[3], 1e-6)
    within = ((x >= 0) & (x < 1))[None] & ((y >= 0) & (y < 1))[:, None]
    round_ = (2 * x - 1)[None] ** 2 + (2 * y - 1)[:, None] ** 2 < 1
    guess = round_ & within
    if not guess.any():
        guess = within if within.any() else np.ones((h, w), np.bool_)
    basis = np.asarray(made.mask.basis, np.float32)
    bits = guess
    for _ in range(2):
        found = (fitted(basis, bits, ridge=RIDGE) > 0) & within
        if not 0.2 * guess.sum() <= found.sum():
            break
        bits = found
    size = right - left, bottom - top
    wide = cv2.resize(bits.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    return Seed(tight(BoxMask(left, top, np.asarray(wide))), np.zeros(k, np.float32), box, (), "geometry")


def candidates_under(prediction: Prediction, x: float, y: float) -> list[Seed]:
    """Up to three things that the model may see at a place, likeliest first: for a click on bare image."""
    anchors = prediction.anchors or _of_detections(prediction)
    frame_x, frame_y, frame_w, frame_h = prediction.frame
    across, down = (x - frame_x) / frame_w, (y - frame_y) / frame_h
    if not (0 <= across < 1 and 0 <= down < 1) or not anchors.top_scores.size:
        return []
    rows, columns, _ = prediction.prototypes.shape
    here = prediction.prototypes[int(down * rows), int(across * columns)].astype(np.float32)
    boxes = anchors.boxes
    holds = (boxes[:, 0] <= across) & (across < boxes[:, 2]) & (boxes[:, 1] <= down) & (down < boxes[:, 3])
    numbers = np.flatnonzero(holds)
    numbers = numbers[anchors.coefficients[numbers].astype(np.float32) @ here > 0]
    numbers = numbers[np.argsort(-anchors.top_scores[numbers, 0].astype(np.float32), kind="stable")]
    found: list[Seed] = []
    for number in numbers[: 20 * OFFERED]:
        box = _absolute(prediction, boxes[number])
        coefficients = anchors.coefficients[number].astype(np.float32)
        mask = _assembled(prediction, coefficients, box)
        if not mask.bits.any() or any(mask_iou(mask, each.mask) > SAME for each in found):
            continue
        pairs = zip(anchors.top_classes[number], anchors.top_scores[number], strict=True)
        classes = tuple((prediction.categories[int(label)], float(score)) for label, score in pairs)
        found.append(Seed(mask, coefficients, box, classes[:OFFERED], "anchor", int(number), 1.0))
        if len(found) == OFFERED:
            break
    return found


def _finer(
    seed: Seed, prediction: Prediction, pixels: NDArray[np.uint8], finely: FineLook
) -> tuple[BoxMask, float] | None:
    """The mask as fine prototypes see it, within the box, and how sure; None where they see another thing."""
    width, height = prediction.image_width, prediction.image_height
    left, top = max(round(seed.box[0]), 0), max(round(seed.box[1]), 0)
    right = min(round(seed.box[0] + seed.box[2]), width)
    bottom = min(round(seed.box[1] + seed.box[3]), height)
    around, scale = grown(seed.box, width, height), width / pixels.shape[1]
    mask, found = seed.mask, None
    for _ in range(LOOKS):
        shown = BoxMask(left, top, window(mask, left, top, right, bottom))
        sight = finely.of(shown, around, pixels, scale)
        if sight is None:
            break
        mask = tight(BoxMask(left, top, window(drawn(sight), left, top, right, bottom)))
        if not mask.bits.any():
            break
        found = mask, certainty(sight)
    return found


def _to_edges(mask: BoxMask, prediction: Prediction, pixels: NDArray[np.uint8]) -> BoxMask:
    made = refined(mask, pixels, 1.0, scale=prediction.image_width / pixels.shape[1])
    return made if made.bits.any() else mask


def _extent(mask: BoxMask, box: Box) -> float:
    """IoU of a mask's tight box with the drawn one: low for a mask that is not of this box's object."""
    if not mask.bits.any():
        return 0.0
    mask = tight(mask)
    x, y, w, h = box
    across = min(mask.right, x + w) - max(mask.left, x)
    down = min(mask.bottom, y + h) - max(mask.top, y)
    both = max(across, 0.0) * max(down, 0.0)
    return float(both / max(mask.bits.size + w * h - both, 1e-9))


def _of_detections(prediction: Prediction) -> Anchors:
    return Anchors(
        prediction.boxes,
        prediction.classes[:, None].astype(np.int16),
        prediction.scores[:, None].astype(np.float16),
        prediction.coefficients.astype(np.float16),
    )


def _assembled(prediction: Prediction, coefficients: NDArray[np.float32], box: Box) -> BoxMask:
    x, y, width, height = (int(value) for value in prediction.frame)
    relative = _relative(prediction, box).astype(np.float32)
    made = assemble(prediction.prototypes, coefficients, relative, width, height)
    return BoxMask(made.left + x, made.top + y, made.bits)


def _relative(prediction: Prediction, box: Box) -> NDArray[np.float64]:
    frame_x, frame_y, frame_w, frame_h = prediction.frame
    x, y, w, h = box
    low, high = ((x - frame_x) / frame_w, (y - frame_y) / frame_h), ((x + w - frame_x), (y + h - frame_y))
    return np.array([*low, high[0] / frame_w, high[1] / frame_h])


def _absolute(prediction: Prediction, relative: NDArray[np.float32]) -> Box:
    frame_x, frame_y, frame_w, frame_h = prediction.frame
    x1, y1, x2, y2 = (float(value) for value in relative)
    return frame_x + x1 * frame_w, frame_y + y1 * frame_h, (x2 - x1) * frame_w, (y2 - y1) * frame_h


def _ious(boxes: NDArray[np.float32], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P,) IoU of relative boxes (P, 4) with one; 0 for what is no number."""
    low, high = np.maximum(boxes[:, :2], other[:2]), np.minimum(boxes[:, 2:], other[2:])
    both = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    either = areas + np.prod(np.maximum(other[2:] - other[:2], 0)) - both
    return np.nan_to_num(np.asarray(both / np.maximum(either, 1e-12), np.float64))

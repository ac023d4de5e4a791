"""Non-maximum suppression, the three published kinds.

All take candidate boxes (m, 4) xyxy and foreground scores (m, C) and give (indices into the candidates,
classes, scores), sorted by falling score. No candidates give empty tensors of the same types. Equal scores
(a network that is too sure gives many of exactly 1) come in the order of the very sorts that the published
code calls, on the same arrays; these are not stable ones, and who comes first suppresses the other.
"""

from __future__ import annotations

import torch
from torch import Tensor

from model.boxes import iou

Kept = tuple[Tensor, Tensor, Tensor]  # (n,) int64 candidates, (n,) int64 classes, (n,) float scores


def fast_nms(
    boxes: Tensor, scores: Tensor, *, max_iou: float, top_k: int, limit: int, floor: float | None = None
) -> Kept:
    """Fast NMS (YOLACT, section 3.3): in each class a box falls to any higher-scoring one, fallen or not.

    As published every candidate takes part in every class, whatever its score there: results with low
    scores fill up to `limit`. With `floor` those below it are not worked out: the rest is the same, since
    only higher scores suppress.
    """
    ranked, order = scores.t().contiguous().sort(dim=1, descending=True)  # (C, m)
    ranked, order = ranked[:, :top_k], order[:, :top_k]
    classes = torch.arange(scores.shape[1], device=scores.device)
    if floor is not None:
        counts = (ranked >= floor).sum(1)
        classes = torch.nonzero(counts)[:, 0]
        most = int(counts.max()) if len(classes) else 0
        ranked, order = ranked[classes, :most], order[classes, :most]
    survives = _unsuppressed(boxes[order], max_iou)  # (C, t)
    if floor is not None:
        survives &= ranked >= floor
    return _best(order[survives], classes[:, None].expand_as(order)[survives], ranked[survives], limit)


def cross_class_nms(boxes: Tensor, scores: Tensor, *, max_iou: float, top_k: int) -> Kept:
    """Fast NMS over all classes at once, each candidate with its best class. Up to `top_k` results."""
    best, classes = scores.max(1)
    best, order = best.sort(dim=0, descending=True)
    best, order = best[:top_k], order[:top_k]
    survives = _unsuppressed(boxes[order], max_iou)
    order = order[survives]
    return order, classes[order], best[survives]


def traditional_nms(
    boxes: Tensor, scores: Tensor, *, max_iou: float, min_score: float, size: int, limit: int
) -> Kept:
    """Greedy NMS a class, as the published Cython code does it.

    Boxes are taken in model pixels (times `size`) with one added to their sides, and fall at an IoU of
    `max_iou` already; in each class only scores above `min_score` take part.
    """
    found: list[Kept] = []
    scaled = boxes * size
    for number in range(scores.shape[1]):
        members = torch.nonzero(scores[:, number] > min_score)[:, 0]
        ranked = members[_falling(scores[members, number])]
        kept = ranked[_greedy(scaled[ranked], max_iou)].sort()[0]  # published order: that of the anchors
        found.append((kept, torch.full_like(kept, number), scores[kept, number]))
    indices, classes, values = (torch.cat(parts) for parts in zip(*found, strict=True))
    return _best(indices, classes, values, limit)


def _unsuppressed(boxes: Tensor, max_iou: float) -> Tensor:
    """(..., t, 4) sorted by falling score -> (..., t) true where no earlier box overlaps more."""
    if boxes.shape[-2] == 0:
        return torch.zeros(boxes.shape[:-1], dtype=torch.bool, device=boxes.device)
    return iou(boxes, boxes).triu(1).amax(-2) <= max_iou


def _falling(scores: Tensor) -> Tensor:
    """(n,) -> (n,) int64 places by falling score, by NumPy as in the published code."""
    return torch.from_numpy(scores.cpu().numpy().argsort()[::-1].copy()).to(scores.device)


def _greedy(boxes: Tensor, max_iou: float) -> Tensor:
    """(n, 4) sorted by falling score -> the places of those that no kept one before them overlaps.

    The IoU counts a box's last pixel as inside. One kept box after another: all pairs of what a broken or
    untrained network finds in a class would not fit into memory.
    """
    areas = (boxes[:, 2:] - boxes[:, :2] + 1).prod(-1)
    left = torch.arange(len(boxes), device=boxes.device)
    kept = []
    while len(left):
        best, left = left[:1], left[1:]
        kept.append(best)
        low = torch.maximum(boxes[best, :2], boxes[left, :2])
        high = torch.minimum(boxes[best, 2:], boxes[left, 2:])
        common = (high - low + 1).clamp(min=0).prod(-1)
        left = left[~(common / (areas[best] + areas[left] - common) >= max_iou)]
    return torch.cat(kept) if kept else left


def _best(indices: Tensor, classes: Tensor, scores: Tensor, limit: int) -> Kept:
    scores, order = scores.sort(dim=0, descending=True)
    order = order[:limit]
    return indices[order], classes[order], scores[:limit]

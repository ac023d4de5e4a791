"""Which anchor learns which object: the published rule, and a task-aligned one for small data.

Frame: relative xyxy boxes of one image. P anchors, n objects, C classes without the background.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from model.boxes import area, intersection, iou

NEUTRAL = -1  # an anchor that teaches neither an object nor the background
TINY = 1e-9
LEAST_QUALITY = 0.05  # of an object's best anchor: one that no box reaches yet is still learnt


class Match(NamedTuple):
    """The published rule's answer for one image."""

    objects: Tensor  # (P,) int64: the object each anchor overlaps most (or is forced to)
    labels: Tensor  # (P,) int64: category + 1, 0 for background, NEUTRAL


def match_published(
    boxes: Tensor,
    categories: Tensor,
    crowd_boxes: Tensor,
    priors: Tensor,
    *,
    positive: float = 0.5,
    negative: float = 0.4,
    crowd: float = 0.7,
) -> Match:
    """YOLACT's matching. boxes (n, 4), categories (n,), crowd_boxes (c, 4), priors (P, 4) cxcywh.

    Every object gets one anchor at least: again and again the largest overlap that is left takes its row and
    column. An anchor that lies in a crowd by more than `crowd` of its own area, and is no positive, is
    neutral. Without objects every anchor is background (the published code skips such images).
    """
    # Centre plus and minus half, as published: ties and overlaps at a limit hang on the last bit.
    half = priors[:, 2:] / 2
    corners = torch.cat((priors[:, :2] - half, priors[:, :2] + half), 1)
    if not len(boxes):
        objects = torch.zeros(len(priors), dtype=torch.int64, device=priors.device)
        labels = torch.zeros_like(objects)
    else:
        overlaps = iou(boxes, corners)  # (n, P)
        best, objects = overlaps.max(0)
        left = overlaps.clone()
        for _ in range(len(boxes)):
            number, anchor = divmod(int(left.argmax()), left.shape[1])
            left[number] = -1
            left[:, anchor] = -1
            best[anchor] = 2
            objects[anchor] = number
        labels = categories[objects] + 1
        labels[best < positive] = NEUTRAL
        labels[best < negative] = 0
    if len(crowd_boxes):
        inside = intersection(corners, crowd_boxes) / area(corners)[:, None]
        labels[(labels <= 0) & (inside.amax(1) > crowd)] = NEUTRAL
    return Match(objects, labels)


class Alignment(NamedTuple):
    """The task-aligned rule's answer for one image. m anchors are positive."""

    anchors: Tensor  # (m,) int64
    objects: Tensor  # (m,) int64
    quality: Tensor  # (m,) 0..1: the score that anchor should give its object
    neutral: Tensor  # (P,) bool


@torch.no_grad()
def match_aligned(
    boxes: Tensor,
    categories: Tensor,
    ignored_boxes: Tensor,
    priors: Tensor,
    predicted_boxes: Tensor,
    probabilities: Tensor,
    *,
    top: int = 10,
    score_power: float = 0.5,
    overlap_power: float = 4.0,
) -> Alignment:
    """Each object takes the `top` anchors inside it that already score and fit it best.

    Follows TOOD (arXiv 2108.07755): alignment = score^a * IoU^b with the predicted box; an anchor that
    several objects want goes to the one it overlaps most; its target score is its alignment, scaled so that
    the object's best anchor gets the object's best IoU. predicted_boxes (P, 4) xyxy, probabilities (P, C).
    Anchors whose centre lies in an ignored box are neutral.
    """
    centres = priors[:, :2]
    neutral = _inside(centres, ignored_boxes).any(1)
    if not len(boxes):
        empty = torch.zeros(0, dtype=torch.int64, device=priors.device)
        return Alignment(empty, empty, torch.zeros(0, device=priors.device), neutral)
    overlaps = iou(boxes, predicted_boxes).nan_to_num(0).clamp(0, 1)  # (n, P)
    scores = probabilities[:, categories].t()
    inside = _inside(centres, boxes).t()
    # An object too small to hold a centre takes the anchor closest to its own.
    nearest = (centres[None] - (boxes[:, None, :2] + boxes[:, None, 2:]) / 2).square().sum(-1).argmin(1)
    inside[torch.arange(len(boxes), device=boxes.device), nearest] = True
    alignment = scores**score_power * overlaps**overlap_power * inside
    chosen = torch.zeros_like(inside)
    order = (alignment + inside * TINY).topk(min(top, len(priors)), 1).indices
    chosen.scatter_(1, order, True)
    chosen &= inside
    contested = overlaps * chosen + chosen * TINY
    owner = contested.argmax(0)
    anchors = torch.nonzero(chosen.any(0))[:, 0]
    objects = owner[anchors]
    held = torch.zeros_like(chosen)
    held[objects, anchors] = True
    alignment = alignment + TINY
    best_alignment = (alignment * held).amax(1).clamp(min=TINY)
    best_overlap = (overlaps * held).amax(1).clamp(min=LEAST_QUALITY)
    quality = alignment[objects, anchors] / best_alignment[objects] * best_overlap[objects]
    neutral[anchors] = False
    return Alignment(anchors, objects, quality, neutral)


def _inside(points: Tensor, boxes: Tensor) -> Tensor:
    """(P, 2) points, (n, 4) boxes -> (P, n) bool."""
    return (points[:, None] > boxes[None, :, :2]).all(-1) & (points[:, None] < boxes[None, :, 2:]).all(-1)

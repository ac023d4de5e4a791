"""From the network's raw output to detections: decode, threshold, suppress, cut.

Boxes are relative xyxy of the image, not clipped. Classes count from 0 without the background.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from model.boxes import decode
from model.config import ModelConfig, NmsKind
from model.nms import Kept, cross_class_nms, fast_nms, traditional_nms
from model.yolact import RawOutput

MARGIN = 1e-3  # of logits, for rounding


class Detections(NamedTuple):
    """n detections of one image, by falling score; n may be 0."""

    boxes: Tensor  # (n, 4) relative xyxy
    scores: Tensor  # (n,)
    classes: Tensor  # (n,) int64
    coefficients: Tensor  # (n, k)
    anchors: Tensor  # (n,) int64, which prior each comes from


def detect(
    raw: RawOutput,
    priors: Tensor,
    config: ModelConfig,
    *,
    image: int = 0,
    nms: NmsKind | None = None,
    min_score: float | None = None,
    limit: int | None = None,
    fill: bool = True,
) -> Detections:
    """The detections of one image of the batch.

    An anchor takes part if its best foreground score is above `min_score`. Defaults are the
    configuration's. Boxes that are no numbers (a broken network) are left out. As published the list is
    filled up with lower scores; without `fill` they are left out, and nothing is spent on them.
    """
    min_score = config.score_threshold if min_score is None else min_score
    limit = config.max_detections if limit is None else limit
    logits = raw.class_logits[image]
    anchors = torch.nonzero(_possible(logits, min_score))[:, 0]
    scores = logits[anchors].softmax(-1)[:, 1:]
    above = scores.amax(1) > min_score
    anchors, scores = anchors[above], scores[above]
    boxes = decode(raw.boxes_raw[image][anchors], priors[anchors])
    finite = boxes.isfinite().all(1)
    if not finite.all():
        anchors, boxes, scores = anchors[finite], boxes[finite], scores[finite]
    kind = nms or config.nms
    kept, classes, values = _suppress(
        kind, boxes, scores, config, min_score=min_score, limit=limit, fill=fill
    )
    if not fill:
        above = values >= min_score
        kept, classes, values = kept[above][:limit], classes[above][:limit], values[above][:limit]
    chosen, boxes = anchors[kept], boxes[kept]
    if kind == "traditional":  # published boxes went to pixels and back; a pixel's edge can hang on that
        boxes = boxes * config.input_size / config.input_size
    return Detections(boxes, values, classes, raw.coefficients[image][chosen], chosen)


def _possible(logits: Tensor, min_score: float) -> Tensor:
    """(P, C) with the background first -> (P,) bool: false where no class can be above `min_score`.

    A probability is at most e to the power of its logit's lead over the background: most anchors are out
    before any probability is worked out.
    """
    lead = logits[:, 1:].amax(1) - logits[:, 0]
    return lead > (math.log(min_score) - MARGIN if min_score > 0 else -math.inf)


def _suppress(
    kind: NmsKind,
    boxes: Tensor,
    scores: Tensor,
    config: ModelConfig,
    *,
    min_score: float,
    limit: int,
    fill: bool,
) -> Kept:
    if kind == "fast":
        floor = None if fill else min_score
        return fast_nms(
            boxes, scores, max_iou=config.nms_iou, top_k=config.nms_top_k, limit=limit, floor=floor
        )
    if kind == "cross-class":
        return cross_class_nms(boxes, scores, max_iou=config.nms_iou, top_k=config.nms_top_k)
    if kind == "traditional":
        return traditional_nms(
            boxes,
            scores,
            max_iou=config.nms_iou,
            min_score=min_score,
            size=config.input_size,
            limit=limit,
        )
    raise ValueError(f"nms: expected fast, cross-class or traditional, got {kind!r}")

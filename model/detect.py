"""From the network's raw output to detections: decode, threshold, suppress, cut.

Boxes are relative xyxy of the image, not clipped. Classes count from 0 without the background.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from model.boxes import decode
from model.config import ModelConfig, NmsKind
from model.nms import Kept, cross_class_nms, fast_nms, traditional_nms
from model.yolact import RawOutput


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
) -> Detections:
    """The detections of one image of the batch.

    An anchor takes part if its best foreground score is above `min_score`. Defaults are the
    configuration's. Boxes that are no numbers (a broken network) are left out.
    """
    min_score = config.score_threshold if min_score is None else min_score
    limit = config.max_detections if limit is None else limit
    scores = raw.class_logits[image].softmax(-1)[:, 1:]
    anchors = torch.nonzero(scores.amax(1) > min_score)[:, 0]
    boxes = decode(raw.boxes_raw[image][anchors], priors[anchors])
    finite = boxes.isfinite().all(1)
    if not finite.all():
        anchors, boxes = anchors[finite], boxes[finite]
    kept, classes, values = _suppress(
        nms or config.nms, boxes, scores[anchors], config, min_score=min_score, limit=limit
    )
    chosen = anchors[kept]
    return Detections(boxes[kept], values, classes, raw.coefficients[image][chosen], chosen)


def _suppress(
    kind: NmsKind, boxes: Tensor, scores: Tensor, config: ModelConfig, *, min_score: float, limit: int
) -> Kept:
    if kind == "fast":
        return fast_nms(boxes, scores, max_iou=config.nms_iou, top_k=config.nms_top_k, limit=limit)
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

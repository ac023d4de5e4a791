"""Box arithmetic on tensors. The format is in the name: cxcywh (centre, size) or xyxy (corners).

Frame: whatever the arguments share, usually relative 0..1 of the image. Nothing is clipped. Variances 0.1
(centre) and 0.2 (size) as in SSD. Empty inputs give empty outputs.
"""

from __future__ import annotations

import torch
from torch import Tensor

CENTRE_VARIANCE = 0.1
SIZE_VARIANCE = 0.2


def cxcywh_to_xyxy(boxes: Tensor) -> Tensor:
    """(..., 4) centre and size -> corners."""
    low = boxes[..., :2] - boxes[..., 2:] / 2
    return torch.cat((low, low + boxes[..., 2:]), -1)


def xyxy_to_cxcywh(boxes: Tensor) -> Tensor:
    """(..., 4) corners -> centre and size."""
    return torch.cat(((boxes[..., :2] + boxes[..., 2:]) / 2, boxes[..., 2:] - boxes[..., :2]), -1)


def encode(boxes_xyxy: Tensor, priors_cxcywh: Tensor) -> Tensor:
    """(P, 4) what the head should say so that each prior becomes its box. Boxes need a positive size."""
    boxes = xyxy_to_cxcywh(boxes_xyxy)
    centre = (boxes[..., :2] - priors_cxcywh[..., :2]) / (CENTRE_VARIANCE * priors_cxcywh[..., 2:])
    size = torch.log(boxes[..., 2:] / priors_cxcywh[..., 2:]) / SIZE_VARIANCE
    return torch.cat((centre, size), -1)


def decode(raw: Tensor, priors_cxcywh: Tensor) -> Tensor:
    """(..., P, 4) the head's values -> corners."""
    centre = priors_cxcywh[..., :2] + raw[..., :2] * CENTRE_VARIANCE * priors_cxcywh[..., 2:]
    size = priors_cxcywh[..., 2:] * torch.exp(raw[..., 2:] * SIZE_VARIANCE)
    return cxcywh_to_xyxy(torch.cat((centre, size), -1))


def intersection(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    """(..., n, 4), (..., m, 4) -> (..., n, m) intersection areas."""
    left, top, right, bottom = (  # a plane each: no axis of two to go along
        meet(a_xyxy[..., :, None, side], b_xyxy[..., None, :, side])
        for side, meet in enumerate((torch.maximum, torch.maximum, torch.minimum, torch.minimum))
    )
    return right.sub_(left).clamp_(min=0).mul_(bottom.sub_(top).clamp_(min=0))


def area(xyxy: Tensor) -> Tensor:
    """(..., 4) -> (...) areas."""
    return (xyxy[..., 2] - xyxy[..., 0]) * (xyxy[..., 3] - xyxy[..., 1])


def iou(a_xyxy: Tensor, b_xyxy: Tensor) -> Tensor:
    """(..., n, 4), (..., m, 4) -> (..., n, m) intersection over union; no +1, no epsilon."""
    common = intersection(a_xyxy, b_xyxy)
    return common / (area(a_xyxy)[..., :, None] + area(b_xyxy)[..., None, :] - common)

"""YOLACT's loss terms as published: B (boxes), C (classes), M (masks), S (semantic), I (mask quality).

Shapes: B images, P priors, C classes with background first, k prototypes on an (h, w) grid. N is the number
of positive priors in the batch, that of all processes together. Source: YOLACT (arXiv 1904.02689) and its
released training code; where code and paper differ, the code's behaviour is kept and said so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from model.boxes import encode
from model.config import ModelConfig
from model.matching import Match, match_published
from model.rescoring import crop_window
from model.targets import Target
from model.yolact import RawOutput

BOX_WEIGHT, MASK_WEIGHT, QUALITY_WEIGHT = 1.5, 6.125, 25.0
NEGATIVES = 3  # mined for each positive
MASKS_PER_IMAGE = 100  # a random choice of more, scaled up
MASKS_OF = {"yolact_im700": 300}  # configurations that take more
LEAST_QUALITY_AREA = 25  # cells of a mask that teaches its quality


Normaliser = Callable[[Tensor], Tensor]
QualityPair = tuple[Tensor, Tensor, Tensor]  # soft cropped masks (m, h, w), true ones, categories (m,)


def at_least_one(count: Tensor) -> Tensor:
    """N of a single process: its positives, 1 where there are none."""
    return count.clamp(min=1)


def match_targets(targets: Sequence[Target], priors: Tensor) -> list[Match]:
    """The published matching of each image."""
    return [match_published(one.boxes, one.categories, one.crowd_boxes, priors) for one in targets]


def published_loss(
    raw: RawOutput,
    targets: Sequence[Target],
    priors: Tensor,
    config: ModelConfig,
    quality_net: Callable[[Tensor], Tensor] | None = None,
    *,
    normaliser: Normaliser = at_least_one,
    matches: Sequence[Match] | None = None,
    limit: int | None = None,
) -> dict[str, Tensor]:
    """The terms, weighted; the loss is their plain sum. Targets' masks are on the input's grid, 0 or 1.

    Without any positive in the batch, B and M are 0 and N counts as 1. `normaliser` makes N of this process'
    number of positives. `matches`: where they are known already. `limit`: masks an image that enter M.
    """
    if matches is None:
        matches = match_targets(targets, priors)
    labels = torch.stack([match.labels for match in matches])  # (B, P)
    count = normaliser((labels > 0).sum().float())
    if limit is None:
        limit = MASKS_OF.get(config.name, MASKS_PER_IMAGE)
    masks, quality = mask_terms(raw, targets, matches, quality_net, limit=limit)
    terms = {
        "B": BOX_WEIGHT * box_term(raw.boxes_raw, targets, matches, priors) / count,
        "C": class_term(raw.class_logits, labels) / count,
        "M": MASK_WEIGHT * masks / count,
    }
    if raw.semantic is not None:
        terms["S"] = semantic_term(raw.semantic, targets)
    if quality is not None:
        terms["I"] = QUALITY_WEIGHT * quality / count
    return terms


def box_term(
    raw_boxes: Tensor, targets: Sequence[Target], matches: Sequence[Match], priors: Tensor
) -> Tensor:
    """Sum of smooth L1 (beta 1) over the positives' offsets."""
    total = raw_boxes.sum() * 0
    for predicted, target, match in zip(raw_boxes, targets, matches, strict=True):
        positive = match.labels > 0
        wanted = encode(target.boxes[match.objects[positive]], priors[positive])
        total = total + F.smooth_l1_loss(predicted[positive], wanted, reduction="sum")
    return total


def class_term(logits: Tensor, labels: Tensor) -> Tensor:
    """Sum of cross entropy over the positives and the hardest negatives (OHEM). (B, P, C), (B, P)."""
    chosen = (labels > 0) | hard_negatives(logits, labels)
    return F.cross_entropy(logits[chosen], labels[chosen], reduction="sum")


@torch.no_grad()
def hard_negatives(logits: Tensor, labels: Tensor) -> Tensor:
    """(B, P) bool: in each image the negatives with the smallest background probability, three a positive.

    Ranked by log-sum-exp minus the background's logit; positives and neutrals rank as 0. As published the
    log-sum-exp is taken against the maximum of the whole batch (that of the image where images go alone, see
    `lanes`): rows more than some 90 below it rank last.
    An image without a positive gives no negative, as published, unless it has no object at all: then as many
    as one positive would.
    """
    largest = logits.max()
    hardness = (logits - largest).exp().sum(2).log() + largest - logits[..., 0]
    hardness = hardness.masked_fill(labels != 0, 0)
    rank = hardness.sort(1, descending=True)[1].argsort(1)  # not stable: equal ones rank as published
    wanted = NEGATIVES * (labels > 0).sum(1, keepdim=True).clamp(min=1)
    return (rank < wanted.clamp(max=labels.shape[1] - 1)) & (labels == 0)


def mask_terms(
    raw: RawOutput,
    targets: Sequence[Target],
    matches: Sequence[Match],
    quality_net: Callable[[Tensor], Tensor] | None = None,
    *,
    limit: int = MASKS_PER_IMAGE,
) -> tuple[Tensor, Tensor | None]:
    """Sum over positives of [sum of pixel BCE / box area in cells], and the sum of the quality term.

    The prediction is cropped with the object's own box (one cell of padding) and compared over the whole map.
    As published the logarithm is taken of the cropped sigmoid in float32 and never falls below -100: a mask
    pixel outside its box costs 100, and so does one inside whose sigmoid has come to exactly 0 or 1 and is
    wrong. Of more than `limit` positives a random choice counts, which follows from the target's `draw`.
    """
    height, width = raw.prototypes.shape[1:3]
    total = raw.prototypes.sum() * 0
    pairs: list[QualityPair] = []
    for image, (target, match) in enumerate(zip(targets, matches, strict=True)):
        anchors = torch.nonzero(match.labels > 0)[:, 0]
        if not len(anchors):
            continue
        scale = 1.0
        if len(anchors) > limit:
            scale = len(anchors) / limit
            choice = torch.Generator().manual_seed(target.draw)
            anchors = anchors[torch.randperm(len(anchors), generator=choice)[:limit].to(anchors.device)]
        objects = match.objects[anchors]
        boxes = target.boxes[objects]
        truth = resize_masks(target.masks, (height, width))[objects]
        logits = raw.coefficients[image][anchors] @ raw.prototypes[image].flatten(0, 1).t()
        logits = logits.unflatten(1, (height, width))
        soft = torch.sigmoid(logits.float()) * crop_window(boxes, height, width)
        pixels = F.binary_cross_entropy(soft, truth, reduction="none")
        area = (boxes[:, 2] - boxes[:, 0]) * width * (boxes[:, 3] - boxes[:, 1]) * height
        total = total + scale * (pixels.sum((1, 2)) / area).sum()
        if quality_net is not None:
            pairs.append((soft, truth, target.categories[objects]))
    return total, quality_term(pairs, quality_net) if quality_net is not None else None


def quality_term(pairs: Sequence[QualityPair], quality_net: Callable[[Tensor], Tensor]) -> Tensor | None:
    """Sum of smooth L1 between predicted and true mask IoU, over masks of more than 25 cells.

    `pairs`: (soft cropped masks (m, h, w), true masks, categories (m,)) an image. As published the gradient
    goes on into the masks. None when there is no such mask.
    """
    kept = [
        (soft[large], truth[large], categories[large])
        for soft, truth, categories in pairs
        if (large := truth.sum((1, 2)) > LEAST_QUALITY_AREA).any()
    ]
    if not kept:
        return None
    soft, truth, categories = (torch.cat(parts) for parts in zip(*kept, strict=True))
    binary = (soft > 0.5).float()
    common = (binary * truth).sum((1, 2))
    wanted = common / (binary.sum((1, 2)) + truth.sum((1, 2)) - common)
    predicted = quality_net(soft).gather(1, categories[:, None])[:, 0]
    return F.smooth_l1_loss(predicted, wanted, reduction="sum")


def semantic_term(semantic: Tensor, targets: Sequence[Target]) -> Tensor:
    """BCE of each class' map with the union of its masks: class sum, pixel and image mean."""
    height, width = semantic.shape[2:]
    total = semantic.sum() * 0
    for logits, target in zip(semantic, targets, strict=True):
        truth = torch.zeros_like(logits)
        for category, mask in zip(
            target.categories, resize_masks(target.masks, (height, width)), strict=True
        ):
            truth[category] = torch.maximum(truth[category], mask)
        total = total + F.binary_cross_entropy_with_logits(logits, truth, reduction="sum")
    return total / (height * width * len(targets))


def resize_masks(masks: Tensor, size: tuple[int, int]) -> Tensor:
    """(n, m, m) -> (n, *size) float 0 or 1: bilinear, then above one half."""
    if not len(masks):
        return masks.new_zeros((0, *size))
    if masks.shape[1:] == size:
        return (masks > 0.5).float()
    return (F.interpolate(masks[None], size, mode="bilinear", align_corners=False)[0] > 0.5).float()

"""The losses of our small-data recipe: few images, few minutes, a score that means how well a box fits.

Shapes: B images, P priors, C classes with background first, k prototypes on an (h, w) grid. Targets' masks
are on the prototypes' grid and may be fractions: enlarged, they then end where the object does. Terms: C
cross entropy with the quality as a soft label, B generalised IoU, M binary cross entropy in the grown box (so
that prototypes stay useful around it, where a person corrects), D dice inside the box, S the published
semantic term, I the published quality term of YOLACT++, which here teaches the re-scoring network only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from model.boxes import decode
from model.losses import Normaliser, QualityPair, at_least_one, quality_term, semantic_term
from model.matching import Alignment, match_aligned
from model.rescoring import crop_window
from model.targets import Target
from model.yolact import RawOutput

MASKS_PER_IMAGE = 300  # about: with many objects fewer anchors of each learn masks, which bounds the memory
LARGEST = 20.0  # raw size: 54 times the prior's; beyond it exp overflows and the loss is no number


@dataclass(frozen=True, slots=True)
class AlignedWeights:
    """Weights of the terms and the mask's region."""

    classes: float = 1.0
    boxes: float = 3.0
    masks: float = 2.0
    dice: float = 1.0
    semantic: float = 0.5
    rescoring: float = 1.0
    focus: float = 1.5  # how fast anchors that are right already stop counting
    margin: float = 0.15  # of the box's sides: masks learn this far around it
    margin_weight: float = 0.3
    masks_per_object: int = 5


def aligned_loss(
    raw: RawOutput,
    targets: Sequence[Target],
    priors: Tensor,
    weights: AlignedWeights,
    quality_net: Callable[[Tensor], Tensor] | None = None,
    *,
    normaliser: Normaliser = at_least_one,
) -> dict[str, Tensor]:
    """The terms, weighted; the loss is their sum. Each is a mean over the batch's positives by quality.

    `quality_net`: YOLACT++'s, (n, h, w) soft cropped masks -> (n, classes) predicted IoU; without a mask
    that is large enough there is no I.

    `normaliser` makes the divisor of the sum of this process' qualities.
    """
    sizes = raw.boxes_raw[..., 2:].clamp(max=LARGEST)
    predicted = decode(torch.cat((raw.boxes_raw[..., :2], sizes), -1), priors)  # (B, P, 4)
    probabilities = raw.class_logits.detach().softmax(-1)[..., 1:]
    matches = [
        match_aligned(
            target.boxes,
            target.categories,
            target.crowd_boxes,
            priors,
            predicted[image].detach(),
            probabilities[image],
        )
        for image, target in enumerate(targets)
    ]
    quality = torch.cat([match.quality for match in matches])
    total = normaliser(quality.sum())
    terms = {
        "B": weights.boxes * _box_term(predicted, targets, matches) / total,
        "C": weights.classes * _class_term(raw.class_logits, targets, matches, weights.focus) / total,
    }
    masks, dice, pairs = _mask_terms(raw, targets, matches, weights)
    terms["M"] = weights.masks * masks / total
    terms["D"] = weights.dice * dice / total
    if raw.semantic is not None:
        terms["S"] = weights.semantic * semantic_term(raw.semantic, targets)
    if quality_net is not None and (rescoring := quality_term(pairs, quality_net)) is not None:
        terms["I"] = weights.rescoring * rescoring / total
    return terms


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """(m, 4), (m, 4) xyxy -> (m,) in -1..1 (arXiv 1902.09630). Degenerate boxes give finite values."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    common = (high - low).clamp(min=0).prod(1)
    area_a, area_b = ((box[:, 2:] - box[:, :2]).clamp(min=0).prod(1) for box in (a, b))
    union = (area_a + area_b - common).clamp(min=1e-9)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    outer = hull.clamp(min=0).prod(1).clamp(min=1e-9)
    return common / union - (outer - union) / outer


def _box_term(predicted: Tensor, targets: Sequence[Target], matches: Sequence[Alignment]) -> Tensor:
    total = predicted.sum() * 0
    for boxes, target, match in zip(predicted, targets, matches, strict=True):
        fit = generalised_iou(boxes[match.anchors], target.boxes[match.objects])
        total = total + ((1 - fit) * match.quality).sum()
    return total


def _class_term(
    logits: Tensor, targets: Sequence[Target], matches: Sequence[Alignment], focus: float
) -> Tensor:
    """Soft labels: an anchor of quality q should say q for its class and 1 - q for the background."""
    wanted = torch.zeros_like(logits)
    wanted[..., 0] = 1
    counts = torch.ones_like(logits[..., 0])
    for image, (target, match) in enumerate(zip(targets, matches, strict=True)):
        wanted[image, match.anchors, 0] = 1 - match.quality
        wanted[image, match.anchors, target.categories[match.objects] + 1] = match.quality
        counts[image, match.neutral] = 0
    said = logits.log_softmax(-1)
    distance = (said.detach().exp() - wanted).abs().sum(-1) / 2
    return (-(wanted * said).sum(-1) * distance**focus * counts).sum()


def _mask_terms(
    raw: RawOutput, targets: Sequence[Target], matches: Sequence[Alignment], weights: AlignedWeights
) -> tuple[Tensor, Tensor, list[QualityPair]]:
    """Sums over positives by quality: mean BCE in the grown box, dice inside the box; and the masks."""
    height, width = raw.prototypes.shape[1:3]
    total = raw.prototypes.sum() * 0
    dice = raw.prototypes.sum() * 0
    pairs: list[QualityPair] = []
    for image, (target, match) in enumerate(zip(targets, matches, strict=True)):
        each = MASKS_PER_IMAGE // max(len(target.boxes), 1)
        chosen = _best_of_each(match, max(min(weights.masks_per_object, each), 1))
        if not len(chosen):
            continue
        objects = match.objects[chosen]
        boxes, truth, quality = target.boxes[objects], target.masks[objects], match.quality[chosen]
        # The positives that were left out count through those that were taken.
        quality = quality * (match.quality.sum() / quality.sum().clamp(min=1e-6))
        flat = raw.prototypes[image].flatten(0, 1)
        logits = (raw.coefficients[image][match.anchors[chosen]] @ flat.t()).unflatten(1, (height, width))
        inside = crop_window(boxes, height, width).float()
        grown = crop_window(_grow(boxes, weights.margin), height, width).float()
        counts = inside + (grown - inside) * weights.margin_weight
        pixels = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
        total = total + ((pixels * counts).sum((1, 2)) / counts.sum((1, 2)).clamp(min=1) * quality).sum()
        soft = torch.sigmoid(logits) * inside
        common = (soft * truth).sum((1, 2))
        dice_each = 1 - (2 * common + 1) / (soft.square().sum((1, 2)) + truth.sum((1, 2)) + 1)
        dice = dice + (dice_each * quality).sum()
        pairs.append((soft.detach(), (truth > 0.5).float(), target.categories[objects]))
    return total, dice, pairs


def _best_of_each(match: Alignment, limit: int) -> Tensor:
    """(c,) positions in the match: for each object its `limit` anchors of highest quality."""
    order = match.quality.argsort(descending=True, stable=True)
    order = order[match.objects[order].argsort(stable=True)]  # by object, the best first
    objects = match.objects[order]
    places = torch.arange(len(order), device=order.device)
    rank = places - torch.searchsorted(objects, objects)
    return order[rank < limit]


def _grow(boxes: Tensor, margin: float) -> Tensor:
    extra = (boxes[:, 2:] - boxes[:, :2]) * margin
    return torch.cat((boxes[:, :2] - extra, boxes[:, 2:] + extra), 1)

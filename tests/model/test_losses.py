"""The published loss terms, each against plain loops in double precision."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from model.anchors import priors as make_priors
from model.config import CONFIGS
from model.losses import class_term, hard_negatives, mask_terms, published_loss, semantic_term
from model.matching import Match, match_published
from model.targets import Target
from model.yolact import RawOutput

CONFIG = replace(
    CONFIGS["yolact_resnet50"],
    input_size=64,
    classes=3,
    prototypes=4,
    anchor_scales=((8,), (16,), (32,)),
    rescoring=False,
)
PRIORS = torch.from_numpy(make_priors(CONFIG))
SIDE = CONFIG.prototype_size


def rectangle_target(boxes: list[list[float]], categories: list[int], crowds: list[list[float]]) -> Target:
    """Masks are ellipses in their boxes, on the input's grid."""
    size = CONFIG.input_size
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    masks = []
    for x1, y1, x2, y2 in boxes:
        distance = ((x - (x1 + x2) / 2) / (x2 - x1)) ** 2 + ((y - (y1 + y2) / 2) / (y2 - y1)) ** 2
        masks.append(distance <= 0.25)
    return Target(
        torch.tensor(boxes).reshape(-1, 4),
        torch.tensor(categories, dtype=torch.int64),
        torch.from_numpy(np.array(masks, np.float32).reshape(-1, size, size)),
        torch.tensor(crowds).reshape(-1, 4),
    )


TARGETS = [
    rectangle_target(
        [[0.1, 0.1, 0.6, 0.6], [0.3, 0.3, 0.95, 0.9], [0.7, 0.1, 0.83, 0.2]],
        [0, 2, 0],
        [[0.0, 0.5, 0.4, 1.0]],
    ),
    rectangle_target([[0.2, 0.4, 0.5, 0.8]], [1], []),
]


def output(seed: int = 0) -> RawOutput:
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    level = CONFIG.level_sizes[0]
    return RawOutput(
        draw(2, len(PRIORS), 4),
        draw(2, len(PRIORS), 4) * 2,
        torch.tanh(draw(2, len(PRIORS), 4)),
        draw(2, SIDE, SIDE, 4).relu() * 2,
        draw(2, 3, level, level),
    )


def matches() -> list[Match]:
    return [match_published(t.boxes, t.categories, t.crowd_boxes, PRIORS) for t in TARGETS]


def test_boxes_are_smooth_l1_of_the_offsets() -> None:
    raw, found = output(), matches()
    total, count = 0.0, 0
    for image, match in enumerate(found):
        for prior in torch.nonzero(match.labels > 0)[:, 0].tolist():
            x1, y1, x2, y2 = TARGETS[image].boxes[match.objects[prior]].double().tolist()
            cx, cy, w, h = PRIORS[prior].double().tolist()
            wanted = [
                ((x1 + x2) / 2 - cx) / (0.1 * w),
                ((y1 + y2) / 2 - cy) / (0.1 * h),
                math.log((x2 - x1) / w) / 0.2,
                math.log((y2 - y1) / h) / 0.2,
            ]
            for said, right in zip(raw.boxes_raw[image, prior].double().tolist(), wanted, strict=True):
                distance = abs(said - right)
                total += 0.5 * distance**2 if distance < 1 else distance - 0.5
            count += 1
    assert count >= 4
    terms = published_loss(raw, TARGETS, PRIORS, CONFIG)
    assert float(terms["B"]) == pytest.approx(1.5 * total / count, rel=1e-5)


def test_classes_take_three_hardest_negatives_a_positive() -> None:
    raw, found = output(), matches()
    total, count = 0.0, 0
    for image, match in enumerate(found):
        rows = raw.class_logits[image].double().tolist()
        labels = match.labels.tolist()
        costs = [
            -(row[label] - log_sum(row)) if label >= 0 else 0.0
            for row, label in zip(rows, labels, strict=True)
        ]
        positives = [cost for cost, label in zip(costs, labels, strict=True) if label > 0]
        negatives = sorted(
            (cost for cost, label in zip(costs, labels, strict=True) if label == 0), reverse=True
        )
        total += sum(positives) + sum(negatives[: 3 * len(positives)])
        count += len(positives)
    terms = published_loss(raw, TARGETS, PRIORS, CONFIG)
    assert float(terms["C"]) == pytest.approx(total / count, rel=1e-5)


def log_sum(row: list[float]) -> float:
    return math.log(sum(math.exp(value) for value in row))


def test_neutral_anchors_are_neither_positive_nor_negative() -> None:
    labels = torch.tensor([[1, -1, 0, 0]])
    logits = torch.zeros(1, 4, 2)
    logits[0, 1, 1] = 50  # the neutral one would be the hardest
    assert hard_negatives(logits, labels).tolist() == [[False, False, True, True]]
    # cross entropy ln 2 of one positive and two negatives
    assert float(class_term(logits, labels)) == pytest.approx(3 * math.log(2))


def test_negatives_are_at_most_all_anchors_but_one() -> None:
    labels = torch.tensor([[1, 1, 0, 0, 0, 0]])
    logits = torch.arange(12.0).reshape(1, 6, 2).flip(1)
    # 3 x 2 positives, capped at 5 of 6 ranks: positives rank last with hardness 0
    assert int(hard_negatives(logits, labels).sum()) == 4


def test_an_image_without_objects_teaches_background() -> None:
    labels = torch.zeros(1, 10, dtype=torch.int64)
    logits = torch.randn(1, 10, 3, generator=torch.Generator().manual_seed(0))
    assert int(hard_negatives(logits, labels).sum()) == 3


def test_masks_are_cropped_bce_over_the_box_area() -> None:
    raw, found = output(), matches()
    total, count = 0.0, 0
    for image, match in enumerate(found):
        grid = binary_grid(TARGETS[image].masks, SIDE)
        for prior in torch.nonzero(match.labels > 0)[:, 0].tolist():
            number = int(match.objects[prior])
            x1, y1, x2, y2 = TARGETS[image].boxes[number].double().tolist()
            low_x, high_x = max(x1 * SIDE - 1, 0), min(x2 * SIDE + 1, SIDE)
            low_y, high_y = max(y1 * SIDE - 1, 0), min(y2 * SIDE + 1, SIDE)
            logits = raw.prototypes[image].double() @ raw.coefficients[image, prior].double()
            cost = 0.0
            for j in range(SIDE):
                for i in range(SIDE):
                    truth = grid[number][j, i]
                    if low_x <= i < high_x and low_y <= j < high_y:
                        chance = 1 / (1 + math.exp(-float(logits[j, i])))
                        cost -= math.log(chance if truth else 1 - chance)
                    else:
                        cost += 100 * truth  # the published BCE of a probability of exactly 0
            total += cost / ((x2 - x1) * SIDE * (y2 - y1) * SIDE)
            count += 1
    terms = published_loss(raw, TARGETS, PRIORS, CONFIG)
    assert float(terms["M"]) == pytest.approx(6.125 * total / count, rel=1e-4)


def binary_grid(masks: Tensor, side: int) -> np.ndarray:
    """Bilinear with centres at +0.5, then above one half."""
    masks_np = masks.double().numpy()
    size = masks_np.shape[1]
    place = np.clip((np.arange(side) + 0.5) * size / side - 0.5, 0, size - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, size - 1)
    share = place - low
    rows = masks_np[:, low] * (1 - share)[:, None] + masks_np[:, high] * share[:, None]
    return (rows[:, :, low] * (1 - share) + rows[:, :, high] * share > 0.5).astype(float)


def test_a_mask_outside_its_box_costs_a_hundred_a_pixel() -> None:
    raw = output()
    stray = TARGETS[1].masks.clone()
    clean = float(mask_terms(raw, TARGETS[:1], matches()[:1])[0])
    assert clean > 0
    stray[:, 56:64, 56:64] = 1  # 2 x 2 cells, far outside
    target = replace(TARGETS[1], masks=stray)
    match = matches()[1]
    raw_one = RawOutput(*(part[1:] for part in raw[:4]))
    positives = int((match.labels > 0).sum())
    more = float(mask_terms(raw_one, [target], [match])[0] - mask_terms(raw_one, [TARGETS[1]], [match])[0])
    area = 0.3 * SIDE * 0.4 * SIDE
    assert more == pytest.approx(positives * 100 * 4 / area, rel=1e-4)


def test_more_than_a_hundred_positives_are_drawn_and_scaled_up() -> None:
    # Every anchor positive for the same object with the same coefficients: the draw cannot matter.
    raw = output()
    same = RawOutput(
        raw.boxes_raw, raw.class_logits, raw.coefficients[:, :1].expand(-1, len(PRIORS), -1), raw.prototypes
    )
    count = 150
    labels = torch.zeros(len(PRIORS), dtype=torch.int64)
    labels[:count] = 2
    many = Match(torch.zeros_like(labels), labels)
    labels_one = torch.zeros_like(labels)
    labels_one[0] = 2
    single = Match(torch.zeros_like(labels), labels_one)
    one = RawOutput(*(part[1:] for part in same[:4]))
    total = float(mask_terms(one, TARGETS[1:], [many])[0])
    assert total == pytest.approx(count * float(mask_terms(one, TARGETS[1:], [single])[0]), rel=1e-4)


def test_semantic_is_bce_with_the_union_of_each_class() -> None:
    raw = output()
    assert raw.semantic is not None
    side = raw.semantic.shape[2]
    total = 0.0
    for image, target in enumerate(TARGETS):
        grid = binary_grid(target.masks, side)
        for category in range(3):
            for j in range(side):
                for i in range(side):
                    truth = any(
                        grid[n][j, i] for n, c in enumerate(target.categories.tolist()) if c == category
                    )
                    logit = float(raw.semantic[image, category, j, i])
                    chance = 1 / (1 + math.exp(-logit))
                    total -= math.log(chance if truth else 1 - chance)
    assert float(semantic_term(raw.semantic, TARGETS)) == pytest.approx(total / side**2 / 2, rel=1e-5)


def test_quality_learns_the_iou_of_large_masks_through_the_masks() -> None:
    raw, found = output(), matches()
    coefficients = raw.coefficients.clone().requires_grad_()
    raw = raw._replace(coefficients=coefficients)

    def net(soft: Tensor) -> Tensor:
        return soft.mean((1, 2))[:, None].expand(-1, 3)

    terms = published_loss(raw, TARGETS, PRIORS, CONFIG, net)
    total, count = 0.0, 0
    for image, match in enumerate(found):
        grid = binary_grid(TARGETS[image].masks, SIDE)
        for prior in torch.nonzero(match.labels > 0)[:, 0].tolist():
            count += 1
            number = int(match.objects[prior])
            if grid[number].sum() <= 25:
                continue
            x1, y1, x2, y2 = TARGETS[image].boxes[number].tolist()
            i = np.arange(SIDE)
            window = np.outer(
                (i >= max(y1 * SIDE - 1, 0)) & (i < min(y2 * SIDE + 1, SIDE)),
                (i >= max(x1 * SIDE - 1, 0)) & (i < min(x2 * SIDE + 1, SIDE)),
            )
            logits = (raw.prototypes[image].double() @ coefficients[image, prior].double()).detach().numpy()
            soft = window / (1 + np.exp(-logits))
            binary = soft > 0.5
            common = (binary * grid[number]).sum()
            wanted = common / (binary.sum() + grid[number].sum() - common)
            total += 0.5 * (soft.mean() - wanted) ** 2
    assert float(terms["I"].detach()) == pytest.approx(25 * total / count, rel=1e-4)
    gradient = torch.autograd.grad(terms["I"], coefficients)[0]
    assert gradient.abs().sum() > 0


def test_small_masks_alone_give_no_quality_term() -> None:
    target = rectangle_target([[0.1, 0.1, 0.2, 0.2]], [0], [])
    raw = RawOutput(*(part[:1] for part in output()[:4]))
    terms = published_loss(raw, [target], PRIORS, CONFIG, lambda soft: soft.mean((1, 2))[:, None])
    assert "I" not in terms


def test_no_object_in_the_batch_gives_finite_terms() -> None:
    raw = RawOutput(*(part[:1] for part in output()[:5] if part is not None))
    terms = published_loss(raw, [rectangle_target([], [], [])], PRIORS, CONFIG)
    assert float(terms["B"]) == 0
    assert float(terms["M"]) == 0
    assert all(math.isfinite(float(value)) for value in terms.values())


def test_equally_hard_negatives_rank_as_the_published_sort_leaves_them() -> None:
    """Rows far below the batch's largest logit are all as easy: which of them count hangs on that sort."""
    logits = torch.zeros(1, 200, 2)
    labels = torch.zeros(1, 200, dtype=torch.int64)
    labels[0, :5] = 1
    logits[0, 0, 1] = 1000
    hardness = torch.full((1, 200), -math.inf)
    hardness[:, :5] = 0
    first = hardness.sort(1, descending=True)[1][0, :15]
    expected = torch.zeros(1, 200, dtype=torch.bool)
    expected[0, first] = True
    assert torch.equal(hard_negatives(logits, labels), expected & (labels == 0))

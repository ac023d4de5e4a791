"""Which anchor learns what."""

import torch

from model.matching import NEUTRAL, match_aligned, match_published

# Four anchors of width and height 0.2, in a row, and a large one.
PRIORS = torch.tensor(
    [[0.1, 0.1, 0.2, 0.2], [0.3, 0.1, 0.2, 0.2], [0.5, 0.1, 0.2, 0.2], [0.7, 0.1, 0.2, 0.2], [0.5, 0.5, 1, 1]]
)
NONE = torch.zeros((0, 4))


def test_overlaps_become_object_neutral_and_background() -> None:
    # A box equal to anchor 0; one at IoU (0.2 - x) / (0.2 + x) with anchor 2, x its shift.
    shift = 0.2 * (1 - 0.45) / (1 + 0.45)  # IoU 0.45: neutral were it not forced
    boxes = torch.tensor([[0.0, 0.0, 0.2, 0.2], [0.4 + shift, 0.0, 0.6 + shift, 0.2]])
    match = match_published(boxes, torch.tensor([4, 1]), NONE, PRIORS)
    assert match.labels.tolist() == [5, 0, 2, 0, 0]
    # The forced anchor of the second object out of the way, its overlap alone decides.
    better = torch.cat((PRIORS, torch.tensor([[0.5 + shift, 0.1, 0.2, 0.2]])))
    match = match_published(boxes, torch.tensor([4, 1]), NONE, better)
    assert match.labels.tolist() == [5, 0, NEUTRAL, 0, 0, 2]


def test_every_object_gets_an_anchor_and_the_larger_overlap_goes_first() -> None:
    # Both want anchor 0; the second overlaps it less and takes what is left.
    boxes = torch.tensor([[0.0, 0.0, 0.15, 0.2], [0.0, 0.0, 0.2, 0.2], [0.9, 0.9, 0.91, 0.91]])
    match = match_published(boxes, torch.tensor([0, 1, 2]), NONE, PRIORS)
    positive = [
        (int(o), int(label)) for o, label in zip(match.objects, match.labels, strict=True) if label > 0
    ]
    assert {label - 1 for _, label in positive} == {0, 1, 2}
    assert all(label == number + 1 for number, label in positive)
    assert match.labels[0] == 2


def test_a_crowd_makes_background_neutral_but_no_positive() -> None:
    crowd = torch.tensor([[0.0, 0.0, 0.4, 0.2], [0.4, 0.0, 0.53, 0.2]])  # anchors 0, 1 whole, 2 by 65 %
    boxes = torch.tensor([[0.0, 0.0, 0.2, 0.2]])
    match = match_published(boxes, torch.tensor([0]), crowd, PRIORS)
    assert match.labels.tolist() == [1, NEUTRAL, 0, 0, 0]


def test_without_objects_all_is_background() -> None:
    match = match_published(NONE, torch.zeros(0, dtype=torch.int64), NONE, PRIORS)
    assert match.labels.tolist() == [0] * 5


def corners(priors: torch.Tensor) -> torch.Tensor:
    return torch.cat((priors[:, :2] - priors[:, 2:] / 2, priors[:, :2] + priors[:, 2:] / 2), 1)


def test_aligned_anchors_lie_inside_and_the_best_gets_its_overlap() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.4, 0.2]])  # holds the centres of anchors 0 and 1
    predicted = corners(PRIORS)
    predicted[1] = torch.tensor([0.0, 0.0, 0.4, 0.15])  # IoU 0.75; anchor 0 keeps 0.5
    chance = torch.full((5, 1), 0.5)
    match = match_aligned(boxes, torch.tensor([0]), NONE, PRIORS, predicted, chance)
    assert match.anchors.tolist() == [0, 1]
    # quality = (s^.5 IoU^4) / (s^.5 0.75^4) * 0.75
    expected = [(0.5 / 0.75) ** 4 * 0.75, 0.75]
    assert torch.allclose(match.quality, torch.tensor(expected))


def test_an_anchor_two_objects_want_goes_to_the_larger_overlap() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.2, 0.2], [0.0, 0.0, 0.3, 0.2]])
    chance = torch.full((5, 2), 0.5)
    match = match_aligned(boxes, torch.tensor([0, 1]), NONE, PRIORS, corners(PRIORS), chance)
    assert match.objects[match.anchors == 0].tolist() == [0]


def test_a_tiny_object_takes_the_nearest_anchor() -> None:
    boxes = torch.tensor([[0.61, 0.16, 0.62, 0.17]])
    match = match_aligned(boxes, torch.tensor([0]), NONE, PRIORS, corners(PRIORS), torch.ones(5, 1))
    assert match.anchors.tolist() == [3]


def test_anchors_in_ignored_boxes_are_neutral_unless_they_have_an_object() -> None:
    ignored = torch.tensor([[0.0, 0.0, 0.4, 0.2]])
    boxes = torch.tensor([[0.0, 0.0, 0.2, 0.2]])
    match = match_aligned(boxes, torch.tensor([0]), ignored, PRIORS, corners(PRIORS), torch.ones(5, 1))
    assert match.neutral.tolist() == [False, True, False, False, False]
    empty = match_aligned(
        NONE, torch.zeros(0, dtype=torch.int64), ignored, PRIORS, corners(PRIORS), torch.ones(5, 1)
    )
    assert empty.neutral.tolist() == [True, True, False, False, False]
    assert len(empty.anchors) == 0

"""Our own losses: what they want, and that nothing makes them explode."""

import math

import pytest
import torch

from model.aligned_losses import AlignedWeights, _best_of_each, aligned_loss, generalised_iou
from model.matching import Alignment
from model.targets import Target
from model.yolact import RawOutput

PRIORS = torch.tensor([[0.25, 0.25, 0.5, 0.5], [0.75, 0.75, 0.5, 0.5], [0.25, 0.75, 0.5, 0.5]])
GRID = 8


def target(
    boxes: list[list[float]], categories: list[int], ignored: list[list[float]] | None = None
) -> Target:
    masks = torch.zeros(len(boxes), GRID, GRID)
    for mask, (x1, y1, x2, y2) in zip(masks, boxes, strict=True):
        mask[int(y1 * GRID) : int(y2 * GRID), int(x1 * GRID) : int(x2 * GRID)] = 1
    return Target(
        torch.tensor(boxes).reshape(-1, 4),
        torch.tensor(categories, dtype=torch.int64),
        masks,
        torch.tensor(ignored or []).reshape(-1, 4),
    )


def output(logits: list[list[float]]) -> RawOutput:
    prototypes = torch.ones(1, GRID, GRID, 1)
    return RawOutput(
        torch.zeros(1, 3, 4),
        torch.tensor([logits], dtype=torch.float32),
        torch.full((1, 3, 1), 0.5),
        prototypes,
        None,
    )


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], 1.0),
        ([0, 0, 1, 1], [2, 0, 3, 1], -1 / 3),  # hull 3, union 2
        ([0, 0, 2, 1], [1, 0, 3, 1], 1 / 3),  # hull = union 3
        ([0, 0, 2, 2], [0, 0, 1, 1], 0.25),
        ([0.5, 0.5, 0.5, 0.5], [0, 0, 1, 1], 0.0),
    ],
)
def test_generalised_iou(a: list[float], b: list[float], expected: float) -> None:
    found = generalised_iou(torch.tensor([a]), torch.tensor([b]))
    assert float(found) == pytest.approx(expected, abs=1e-6)


def test_a_perfect_box_costs_nothing_and_a_shifted_one_does() -> None:
    right = aligned_loss(output([[0, 0]] * 3), [target([[0, 0, 0.5, 0.5]], [0])], PRIORS, AlignedWeights())
    wrong = aligned_loss(output([[0, 0]] * 3), [target([[0, 0, 0.4, 0.5]], [0])], PRIORS, AlignedWeights())
    assert float(right["B"]) == pytest.approx(0, abs=1e-6)
    assert float(wrong["B"]) > 0.1


def test_the_score_that_equals_the_fit_is_the_cheapest() -> None:
    wanted = target([[0, 0, 0.4, 0.5]], [0])  # IoU with anchor 0: 0.8

    def gradient(chance: float) -> float:
        logits = torch.tensor(
            [[[0.0, math.log(chance / (1 - chance))], [9.0, 0.0], [9.0, 0.0]]], requires_grad=True
        )
        raw = output([[0, 0]] * 3)._replace(class_logits=logits)
        aligned_loss(raw, [wanted], PRIORS, AlignedWeights())["C"].backward()
        assert logits.grad is not None
        return float(logits.grad[0, 0, 1])

    assert gradient(0.7) < 0 < gradient(0.9)
    assert gradient(0.8) == pytest.approx(0, abs=1e-6)


def test_ignored_places_teach_nothing() -> None:
    said = [[0.0, 0.0], [0.0, 5.0], [9.0, 0.0]]
    one = [[0.0, 0.0, 0.5, 0.5]]
    strict = aligned_loss(output(said), [target(one, [0])], PRIORS, AlignedWeights())
    lenient = aligned_loss(output(said), [target(one, [0], [[0.5, 0.5, 1, 1]])], PRIORS, AlignedWeights())
    assert float(lenient["C"]) < float(strict["C"]) - 1


def test_masks_learn_a_little_around_their_box() -> None:
    wanted = target([[0.25, 0.25, 0.75, 0.75]], [0])
    prototypes = torch.zeros(1, GRID, GRID, 1, requires_grad=True)
    raw = output([[0, 0]] * 3)._replace(prototypes=prototypes)
    weights = AlignedWeights(margin=0.25)
    aligned_loss(raw, [wanted], PRIORS, weights)["M"].backward()
    assert prototypes.grad is not None
    slope = prototypes.grad[0, :, :, 0]
    # box cells 2..5, cropped with one cell of padding 1..6, grown by a quarter 0..7
    assert slope[3, 3] < 0 < slope[3, 0] < slope[3, 1]


def test_images_without_objects_push_scores_down() -> None:
    terms = aligned_loss(output([[0, 0]] * 3), [target([], [])], PRIORS, AlignedWeights())
    assert float(terms["C"]) > 0
    assert [float(terms[name]) for name in "BMD"] == [0, 0, 0]


def test_wild_predictions_stay_finite() -> None:
    raw = output([[80, -80], [-80, 80], [0, 0]])._replace(boxes_raw=torch.full((1, 3, 4), 1e4))
    terms = aligned_loss(raw, [target([[0, 0, 0.5, 0.5]], [0])], PRIORS, AlignedWeights())
    assert all(math.isfinite(float(value)) for value in terms.values())


def test_of_each_object_the_best_anchors_learn_masks() -> None:
    match = Alignment(
        torch.arange(6),
        torch.tensor([1, 0, 1, 1, 0, 2]),
        torch.tensor([0.5, 0.2, 0.9, 0.7, 0.3, 0.1]),
        torch.zeros(6, dtype=torch.bool),
    )
    assert sorted(_best_of_each(match, 2).tolist()) == [1, 2, 3, 4, 5]
    assert sorted(_best_of_each(match, 1).tolist()) == [2, 4, 5]


def test_the_rescoring_network_learns_and_masks_do_not_learn_from_it() -> None:
    raw = output([[0, 0, 9]] * 3)
    coefficients = raw.coefficients.requires_grad_()
    says = torch.tensor([[0.2, 0.7]], requires_grad=True)  # of both categories
    seen: list[torch.Tensor] = []

    def network(masks: torch.Tensor) -> torch.Tensor:
        seen.append(masks)
        return says.expand(len(masks), 2)

    wanted = [target([[0, 0, 0.5, 1], [0.5, 0, 1, 1]], [1, 1])]
    term = aligned_loss(raw, wanted, PRIORS, AlignedWeights(), network)["I"]
    term.backward()
    assert (seen[0] >= 0.5).sum((1, 2)).tolist() == [5 * GRID] * len(
        seen[0]
    )  # cropped with one cell's margin
    assert says.grad is not None
    assert says.grad[0, 0] == 0
    assert says.grad[0, 1] < 0  # 32 of 40 cells are right: more than 0.7
    assert coefficients.grad is None


def test_small_masks_teach_no_quality() -> None:
    wanted = [target([[0, 0, 0.5, 0.5]], [0])]  # 16 cells
    terms = aligned_loss(output([[0, 0]] * 3), wanted, PRIORS, AlignedWeights(), lambda masks: masks[:, 0])
    assert "I" not in terms

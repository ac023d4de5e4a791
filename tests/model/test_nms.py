"""Suppression against independent loops in doubles, and the quirks that published results rest on."""

import numpy as np
import pytest
import torch

from model.nms import cross_class_nms, fast_nms, traditional_nms


def overlap(a: np.ndarray, b: np.ndarray, plus: float = 0.0) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0]) + plus
    height = min(a[3], b[3]) - max(a[1], b[1]) + plus
    common = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0] + plus) * (box[3] - box[1] + plus) for box in (a, b)]
    return common / (sum(areas) - common)


def fast_by_loops(boxes: np.ndarray, scores: np.ndarray, top_k: int, limit: int) -> list[tuple[int, int]]:
    found = []
    for number in range(scores.shape[1]):
        order = np.argsort(-scores[:, number], kind="stable")[:top_k]
        for rank, index in enumerate(order):
            if all(overlap(boxes[index], boxes[other]) <= 0.5 for other in order[:rank]):
                found.append((-scores[index, number], index, number))
    return [(index, number) for _, index, number in sorted(found)[:limit]]


def greedy_by_loops(boxes: np.ndarray, scores: np.ndarray, size: int, limit: int) -> list[tuple[int, int]]:
    found = []
    for number in range(scores.shape[1]):
        kept: list[int] = []
        for index in np.argsort(-scores[:, number], kind="stable"):
            if scores[index, number] > 0.05 and all(
                overlap(boxes[index] * size, boxes[other] * size, plus=1) < 0.5 for other in kept
            ):
                kept.append(index)
        found += [(-scores[index, number], index, number) for index in kept]
    return [(index, number) for _, index, number in sorted(found)[:limit]]


def random_candidates(seed: int, count: int = 60, classes: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.6, (count, 2))
    boxes = np.concatenate([low, low + rng.uniform(0.05, 0.4, (count, 2))], 1)
    return torch.from_numpy(boxes), torch.from_numpy(rng.dirichlet(np.ones(classes + 1), count)[:, 1:])


@pytest.mark.parametrize("seed", range(4))
def test_fast_nms_equals_the_loops(seed: int) -> None:
    boxes, scores = random_candidates(seed)
    kept, classes, values = fast_nms(boxes, scores, max_iou=0.5, top_k=40, limit=50)
    expected = fast_by_loops(boxes.numpy(), scores.numpy(), 40, 50)
    assert list(zip(kept.tolist(), classes.tolist(), strict=True)) == expected
    assert values.tolist() == [scores[index, number].item() for index, number in expected]


def test_a_class_of_every_anchor_fits_into_memory() -> None:
    """An untrained network of one class: all pairs of YOLACT++'s anchors would take 50 GB."""
    rng = np.random.default_rng(0)
    low = rng.integers(0, 3, (57_744, 2)) * 0.3 + rng.uniform(0, 0.02, (57_744, 2))
    boxes, scores = np.concatenate([low, low + 0.25], 1), rng.uniform(0.1, 1, (57_744, 1))
    kept, _, _ = traditional_nms(
        torch.from_numpy(boxes), torch.from_numpy(scores), max_iou=0.5, min_score=0.05, size=550, limit=100
    )
    assert len({tuple(place) for place in (boxes[kept, :2] // 0.3).astype(int)}) == len(kept) == 9


@pytest.mark.parametrize("seed", range(4))
def test_traditional_nms_equals_the_loops(seed: int) -> None:
    boxes, scores = random_candidates(seed)
    kept, classes, _ = traditional_nms(boxes, scores, max_iou=0.5, min_score=0.05, size=550, limit=50)
    expected = greedy_by_loops(boxes.numpy(), scores.numpy(), 550, 50)
    assert list(zip(kept.tolist(), classes.tolist(), strict=True)) == expected


def test_a_fallen_box_still_suppresses_in_fast_nms_only() -> None:
    # Each overlaps its neighbour by 2/3, the first and third by 3/7: greedy NMS brings the third back.
    boxes = torch.tensor([[0, 0, 5, 1], [1, 0, 6, 1], [2, 0, 7, 1]], dtype=torch.float64)
    scores = torch.tensor([[0.9], [0.8], [0.7]], dtype=torch.float64)
    assert fast_nms(boxes, scores, max_iou=0.5, top_k=200, limit=100)[0].tolist() == [0]
    greedy = traditional_nms(boxes, scores, max_iou=0.5, min_score=0.05, size=550, limit=100)
    assert greedy[0].tolist() == [0, 2]


def test_an_overlap_of_exactly_the_limit_is_kept() -> None:
    boxes = torch.tensor([[0, 0, 2, 1], [0, 0, 1, 1]], dtype=torch.float64)  # IoU 1/2
    kept, _, _ = fast_nms(
        boxes, torch.tensor([[0.9], [0.8]], dtype=torch.float64), max_iou=0.5, top_k=9, limit=9
    )
    assert kept.tolist() == [0, 1]


def test_fast_nms_gives_every_candidate_in_every_class() -> None:
    boxes = torch.tensor([[0, 0, 1, 1], [5, 5, 6, 6]], dtype=torch.float64)
    scores = torch.tensor([[0.9, 0.01, 0.0], [0.8, 0.02, 0.0]], dtype=torch.float64)
    kept, _, _ = fast_nms(boxes, scores, max_iou=0.5, top_k=200, limit=100)
    assert len(kept) == 6  # though four scores are below any threshold


def test_cross_class_nms_gives_each_place_one_class() -> None:
    boxes = torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1.1], [5, 5, 6, 6]], dtype=torch.float64)
    scores = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.3, 0.4]], dtype=torch.float64)
    kept, classes, values = cross_class_nms(boxes, scores, max_iou=0.5, top_k=200)
    assert (kept.tolist(), classes.tolist(), values.tolist()) == ([0, 2], [0, 1], [0.9, 0.4])


@pytest.mark.parametrize("kind", ["fast", "cross", "traditional"])
def test_no_candidates_give_nothing(kind: str) -> None:
    boxes, scores = torch.zeros((0, 4)), torch.zeros((0, 3))
    if kind == "fast":
        kept, classes, values = fast_nms(boxes, scores, max_iou=0.5, top_k=200, limit=100)
    elif kind == "cross":
        kept, classes, values = cross_class_nms(boxes, scores, max_iou=0.5, top_k=200)
    else:
        kept, classes, values = traditional_nms(
            boxes, scores, max_iou=0.5, min_score=0.05, size=550, limit=100
        )
    assert len(kept) == len(classes) == len(values) == 0
    assert kept.dtype == classes.dtype == torch.int64


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("floor", [0.0, 0.2, 0.6, 2.0])
def test_a_floor_gives_the_first_of_the_same_results(seed: int, floor: float) -> None:
    boxes, scores = random_candidates(seed)
    whole = fast_nms(boxes, scores, max_iou=0.5, top_k=40, limit=50)
    part = fast_nms(boxes, scores, max_iou=0.5, top_k=40, limit=50, floor=floor)
    count = int((whole[2] >= floor).sum())
    for one, other in zip(part, whole, strict=True):
        assert torch.equal(one, other[:count])


def apart(count: int) -> torch.Tensor:
    """Boxes that do not meet."""
    left = torch.arange(count, dtype=torch.float32) * 2
    return torch.stack([left, torch.zeros(count), left + 1, torch.ones(count)], 1)


def test_equal_scores_come_as_the_published_sorts_leave_them() -> None:
    """Of a network that is too sure: who is among the first hangs on sorts that are not stable."""
    scores = torch.ones(300, 2)
    scores[::7, 1] = 0.5
    order = scores.t().contiguous().sort(1, descending=True)[1][:, :200]
    flat = scores.t().gather(1, order).flatten().sort(0, descending=True)[1][:100]
    found, classes, _ = fast_nms(apart(300), scores, max_iou=0.5, top_k=200, limit=100)
    assert found.tolist() == order.flatten()[flat].tolist()
    assert classes.tolist() == (flat // 200).tolist()
    best = torch.ones(300).sort(0, descending=True)[1][:200]
    assert cross_class_nms(apart(300), scores, max_iou=0.5, top_k=200)[0].tolist() == best.tolist()


def test_traditional_nms_ranks_equal_scores_by_numpy_from_behind() -> None:
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(40, 4)
    best = int(np.ones(40, np.float32).argsort()[::-1][0])
    found = traditional_nms(boxes, torch.ones(40, 1), max_iou=0.5, min_score=0.1, size=100, limit=9)
    assert found[0].tolist() == [best]

"""Detection from raw outputs: thresholds, kinds of suppression, an independent check in doubles."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.boxes import decode
from model.config import CONFIGS
from model.detect import detect
from model.yolact import RawOutput

CONFIG = replace(CONFIGS["yolact_resnet50"], classes=3, prototypes=2)


def raw_output(seed: int, anchors: int = 80) -> tuple[RawOutput, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(1, *shape, generator=generator, dtype=torch.float64)

    priors = torch.rand(anchors, 4, generator=generator, dtype=torch.float64) * 0.4 + 0.2
    logits = random(anchors, 4) * 2
    return RawOutput(random(anchors, 4), logits, random(anchors, 2).tanh(), random(5, 5, 2)), priors


def by_hand(raw: RawOutput, priors: torch.Tensor) -> list[tuple[int, int]]:
    """(anchor, class) as section 8 of the reference describes fast NMS, in numpy doubles."""
    offsets, prior = raw.boxes_raw[0].numpy(), priors.numpy()
    centre = prior[:, :2] + offsets[:, :2] * 0.1 * prior[:, 2:]
    size = prior[:, 2:] * np.exp(offsets[:, 2:] * 0.2)
    corners = np.concatenate([centre - size / 2, centre + size / 2], 1)
    exponentials = np.exp(raw.class_logits[0].numpy())
    scores = (exponentials / exponentials.sum(1, keepdims=True))[:, 1:]
    kept = np.flatnonzero(scores.max(1) > 0.05)
    found = []
    for number in range(3):
        order = kept[np.argsort(-scores[kept, number])][:200]
        for rank, anchor in enumerate(order):
            before = order[:rank]
            low = np.maximum(corners[before, :2], corners[anchor, :2])
            high = np.minimum(corners[before, 2:], corners[anchor, 2:])
            common = np.clip(high - low, 0, None).prod(1)
            areas = size.prod(1)
            if not (common / (areas[before] + areas[anchor] - common) > 0.5).any():
                found.append((-scores[anchor, number], anchor, number))
    return [(anchor, number) for _, anchor, number in sorted(found)[:100]]


@pytest.mark.parametrize("seed", range(5))
def test_fast_detection_equals_the_reference_by_hand(seed: int) -> None:
    raw, priors = raw_output(seed)
    found = detect(raw, priors, CONFIG)
    assert list(zip(found.anchors.tolist(), found.classes.tolist(), strict=True)) == by_hand(raw, priors)
    torch.testing.assert_close(found.coefficients, raw.coefficients[0][found.anchors])
    assert (found.scores.diff() <= 0).all()


def test_without_a_second_threshold_low_scores_fill_up() -> None:
    raw, priors = raw_output(1)
    assert detect(raw, priors, CONFIG).scores.min() < CONFIG.score_threshold
    assert detect(raw, priors, CONFIG, nms="traditional").scores.min() > CONFIG.score_threshold


def test_cross_class_gives_an_anchor_one_class_and_is_not_cut() -> None:
    raw, priors = raw_output(2, anchors=400)
    priors = priors.clone()
    priors[:, 2:] *= 0.01  # nothing overlaps
    found = detect(raw, priors, CONFIG, nms="cross-class")
    assert len(found.anchors) == len(set(found.anchors.tolist())) == CONFIG.nms_top_k
    assert len(detect(raw, priors, CONFIG).anchors) == CONFIG.max_detections


@pytest.mark.parametrize("nms", ["fast", "cross-class", "traditional"])
def test_nothing_above_the_threshold_gives_empty_results(nms: str) -> None:
    raw, priors = raw_output(0)
    found = detect(raw, priors, CONFIG, nms=nms, min_score=1.0)
    assert found.boxes.shape == (0, 4)
    assert found.coefficients.shape == (0, 2)
    assert len(found.scores) == len(found.classes) == 0


def test_boxes_that_are_no_numbers_are_left_out() -> None:
    raw, priors = raw_output(0)
    raw.boxes_raw[0, :40] = torch.nan
    raw.boxes_raw[0, 40:60, 2:] = 1e6
    found = detect(raw, priors, CONFIG)
    assert found.anchors.min() >= 60
    assert found.boxes.isfinite().all()


def test_an_image_of_the_batch_is_chosen() -> None:
    (first, priors), (second, _) = raw_output(3), raw_output(4)
    pairs = list(zip(first[:4], second[:4], strict=True))
    both = RawOutput(*(torch.cat(pair) for pair in pairs))
    torch.testing.assert_close(detect(both, priors, CONFIG, image=1), detect(second, priors, CONFIG))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="cross-class"):
        detect(*raw_output(0), CONFIG, nms="soft")


@pytest.mark.parametrize("nms", ["fast", "cross-class", "traditional"])
@pytest.mark.parametrize("min_score", [0.0, 0.05, 0.6])
def test_without_filling_up_the_rest_is_the_same(nms: str, min_score: float) -> None:
    raw, priors = raw_output(5)
    filled = detect(raw, priors, CONFIG, nms=nms, min_score=min_score)
    found = detect(raw, priors, CONFIG, nms=nms, min_score=min_score, fill=False)
    count = int((filled.scores >= min_score).sum())
    assert count > 0
    for one, other in zip(found, filled, strict=True):
        assert torch.equal(one, other[:count])


def test_an_anchor_whose_best_class_only_just_passes_is_kept() -> None:
    logits = torch.tensor([[[0.0, -9, -9, 0], [0, -9, -9, -0.1], [torch.nan, 0, 0, 0]]])
    raw = RawOutput(torch.zeros(1, 3, 4), logits, torch.zeros(1, 3, 2), torch.zeros(1, 5, 5, 2))
    score = float(logits[0, 0].softmax(0)[3])
    found = detect(raw, torch.rand(3, 4), CONFIG, min_score=score - 1e-7)
    assert set(found.anchors.tolist()) == {0}


def test_traditional_boxes_keep_the_rounding_of_their_way_to_pixels_and_back() -> None:
    raw, priors = raw_output(0)
    raw, priors = RawOutput(*(part.float() for part in raw[:4])), priors.float()
    found = detect(raw, priors, CONFIG, nms="traditional")
    plain = decode(raw.boxes_raw[0], priors)[found.anchors]
    assert torch.equal(found.boxes, plain * 550 / 550)
    assert not torch.equal(found.boxes, plain)

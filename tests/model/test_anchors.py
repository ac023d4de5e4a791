"""Anchors against the published definition, worked out again with plain loops in doubles."""

import math

import numpy as np
import pytest

from model.anchors import priors
from model.config import CONFIGS, ModelConfig

PUBLISHED_COUNTS = {
    "yolact_base": 19248,
    "yolact_im400": 10077,
    "yolact_im700": 30963,
    "yolact_resnet50_pascal": 19248,
    "yolact_plus_base": 57744,
    "yolact_edge_mobilenetv2": 19248,
}


def by_loops(config: ModelConfig) -> np.ndarray:
    rows = []
    for side, scales in zip(config.level_sizes, config.anchor_scales, strict=True):
        for i in range(side):
            for j in range(side):
                for scale in scales:
                    for ratio in config.anchor_ratios:
                        width = scale * math.sqrt(ratio) / config.input_size
                        height = scale / math.sqrt(ratio) / config.input_size
                        height = width if config.square_anchors else height
                        rows.append(((j + 0.5) / side, (i + 0.5) / side, width, height))
    return np.array(rows, np.float64).astype(np.float32)


@pytest.mark.parametrize(("name", "count"), PUBLISHED_COUNTS.items())
def test_there_are_as_many_as_published(name: str, count: int) -> None:
    assert priors(CONFIGS[name]).shape == (count, 4)


@pytest.mark.parametrize("name", ["yolact_im400", "yolact_resnet50_pascal", "lite"])
def test_they_equal_the_plain_loops(name: str) -> None:
    np.testing.assert_array_equal(priors(CONFIGS[name]), by_loops(CONFIGS[name]))


def test_the_first_anchors_of_the_base_are_squares_of_24_17_and_34_pixels() -> None:
    sides = priors(CONFIGS["yolact_base"])[:3, 2:] * 550  # 24, 24 * sqrt(1/2), 24 * sqrt(2)
    np.testing.assert_allclose(sides, [[24, 24], [16.97, 16.97], [33.94, 33.94]], atol=0.01)


def test_scale_moves_before_ratio() -> None:
    widths = priors(CONFIGS["yolact_plus_base"])[:9, 2] * 550
    np.testing.assert_allclose(widths[[0, 3, 6]], [24, 24 * 2 ** (1 / 3), 24 * 2 ** (2 / 3)], rtol=1e-6)


def test_scales_of_other_input_sizes_are_cut_to_whole_pixels() -> None:
    assert [scales[0] for scales in CONFIGS["yolact_im400"].anchor_scales] == [17, 34, 69, 139, 279]
    assert [scales[0] for scales in CONFIGS["yolact_im700"].anchor_scales] == [30, 61, 122, 244, 488]

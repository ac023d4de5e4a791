"""Configurations: published sizes, and there and back through a model card."""

import json
from dataclasses import replace

import pytest
import torch

from model.config import CONFIGS, ModelConfig
from model.errors import WeightsError
from model.rescoring import MaskIouNet


@pytest.mark.parametrize(
    ("name", "levels", "prototypes"),
    [
        ("yolact_base", (69, 35, 18, 9, 5), 138),
        ("yolact_im400", (50, 25, 13, 7, 4), 100),
        ("yolact_im700", (88, 44, 22, 11, 6), 176),
    ],
)
def test_sizes_are_the_published_ones(name: str, levels: tuple[int, ...], prototypes: int) -> None:
    assert CONFIGS[name].level_sizes == levels
    assert CONFIGS[name].prototype_size == prototypes


@pytest.mark.parametrize("config", CONFIGS.values(), ids=lambda config: config.name)
def test_a_card_gives_the_configuration_back(config: ModelConfig) -> None:
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"depth_of_soul": 3}, "depth_of_soul"),
        ({"input_size": 3}, "input_size >= 64"),
        ({"classes": "many"}, "card's configuration cannot be used: expected a whole number of 1 or more"),
        ({"input_size": 224.5}, "whole number of 1 or more for input_size, got 224.5"),
        ({"prototypes": True}, "whole number of 1 or more for prototypes, got True"),
        ({"mean": 3}, "three numbers for mean, got 3"),
        ({"std": [1, 2]}, "three numbers for std"),
        ({"anchor_ratios": []}, "numbers for anchor_ratios"),
        ({"anchor_scales": [[1], [2, 3], [4]]}, "equally many for anchor_scales"),
        ({"nms": "best"}, "one of fast, cross-class, traditional for nms, got 'best'"),
        ({"antialias": 1}, "True or False for antialias"),
        ({"backbone": 50}, "a name for backbone"),
        ({"head_kernel": 2}, "odd head_kernel"),
        ({"std": [1, 0, 1]}, "std, anchor_ratios and anchor_scales above 0"),
        ({"nms_iou": "half"}, "a number of 0 or more for nms_iou"),
        ({"anchor_scales": [[1]]}, "anchor_scales"),
    ],
)
def test_a_bad_configuration_is_refused_in_words(change: dict, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        ModelConfig.from_dict(CONFIGS["lite"].to_dict() | change)


def test_a_rescoring_network_wants_an_input_that_its_convolutions_can_halve() -> None:
    plus = CONFIGS["yolact_plus_resnet50"]
    with pytest.raises(ValueError, match=r"input_size >= 249 .* got 248"):
        replace(plus, input_size=248)
    side = replace(plus, input_size=249).prototype_size
    assert MaskIouNet(2)(torch.rand(1, side, side)).shape == (1, 2)
    smaller = replace(plus, input_size=248, rescoring=False).prototype_size
    with pytest.raises(RuntimeError, match="Kernel size"):
        MaskIouNet(2)(torch.rand(1, smaller, smaller))

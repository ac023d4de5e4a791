"""Configurations: published sizes, and there and back through a model card."""

import json

import pytest

from model.config import CONFIGS, ModelConfig
from model.errors import WeightsError


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
        ({"classes": "many"}, "cannot be used"),
        ({"anchor_scales": [[1]]}, "anchor_scales"),
    ],
)
def test_a_bad_configuration_is_refused_in_words(change: dict, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        ModelConfig.from_dict(CONFIGS["lite"].to_dict() | change)

"""Rates, lengths, freezing and averages."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from model.errors import InputError
from model.optim import Average, freeze, optimiser, rate, set_rate
from model.recipes import SMALL, YOLACT, Plan, find, plan
from tests.model.tiny import tiny_model


@pytest.mark.parametrize(
    ("iteration", "expected"),
    [
        (0, 1e-4),
        (250, 5.5e-4),
        (500, 1e-3),
        (279_999, 1e-3),
        (280_000, 1e-4),
        (600_000, 1e-5),
        (700_000, 1e-6),
        (750_000, 1e-7),
    ],
)
def test_the_published_rate(iteration: int, expected: float) -> None:
    assert rate(iteration, YOLACT, plan(YOLACT, 8, None, fine_tune=False)) == pytest.approx(expected)


def test_the_published_scaling_with_the_batch() -> None:
    assert plan(YOLACT, 16, None, fine_tune=False) == Plan(
        2e-3, 400_000, (140_000, 300_000, 350_000, 375_000)
    )
    assert plan(YOLACT, 4, None, fine_tune=False) == Plan(
        5e-4, 1_600_000, (560_000, 1_200_000, 1_400_000, 1_500_000)
    )


def test_asked_iterations_are_taken_as_they_are() -> None:
    assert plan(YOLACT, 16, 100, fine_tune=False).iterations == 100
    assert plan(SMALL, 4, None, fine_tune=True).iterations == SMALL.fine_tune_iterations


@pytest.mark.parametrize(("images", "expected"), [(3, 150), (20, 300), (5000, 800)])
def test_fine_tuning_takes_as_long_as_the_data_asks(images: int, expected: int) -> None:
    assert plan(SMALL, 4, None, fine_tune=True, images=images).iterations == expected


def test_our_rate_rises_and_falls() -> None:
    numbers = plan(SMALL, 4, 1000, fine_tune=False)
    rates = [rate(iteration, SMALL, numbers) for iteration in range(1001)]
    assert rates[0] == pytest.approx(SMALL.warmup_from)
    assert max(rates) == pytest.approx(SMALL.lr)
    assert rates.index(max(rates)) == SMALL.warmup
    assert rates[-1] == pytest.approx(SMALL.lr / 100)
    assert all(a >= b for a, b in pairwise(rates[100:]))


def test_a_short_run_warms_up_for_a_fifth_of_it() -> None:
    numbers = plan(SMALL, 4, 20, fine_tune=False)
    assert rate(4, SMALL, numbers) == pytest.approx(SMALL.lr)


def norms(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def test_the_published_recipe_freezes_norms_below_six_images() -> None:
    model = tiny_model()
    freeze(model, YOLACT, 5)
    assert not any(norms(model))
    assert model.training
    freeze(model, YOLACT, 6)
    assert all(norms(model))


def test_ours_freezes_the_backbones_norms_and_its_early_part() -> None:
    model = tiny_model()
    freeze(model, SMALL, 8)
    assert not any(norms(model.backbone))
    assert all(norms(model.fpn))
    images = torch.randn(2, 3, 96, 96)
    raw = model(images)
    (raw.boxes_raw.sum() + raw.prototypes.sum()).backward()
    gradients = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert not any(name.startswith(("backbone._conv_stem", "backbone._blocks.4.")) for name in gradients)
    assert any(name.startswith("backbone._blocks.5.") for name in gradients)


def test_the_published_decay_is_on_everything_ours_not_on_vectors() -> None:
    model = tiny_model()
    freeze(model, YOLACT, 8)
    everything = optimiser(model, YOLACT, plan(YOLACT, 8, None, fine_tune=False))
    assert {group["weight_decay"] for group in everything.param_groups} == {5e-4}
    assert sum(len(group["params"]) for group in everything.param_groups) == len(list(model.parameters()))
    freeze(model, SMALL, 8)
    ours = optimiser(model, SMALL, plan(SMALL, 4, None, fine_tune=False))
    for group in ours.param_groups:
        assert all((parameter.ndim > 1) == (group["weight_decay"] > 0) for parameter in group["params"])
    set_rate(ours, 1.0)
    assert {group["lr"] for group in ours.param_groups} == {1.0, SMALL.backbone_factor}


def test_the_average_follows_and_young_ones_follow_faster() -> None:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(layer.weight)
    average = Average(layer, 0.9)
    nn.init.ones_(layer.weight)
    average.update(layer)
    assert float(average.state["weight"]) == pytest.approx(1 - 2 / 11)
    for _ in range(200):
        average.update(layer)
    assert float(average.state["weight"]) == pytest.approx(1, abs=1e-4)


def test_an_unknown_preset_is_refused_with_the_known() -> None:
    with pytest.raises(InputError, match="small, ample, yolact"):
        find("fast")
    assert replace(find("yolact")) == YOLACT

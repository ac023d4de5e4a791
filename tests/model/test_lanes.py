"""A step's images side by side give what the whole batch gives, added up in one order."""

import copy
import threading

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from model import recipes
from model.distributed import Processes
from model.lanes import Lanes, SideBySide, add_up, copies, lane, total
from model.optim import freeze
from model.steps import LossModel
from model.targets import Target
from model.yolact import build
from tests.model.tiny import TINY

ALONE = Processes(0, 1, torch.device("cpu"))


def target(seed: int, side: int) -> Target:
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.5, (2, 2))
    boxes = np.concatenate((low, low + rng.uniform(0.2, 0.5, (2, 2))), 1)
    masks = torch.zeros(2, side, side, dtype=torch.float64)
    for mask, (left, top, right, bottom) in zip(masks, (boxes * side).astype(int), strict=True):
        mask[top:bottom, left:right] = 1
    categories = torch.from_numpy(rng.integers(0, TINY.classes, 2))
    return Target(torch.from_numpy(boxes), categories, masks, torch.zeros(0, 4, dtype=torch.float64), seed)


def test_sums_go_by_halves() -> None:
    parts = [torch.tensor(value) for value in (1e8, 1.0, -1e8, 1.0)]
    assert float(add_up(parts)) == 0  # from left to right it would be 1
    assert float(add_up(parts[:1])) == 1e8


@pytest.mark.parametrize(("preset", "images"), [("small", 3), ("yolact", 4), ("yolact", 6)])
def test_side_by_side_gives_the_batch_s_terms_and_gradients(preset: str, images: int) -> None:
    recipe = recipes.find(preset)
    torch.manual_seed(1)
    network = build(TINY).double()
    freeze(network, recipe, images)
    other = copy.deepcopy(network)
    batch = torch.randn(images, 3, TINY.input_size, TINY.input_size, dtype=torch.float64)
    side = TINY.input_size if preset == "yolact" else TINY.prototype_size
    targets = [target(seed, side) for seed in range(images)]
    whole, apart = LossModel(network, recipe), ALONE.wrap(LossModel(other, recipe, ALONE.normaliser))
    assert isinstance(apart, SideBySide)
    terms, found = whole(batch, targets), apart(batch, targets)
    assert list(terms) == list(found)
    for name, value in terms.items():
        torch.testing.assert_close(found[name], value, rtol=1e-6, atol=1e-6)
    for losses in (terms, found):
        torch.stack(list(losses.values())).sum().backward()
    for (name, one), two in zip(network.named_parameters(), other.parameters(), strict=True):
        if one.grad is not None:
            assert two.grad is not None
            assert (one.grad - two.grad).norm() <= 1e-6 * (one.grad.norm() + 1), name
    for key, value in network.state_dict().items():
        torch.testing.assert_close(other.state_dict()[key], value, rtol=1e-6, atol=1e-6)


class Failing(nn.Module):
    """Losses of which one lane fails while the others wait for its count."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor, targets: list[Target], share: float) -> dict[str, Tensor]:
        if lane() == 1:
            raise MemoryError("lane 1")
        return {"B": self.weight.sum() / total(torch.ones(()))}


def test_an_error_in_one_lane_ends_the_step() -> None:
    with pytest.raises(MemoryError, match="lane 1"):
        SideBySide(Failing())(torch.zeros(3, 3, 4, 4), [target(seed, 4) for seed in range(3)])


def test_outside_of_lanes_a_total_is_the_value() -> None:
    assert float(total(torch.tensor(3.0))) == 3
    assert (copies(), lane()) == (1, 0)


def test_lanes_meet_again_and_again() -> None:
    lanes = Lanes(4)
    sums: list[list[float]] = [[], [], [], []]

    def walk(place: int) -> None:
        lanes.enter(place)
        for turn in range(20):
            sums[place].append(float(total(torch.tensor(float(place * turn)))))

    threads = [threading.Thread(target=walk, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [[6.0 * turn for turn in range(20)]] * 4

"""The part that sees hints: what it is given, and that it begins by changing nothing."""

import torch

from model.fine.hint_network import MAPS, HintNetwork

WIDTHS = (6, 8, 10, 12)


def features(cells: int, batch: int = 2) -> list[torch.Tensor]:
    return [torch.rand(batch, width, cells >> level, cells >> level) for level, width in enumerate(WIDTHS)]


def test_a_new_network_changes_nothing() -> None:
    torch.manual_seed(0)
    network = HintNetwork(WIDTHS).eval()
    change = network(torch.rand(2, MAPS, 32, 32), features(32))
    assert change.shape == (2, 32, 32)
    assert not change.any()


def test_a_hint_reaches_all_of_the_crop() -> None:
    torch.manual_seed(0)
    network = HintNetwork(WIDTHS).eval()
    torch.nn.init.normal_(network.change.weight)
    seen = features(32, 1)
    without = torch.zeros(1, MAPS, 32, 32)
    with_hint = without.clone()
    with_hint[0, 3, 2, 2] = 1
    moved = (network(with_hint, seen) - network(without, seen)).abs()[0]
    assert moved[2, 2] > 0
    assert moved[30, 30] > 0

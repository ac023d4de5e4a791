"""A few steps of the real training: clicks, losses, checkpoints, resuming."""

from pathlib import Path

import numpy as np
import torch

from model.fine.network import FineNetwork
from model.fine.sight import CELLS, SIDE
from model.fine.training import Source, click, train
from model.scenes import generate


def test_the_network_keeps_its_promises() -> None:
    network = FineNetwork().eval()
    pictures, first, features = network(torch.zeros(2, 3, SIDE, SIDE), torch.ones(2, 1, SIDE, SIDE))
    assert pictures.shape == (2, 16, CELLS, CELLS)
    assert first.shape == (2, CELLS, CELLS)
    assert [each.shape[2] for each in features] == [CELLS, CELLS // 2, CELLS // 4, CELLS // 8]


def test_a_click_is_in_the_middle_of_the_largest_error() -> None:
    truth = np.zeros((40, 40), np.bool_)
    truth[5:35, 5:35] = True
    mask = truth.copy()
    mask[10:21, 10:21] = False
    mask[36:39, 36:39] = True
    made = click(truth, mask, np.random.default_rng(3))
    assert made is not None
    row, column, sign, _ = made
    assert sign == 1
    assert 10 <= row < 21
    assert 10 <= column < 21
    assert click(truth, truth, np.random.default_rng(0)) is None


def test_a_training_is_kept_and_goes_on(tmp_path: Path) -> None:
    file = generate(tmp_path / "data", 3, 1)
    images = file.parent / "images"
    source = Source(file, images if images.is_dir() else file.parent, 1.0)
    seen: list[int] = []
    kept = train([source], tmp_path / "run", iterations=2, batch=2, progress=lambda n, _: seen.append(n))
    state = torch.load(kept, weights_only=True)
    assert state["iteration"] == 2
    assert seen == [2]
    assert all(torch.isfinite(value).all() for value in state["average"].values())
    again = train([source], tmp_path / "run", iterations=2, batch=2, resume=True)
    assert torch.load(again, weights_only=True)["iteration"] == 2


def test_the_part_that_sees_hints_is_added_to_a_training_without_it(tmp_path: Path) -> None:
    file = generate(tmp_path / "data", 3, 1)
    images = file.parent / "images"
    source = Source(file, images if images.is_dir() else file.parent, 1.0)
    first = train([source], tmp_path / "one", iterations=1, batch=2, again=False)
    before = torch.load(first, weights_only=True)["network"]
    assert not before["again.change.weight"].any()
    old = {name: value for name, value in before.items() if not name.startswith("again")}
    torch.save({"network": old}, tmp_path / "old.pt")
    second = train([source], tmp_path / "two", iterations=2, batch=2, begin_with=tmp_path / "old.pt")
    assert torch.load(second, weights_only=True)["network"]["again.change.weight"].any()

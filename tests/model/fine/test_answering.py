"""Torch trains through the answer that the window gives in NumPy: both must be the same."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.basis import InstanceGrid
from model.fine.answering import Clicks, answer_all
from model.fine.sight import CELLS, MARGIN, Sight
from model.local_solving import SURE, Place, answer, begin


def seen(seed: int) -> Sight:
    rng = np.random.default_rng(seed)
    coarse = rng.normal(0, 1, (4, 6, 6)).astype(np.float32)
    wide = torch.nn.functional.interpolate(torch.from_numpy(coarse)[None], (CELLS, CELLS), mode="bicubic")[0]
    first = 2 * wide[0].numpy()
    return Sight((0, 0, CELLS, CELLS), wide.permute(1, 2, 0).contiguous().numpy(), first, -0.2)


def grid_of(sight: Sight) -> InstanceGrid:
    rng = np.random.default_rng(0)
    prototypes = rng.normal(0, 1, (CELLS, CELLS, 3)).astype(np.float32)
    return InstanceGrid(sight.rectangle, prototypes, np.zeros((CELLS, CELLS, 3), np.float32), 1.0, sight)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(0, CELLS - 1), st.integers(0, CELLS - 1))
def test_window_and_training_answer_a_hint_alike(seed: int, row: int, column: int) -> None:
    sight = seen(seed)
    start = sight.first > 0
    inside = not start[row, column]
    before = begin(grid_of(sight), start, np.zeros(3))
    after = answer(before, [Place(column + 0.5, row + 0.5, bool(inside))], whole=True)
    clicks = Clicks.none(1, 2)
    clicks.put(0, 0, row, column, 1.0 if inside else -1.0, after.reaches[0])
    pictures = torch.from_numpy(sight.pictures).permute(2, 0, 1)[None]
    wanted = answer_all(pictures, torch.from_numpy(sight.first)[None], clicks, torch.tensor(-0.2))[0].numpy()
    sure = (np.abs(wanted) > 0.11) & (np.abs(wanted) < SURE)
    np.testing.assert_allclose(after.logits[sure], wanted[sure], atol=2e-3)


def test_every_hint_has_its_side_afterwards() -> None:
    sight = seen(3)
    clicks = Clicks.none(1, 3)
    for number, (row, column) in enumerate([(10, 10), (50, 60), (80, 20)]):
        clicks.put(0, number, row, column, -1.0 if sight.first[row, column] > 0 else 1.0, 8.0)
    pictures = torch.from_numpy(sight.pictures).permute(2, 0, 1)[None]
    made = answer_all(pictures, torch.from_numpy(sight.first)[None], clicks, torch.tensor(0.0))[0]
    for row, column, sign in zip(clicks.rows[0], clicks.columns[0], clicks.signs[0], strict=True):
        assert sign * made[row, column] > 0.5 * MARGIN


def test_what_no_hint_asked_for_is_the_first_answer() -> None:
    sight = seen(4)
    pictures = torch.from_numpy(sight.pictures).permute(2, 0, 1)[None]
    first = torch.from_numpy(sight.first)[None]
    assert torch.equal(answer_all(pictures, first, Clicks.none(1, 2), torch.tensor(0.0)), first)

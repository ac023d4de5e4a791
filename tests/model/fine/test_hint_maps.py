"""The window (NumPy) and training (torch) show the network the same maps of the hints."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.fine.answering import Clicks, unlikeness
from model.fine.answering import maps_of as maps_in_torch
from model.fine.hint_maps import SURE, discs_of, moving_of, still_of
from model.fine.hint_network import STILL

CELLS = 24
places = st.tuples(st.integers(0, CELLS - 1), st.integers(0, CELLS - 1), st.sampled_from([1.0, -1.0]))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.lists(places, min_size=1, max_size=4))
def test_window_and_training_see_the_same(seed: int, hints: list[tuple[int, int, float]]) -> None:
    rng = np.random.default_rng(seed)
    pictures = rng.normal(0, 1, (CELLS, CELLS, 3)).astype(np.float32)
    first, now = (rng.normal(0, 3, (CELLS, CELLS)).astype(np.float32) for _ in range(2))
    start = rng.random((CELLS, CELLS)) > 0.5
    clicks = Clicks.none(1, 5)
    for number, (row, column, sign) in enumerate(hints):
        clicks.put(0, number, row, column, sign, 3.0)
    flat = torch.from_numpy(pictures).permute(2, 0, 1)[None]
    wanted = maps_in_torch(
        torch.from_numpy(np.where(start, 1, -1).astype(np.float32))[None],
        torch.from_numpy(first)[None],
        torch.from_numpy(now)[None],
        clicks,
        unlikeness(flat, clicks),
    )[0].numpy()
    unlike = [((pictures - pictures[row, column]) ** 2).sum(2) for row, column, _ in hints]
    still, moving = still_of(start, first), moving_of(now, hints, [np.exp(-each / 2) for each in unlike])
    np.testing.assert_allclose(still, wanted[:STILL], atol=1e-4)
    np.testing.assert_allclose(moving, wanted[STILL:], atol=1e-4)


def test_a_hint_shows_on_its_side_and_the_last_one_with_its_sign() -> None:
    adds, removes, last = discs_of([5, 10], [6, 20], [1.0, -1.0], CELLS)
    assert adds[5, 6] == removes[10, 20] == 1
    assert last[10, 20] == -1
    assert abs(last[5, 6]) < 1e-3
    assert adds[10, 20] < 1e-3


def test_logits_are_cut_where_they_are_sure() -> None:
    start = np.zeros((CELLS, CELLS), np.bool_)
    wide = np.full((CELLS, CELLS), 10 * SURE, np.float32)
    still = still_of(start, wide)
    moving = moving_of(-wide, [(1, 1, 1.0)], [np.zeros_like(wide)])
    assert (still[0] == -1).all()
    assert (still[1] == 1).all()
    assert (moving[0] == -1).all()

"""Correction in coefficient space: hints are obeyed, what is far stays, the numbers are the optimum."""

import numpy as np
import pytest

from model.coefficients import Hint, LinearMask, fit, merge_near, minimum_change, nonnegative_minimum, solve
from model.opencv import cv2

BOX = (0.1, 0.1, 0.9, 0.9)


def smooth_mask(seed: int, cells: int = 48, k: int = 16) -> LinearMask:
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(k, cells, cells))
    maps = [cv2.GaussianBlur(each, (0, 0), rng.uniform(2, 6)) for each in noise]
    basis = np.stack([np.maximum(each / np.abs(each).max(), 0) * 5 for each in maps], -1)
    return LinearMask(basis, rng.normal(size=k) * 0.5, 0.0, BOX)


def logit(mask: LinearMask, coefficients: np.ndarray, x: float, y: float) -> float:
    return float(mask.basis[int(y), int(x)] @ coefficients + mask.bias)


def wrong_place(mask: LinearMask, coefficients: np.ndarray, rng: np.random.Generator) -> Hint:
    x, y = rng.uniform(8, 40, 2)
    return Hint(x, y, inside=logit(mask, coefficients, x, y) <= 0)


def test_no_hints_change_nothing() -> None:
    mask = smooth_mask(0)
    np.testing.assert_array_equal(solve(mask, []), mask.coefficients)


def test_obeyed_hints_change_nothing() -> None:
    mask = smooth_mask(0)
    z = mask.basis @ mask.coefficients
    y, x = np.unravel_index(np.argmax(cv2.blur(z, (7, 7))), z.shape)  # deep inside: logits far above 1
    mask = LinearMask(mask.basis, mask.coefficients * 10, 0.0, BOX)
    np.testing.assert_array_equal(solve(mask, [Hint(x + 0.5, y + 0.5, True)]), mask.coefficients)


@pytest.mark.parametrize("seed", range(5))
def test_hints_are_obeyed_and_stay_obeyed(seed: int) -> None:
    mask, rng = smooth_mask(seed), np.random.default_rng(seed)
    hints: list[Hint] = []
    found = mask.coefficients
    for _ in range(6):
        hints.append(wrong_place(mask, found, rng))
        found = solve(mask, hints, found)
        signs = [logit(mask, found, hint.x, hint.y) > 0 for hint in hints]
        assert signs == [hint.inside for hint in hints]


def test_a_hint_changes_more_near_than_far() -> None:
    mask = smooth_mask(2)
    hint = wrong_place(mask, mask.coefficients, np.random.default_rng(2))
    change = np.abs(mask.basis @ (solve(mask, [hint]) - mask.coefficients))
    rows, columns = np.indices(change.shape) + 0.5
    distance = np.hypot(columns - hint.x, rows - hint.y)
    assert change[distance < 4].mean() > 3 * change[distance > 15].mean()


def test_the_same_hints_give_the_same_numbers() -> None:
    mask = smooth_mask(1)
    hints = [Hint(10, 12, True), Hint(30, 31.5, False, 5.0)]
    np.testing.assert_array_equal(solve(mask, hints), solve(mask, hints))


@pytest.mark.parametrize("place", [(-50, -50), (500, 20), (0, 0), (48, 48)])
def test_hints_at_and_beyond_the_edge_give_finite_numbers(place: tuple[float, float]) -> None:
    assert np.isfinite(solve(smooth_mask(0), [Hint(*place, True, 1.0)])).all()


def test_a_basis_of_zeros_changes_nothing() -> None:
    mask = LinearMask(np.zeros((8, 8, 3)), np.ones(3), 0.0, BOX)
    np.testing.assert_array_equal(solve(mask, [Hint(4, 4, True)]), mask.coefficients)


def test_the_bias_counts() -> None:
    mask = LinearMask(np.ones((8, 8, 1)), np.zeros(1), 5.0, BOX)
    assert solve(mask, [Hint(4, 4, True)])[0] == 0  # 5 > MARGIN already
    assert mask.bias + solve(mask, [Hint(4, 4, False)])[0] < 0


@pytest.mark.parametrize("seed", range(10))
def test_the_active_set_equals_scipys(seed: int) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(seed)
    n, k = int(rng.integers(1, 25)), 12
    wanted, shortfall = rng.normal(size=(n, k)), rng.normal(size=n)
    root = rng.normal(size=(k, k))
    precision = root @ root.T + 0.1 * np.eye(k)
    gains = wanted @ np.linalg.solve(precision, wanted.T) + np.eye(n) / 30
    upper = np.linalg.cholesky(gains).T
    dual, _ = optimize.nnls(upper, np.linalg.solve(upper.T, shortfall))
    np.testing.assert_allclose(nonnegative_minimum(gains, shortfall), dual, atol=1e-8)
    expected = np.linalg.solve(precision, wanted.T @ dual)
    np.testing.assert_allclose(minimum_change(precision, wanted, shortfall), expected, atol=1e-8)


def test_no_nearby_change_is_cheaper() -> None:
    rng = np.random.default_rng(0)
    wanted, shortfall = rng.normal(size=(5, 4)), rng.normal(size=5)

    def cost(d: np.ndarray) -> float:
        return 0.5 * d @ d + 15 * (np.maximum(shortfall - wanted @ d, 0) ** 2).sum()

    best = minimum_change(np.eye(4), wanted, shortfall)
    assert all(cost(best) <= cost(best + 1e-3 * step) for step in rng.normal(size=(200, 4)))


def test_fit_finds_a_mask_that_the_basis_can_express() -> None:
    mask = smooth_mask(4)
    target = mask.basis @ np.random.default_rng(5).normal(size=16) > 0
    found = mask.basis @ fit(LinearMask(mask.basis, mask.coefficients, 0.0, (0, 0, 1, 1)), target) > 0
    assert (found & target).sum() / (found | target).sum() > 0.95


def test_only_the_region_at_the_hint_is_merged() -> None:
    before, after = np.zeros((20, 20), np.bool_), np.zeros((20, 20), np.bool_)
    after[2:6, 2:6] = after[12:18, 12:18] = True
    merged = merge_near(before, after, 4, 4, radius=1, reach=50)
    assert merged[2:6, 2:6].all()
    assert merged.sum() == 16


def test_where_the_hint_changed_nothing_nothing_is_merged() -> None:
    before, after = np.zeros((20, 20), np.bool_), np.zeros((20, 20), np.bool_)
    after[12:18, 12:18] = True
    np.testing.assert_array_equal(merge_near(before, after, 4, 4, radius=1, reach=50), before)


def test_changes_beyond_reach_are_not_merged() -> None:
    before, after = np.zeros((5, 40), np.bool_), np.ones((5, 40), np.bool_)
    merged = merge_near(before, after, 2.5, 2.5, radius=1, reach=10)
    assert merged[:, :10].all()
    assert not merged[:, 14:].any()

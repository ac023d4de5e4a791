"""The clicker aims at the largest error's middle; what is counted is counted right."""

import numpy as np
import pytest

from app.clicks.clicker import next_click
from app.clicks.counting import CAP, Series, iou, noc, vertices_to


def masks() -> tuple[np.ndarray, np.ndarray]:
    truth, mask = np.zeros((40, 60), np.bool_), np.zeros((40, 60), np.bool_)
    truth[5:16, 5:16] = True  # missing, 11 wide
    mask[20:25, 30:35] = True  # too much, 5 wide
    return truth, mask


def test_it_aims_at_the_middle_of_the_largest_error() -> None:
    truth, mask = masks()
    aim = next_click(truth, mask, np.ones_like(mask))
    assert aim is not None
    assert (aim.column, aim.row, aim.inside) == (10, 10, True)
    assert aim.radius == pytest.approx(6, abs=0.5)
    aim = next_click(truth, mask | truth, np.ones_like(mask))
    assert aim is not None
    assert (aim.column, aim.row, aim.inside) == (32, 22, False)


def test_off_centre_it_stays_in_the_same_error() -> None:
    truth, mask = masks()
    rng = np.random.default_rng(0)
    aims = [next_click(truth, mask, np.ones_like(mask), rng) for _ in range(20)]
    places = {(aim.column, aim.row) for aim in aims if aim is not None}
    assert len(places) > 5
    assert all(truth[row, column] for column, row in places)


def test_nothing_wrong_or_all_clicked_is_the_end() -> None:
    truth, mask = masks()
    assert next_click(truth, truth, np.ones_like(mask)) is None
    assert next_click(truth, mask, np.zeros_like(mask)) is None


def test_clicks_are_counted_to_the_first_that_reaches_it() -> None:
    assert noc([[0.5, 0.86, 0.84], [0.9], [0.1, 0.2]], 0.85) == pytest.approx((1 + 0 + CAP) / 3)


def test_a_series_says_what_hurt_and_how_long_it_took() -> None:
    series = Series([[0.5, 0.8, 0.78], [0.9, 0.8]], [0.001, 0.002, 0.003], painted=1)
    found = series.summary()
    assert found["hurt_1"] == pytest.approx(2 / 3)
    assert found["hurt_5"] == pytest.approx(1 / 3)
    assert found["iou"] == [0.7, 0.8, 0.79]
    assert found["ms_p50"] == pytest.approx(2)
    assert Series().summary() == {"instances": 0}


def test_a_square_takes_four_vertices() -> None:
    square = np.zeros((60, 60), np.bool_)
    square[10:50, 10:50] = True
    assert vertices_to(square, 0.9) == 4
    assert iou(square, ~square) == 0

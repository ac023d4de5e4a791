"""What prototypes do to a mask, in numbers worked by hand, and the colour tables."""

from __future__ import annotations

import numpy as np
import pytest

from ui.explain.contribution import Region, contribution_rgba, planes, signed_places
from ui.explain.running_sum import counts_for
from ui.widgets import color_map

WHOLE = (0.0, 0.0, 1.0, 1.0)


def halves() -> np.ndarray:
    """2 x 2 cells, two prototypes: 1 in the left column; 4 in the right one."""
    return np.array([[[1, 0], [0, 4]], [[1, 0], [0, 4]]], np.float16)


def test_a_share_is_the_coefficient_times_the_mean_in_the_box() -> None:
    region = Region.of(halves(), WHOLE)
    # means 0.5 and 2; |1.0| * 0.5 = 0.5 and |-0.75| * 2 = 1.5: a quarter and three quarters
    assert region.shares(np.array([1.0, -0.75])) == pytest.approx([0.25, 0.75])
    assert region.contributions(np.array([1.0, -0.75])) == pytest.approx([0.5, -1.5])
    assert region.order(np.array([1.0, -0.75])).tolist() == [1, 0]


def test_shares_of_nothing_are_zero() -> None:
    assert Region.of(halves(), WHOLE).shares(np.zeros(2)).tolist() == [0, 0]


def test_the_running_sum_ends_with_the_whole_logit() -> None:
    region, c = Region.of(halves(), WHOLE), np.array([1.0, -0.75], np.float32)
    first, whole = region.running_sums(c, region.order(c), (1, 2))
    assert first.tolist() == [[0, -3], [0, -3]]
    assert whole.tolist() == [[1, -3], [1, -3]]


def test_a_box_outside_the_image_still_has_a_cell() -> None:
    assert Region.of(halves(), (2.0, 2.0, 3.0, 3.0)).cells.shape == (1, 1, 2)


def test_a_prototype_alone_reaches_the_top_of_the_table_and_together_its_part() -> None:
    alone, together = planes(halves()), planes(halves(), together=True)
    assert alone.places.max((1, 2)).tolist() == [255, 255]
    assert together.places.max((1, 2)).tolist() == [64, 255]  # 1 of 4: 255 / 4 = 63.75
    assert alone.tops.tolist() == [1, 4]
    assert planes(np.zeros((2, 2, 1), np.float16)).places.max() == 0


def test_an_undecided_logit_is_in_the_middle_of_the_table() -> None:
    places = signed_places(np.array([-100.0, 0.0, 100.0]))
    assert places.tolist() == [0, 128, 255]


def test_a_contribution_is_orange_where_it_adds_and_blue_where_it_takes_and_clear_elsewhere() -> None:
    plane = halves()[:, :, 1]
    adds, takes = contribution_rgba(plane, 0.5, 2.0), contribution_rgba(plane, -0.5, 2.0)
    assert adds[0, 0, 3] == takes[0, 0, 3] == 0
    assert adds[0, 1, 0] > adds[0, 1, 2]
    assert takes[0, 1, 2] > takes[0, 1, 0]
    assert adds[0, 1, 3] == 215


def test_steps_of_the_sequential_table_look_equal_and_grow_lighter() -> None:
    lab = color_map.rgb_to_oklab(color_map.sequential()[::8])
    steps = np.linalg.norm(np.diff(lab, axis=0), axis=1)
    assert steps.std() / steps.mean() < 0.06
    assert (np.diff(lab[:, 0]) > 0).all()


def test_both_arms_of_the_diverging_table_are_as_dark() -> None:
    lab = color_map.rgb_to_oklab(color_map.diverging())
    assert lab[0, 0] == pytest.approx(lab[-1, 0], abs=0.01)
    assert abs(lab[127, 1:]).max() < 0.01


@pytest.mark.parametrize(("k", "counts"), [(0, ()), (1, (1,)), (5, (1, 2, 4, 5)), (32, (1, 2, 4, 8, 16, 32))])
def test_the_sum_is_shown_after_doubling_numbers_and_all(k: int, counts: tuple[int, ...]) -> None:
    assert counts_for(k) == counts

"""What of a hint's answer is taken: near it nearly all, far from it only what is likely."""

import numpy as np
from numpy.typing import NDArray

from model import taking
from model.taking import Answer

SIDE = 40
Bits = NDArray[np.bool_]


def disc(x: float, y: float, radius: float) -> Bits:
    rows, columns = np.ogrid[:SIDE, :SIDE]
    return np.asarray((columns - x) ** 2 + (rows - y) ** 2 <= radius**2)


def answer(
    change: Bits, at: tuple[int, int], *, sure: float = 4.0, plain: float | None = 4.0, earlier: int = 0
) -> Answer:
    """Of a mask of the left half, a hint that adds: the answer wants `change`, as sure as that."""
    bits = np.zeros((SIDE, SIDE), np.bool_)
    bits[:, :10] = True
    logits = np.where(bits ^ change, 1, -1).astype(np.float32)
    own = None if plain is None else logits * np.where(change, np.float32(plain), np.float32(4))
    reach = float(at[0] - 9)
    return Answer(
        bits, logits * np.where(change, np.float32(sure), np.float32(4)), own, [at], True, [reach], earlier
    )


def test_a_region_that_hangs_together_with_the_hint_is_taken_and_another_is_not() -> None:
    own, other = disc(15, 10, 4), disc(30, 30, 4)
    np.testing.assert_array_equal(taking.near(answer(own | other, (15, 10))), own)


def test_what_a_first_hint_changes_far_away_has_to_be_surer() -> None:
    band = np.zeros((SIDE, SIDE), np.bool_)
    band[18:23, 10:] = True
    far = 11 + 2 * taking.AS_FAR + 1
    sure, unsure = (taking.near(answer(band, (11, 20), sure=each)) for each in (60.0, 1.0))
    np.testing.assert_array_equal(sure, band)
    columns = np.flatnonzero(unsure.any(0))
    assert columns[0] == 10
    assert 13 < columns[-1] < far + 4


def test_a_later_hint_ends_where_no_fault_of_its_size_can_be() -> None:
    band = np.zeros((SIDE, SIDE), np.bool_)
    band[18:23, 10:] = True
    taken = taking.near(answer(band, (11, 20), sure=60.0, earlier=2))
    columns = np.flatnonzero(taken.any(0))
    assert columns[-1] - 11 < taking.AT_MOST * 2


def test_a_late_hint_that_would_change_much_of_the_mask_stays_close() -> None:
    whole = np.zeros((SIDE, SIDE), np.bool_)
    whole[:, 10:] = True
    late, soon = (np.count_nonzero(taking.near(answer(whole, (14, 20), earlier=n))) for n in (5, 1))
    assert late < soon / 2


def test_away_from_the_hint_linear_algebra_may_not_say_the_contrary() -> None:
    own = disc(17, 20, 7)
    assert taking.near(answer(own, (17, 20), plain=-5.0)).sum() == own.sum()  # 8 cells to the mask's edge
    close = answer(own, (11, 20), plain=-5.0)
    assert taking.near(close).sum() < own.sum() / 4


def test_elsewhere_both_opinions_have_to_agree_when_a_mask_is_drawn_anew() -> None:
    own, other = disc(15, 10, 5), disc(30, 30, 4)
    agreed, alone = (answer(own | other, (15, 10), sure=2.0, plain=each) for each in (2.0, -1.0))
    np.testing.assert_array_equal(taking.elsewhere(agreed, own, anew=True), other)
    assert not taking.elsewhere(alone, own, anew=True).any()


def test_another_fault_is_not_larger_than_the_one_that_was_clicked_unless_it_is_certain() -> None:
    own, large = disc(13, 8, 2), disc(28, 28, 9)
    unsure, certain = (answer(own | large, (13, 8), sure=each, plain=each) for each in (2.0, 6.0))
    assert not taking.elsewhere(unsure, own, anew=True).any()
    np.testing.assert_array_equal(taking.elsewhere(certain, own, anew=True), large)
    assert not taking.elsewhere(certain, own, anew=False).any()


def test_after_the_first_hint_small_faults_elsewhere_are_mended_where_the_answer_is_sure() -> None:
    own, small = disc(15, 10, 5), disc(30, 30, 3)
    sure, unsure = (answer(own | small, (15, 10), sure=each, earlier=1) for each in (3.0, 0.5))
    np.testing.assert_array_equal(taking.elsewhere(sure, own, anew=False), small)
    assert not taking.elsewhere(unsure, own, anew=False).any()


def test_without_fine_prototypes_a_change_ends_at_twice_the_distance_to_the_edge() -> None:
    whole = np.zeros((SIDE, SIDE), np.bool_)
    whole[:, 10:] = True
    taken = taking.near(answer(whole, (12, 20), plain=None))
    columns = np.flatnonzero(taken.any(0))
    assert columns[-1] <= 12 + taking.REACH * 3 + 2
    assert taken[20, 18]

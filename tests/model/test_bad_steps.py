"""Steps whose loss was no number are borne, but not for ever."""

import pytest

from model.bad_steps import MOST, TOLD, BadSteps
from model.errors import InputError


def test_the_run_gives_up_after_too_many_in_a_row_and_names_the_worst_images() -> None:
    bad = BadSteps()
    for number in range(MOST):
        bad.check()
        bad.skipped(["a.jpg", "b.jpg"] if number % 2 else ["a.jpg"])
    with pytest.raises(InputError, match=r"50 in a row .*most often with a\.jpg, b\.jpg.*look for wrong"):
        bad.check()


def test_a_sound_step_between_them_is_enough_to_go_on() -> None:
    bad = BadSteps()
    for _ in range(MOST):
        bad.skipped([])
        bad.sound()
        bad.check()
    assert bad.count == MOST


def test_only_the_first_are_told() -> None:
    bad = BadSteps()
    assert sum(bad.skipped(["a.jpg"]) for _ in range(MOST)) == TOLD
    assert bad.images == {"a.jpg": MOST}

"""A hint is judged before it is made: it solves, only paints, has stalled, or the basis is the limit."""

from dataclasses import replace

import numpy as np
import pytest

from app.foresight import LITTLE, Outlook, changed_pixels, foresee, has_stalled
from app.instance_solving import Step, Stroke
from model.masks import BoxMask
from tests.app.test_instance_solving import BODY, bits, solved

ARM = Stroke(((108.0, 56.0),), True)


def test_a_hint_that_solves_says_how_much_it_changes() -> None:
    (tried,) = solved(ARM)
    found = foresee((), tried)
    assert found.outlook is Outlook.SOLVES
    assert found.pixels == (bits(tried.mask) ^ bits(BODY)).sum()
    assert f"{found.pixels:,} pixels" in found.words()
    assert found.helps


def test_a_hint_that_draws_all_anew_is_said_to() -> None:
    (tried,) = solved(ARM)
    tried = replace(tried, field=replace(tried.field, anew=True))
    assert "drawn anew" in foresee((), tried).words()


def test_where_all_is_right_there_is_nothing_to_say() -> None:
    (tried,) = solved(Stroke(((60.0, 60.0),), True))
    assert foresee((), tried).outlook is Outlook.NOTHING
    assert foresee((), tried).words() == ""


def test_a_hint_against_another_on_the_same_pixel_only_paints() -> None:
    spot = (60.3, 60.3)
    steps = solved(Stroke((spot,), False), Stroke((spot,), True))
    found = foresee(steps[:1], steps[1])
    assert found.outlook is Outlook.PAINTS
    assert not found.helps
    assert "brush" in found.words()


def little(step: Step, x: float, pixels: int) -> Step:
    """A step like this one, with a hint at (x, 60) that changed this many pixels."""
    rows, columns = np.divmod(np.arange(pixels), 20)
    more = np.zeros((140, 160), np.bool_)
    more[100 + rows, columns + 1] = True
    mask = BoxMask(0, 0, bits(step.mask) ^ more[: bits(step.mask).shape[0]])
    strokes = (*step.strokes, Stroke(((x, 60.0),), True))
    return replace(
        step, strokes=strokes, mask=mask, painted=False, added=BoxMask(0, 0, np.zeros((0, 0), bool))
    )


def series(*hints: tuple[float, int]) -> list[Step]:
    steps = list(solved(ARM))
    for x, pixels in hints:
        steps.append(little(steps[-1], x, pixels))
    return steps


def test_hints_around_one_spot_that_change_little_have_stalled() -> None:
    steps = series((80, 3), (81, 4), (82, 3))
    assert foresee(steps[:-1], steps[-1]).outlook is Outlook.STALLED
    assert has_stalled(steps)
    assert "change little" in foresee(steps[:-1], steps[-1]).words()


@pytest.mark.parametrize(
    "hints", [((80, 3), (81, 4), (82, 200)), ((80, 3), (20, 4), (82, 3)), ((80, 200), (81, 4), (82, 3))]
)
def test_far_apart_or_with_an_effect_they_have_not(hints: tuple[tuple[float, int], ...]) -> None:
    steps = series(*hints)
    area = np.count_nonzero(steps[-1].mask.bits)
    assert 4 < LITTLE * area < 200
    assert foresee(steps[:-1], steps[-1]).outlook is Outlook.SOLVES


def test_a_low_ceiling_is_said_once_a_hint_was_made() -> None:
    first, second = solved(ARM, Stroke(((34.0, 34.0),), False))
    assert foresee((), first, 0.5).outlook is Outlook.SOLVES
    found = foresee((first,), second, 0.5)
    assert found.outlook is Outlook.BEYOND
    assert "0.50" in found.words()
    assert foresee((first,), second, 0.95).outlook is Outlook.SOLVES


def test_changed_pixels_are_those_of_either_mask_alone() -> None:
    empty = BoxMask(0, 0, np.zeros((0, 0), np.bool_))
    assert changed_pixels(empty, empty) == 0
    assert changed_pixels(BODY, empty) == BODY.bits.sum()
    assert changed_pixels(BODY, empty, BoxMask(30, 30, np.ones((4, 4), np.bool_))) == 4

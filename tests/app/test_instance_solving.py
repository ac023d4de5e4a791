"""Hints on an instance's grid: obeyed, near, the same for the same hints, one by one or all at once."""

import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import instance_solving
from app.fine import FineLook
from app.geometry import window
from app.instance_solving import LOOKS, Step, Stroke, look_ahead, solve_near
from model.basis import instance_grid
from model.fine.sight import FineSight, built_in
from model.masks import BoxMask
from model.messages import Prediction

WIDTH, HEIGHT = 160, 120
BOX = (30.0, 30.0, 60.0, 60.0)
ZEROS = np.zeros(3, np.float32)


def prediction() -> Prediction:
    """Prototypes: a body (found), an arm beside it, and the rest."""
    prototypes = np.zeros((30, 40, 3), np.float16)
    prototypes[8:22, 8:22, 0] = 1
    prototypes[12:16, 22:32, 1] = 1
    prototypes[..., 2] = 1 - prototypes[..., :2].sum(2)
    return Prediction(
        model_version="m",
        categories=("cat",),
        image_width=WIDTH,
        image_height=HEIGHT,
        prototypes=prototypes,
        boxes=np.array([[0.2, 0.25, 0.55, 0.75]], np.float32),
        scores=np.ones(1, np.float32),
        classes=np.zeros(1, np.int32),
        coefficients=np.array([[4, -2, -4]], np.float32),
        qualities=np.ones(1, np.float32),
    )


def picture() -> np.ndarray:
    pixels = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    pixels[32:88, 32:88] = (160, 40, 40)
    pixels[48:64, 88:128] = (160, 40, 40)
    return pixels


PICTURE = picture()
BODY = BoxMask(32, 32, np.ones((56, 56), np.bool_))


def solved(*strokes: Stroke, start: BoxMask = BODY, known: tuple[Step, ...] = ()) -> tuple[Step, ...]:
    found = prediction()
    return solve_near(start, found.coefficients[0], BOX, found, picture(), strokes, known)


def network() -> FineSight:
    found = built_in()
    assert found is not None
    return found


def bits(mask: BoxMask) -> np.ndarray:
    return window(mask, 0, 0, WIDTH, HEIGHT)


def test_a_click_on_the_arm_brings_the_arm_and_nothing_else() -> None:
    (step,) = solved(Stroke(((108.0, 56.0),), True))
    gained = bits(step.mask) & ~bits(BODY)
    arm = np.zeros_like(gained)
    arm[48:64, 88:128] = True
    assert (gained & arm).sum() / arm.sum() > 0.6
    assert (gained & ~arm).sum() < 0.1 * arm.sum()
    assert not step.painted
    assert not (bits(BODY) & ~bits(step.mask)).any()


def test_the_coefficients_move_with_the_hint() -> None:
    (step,) = solved(Stroke(((108.0, 56.0),), True))
    assert step.coefficients[1] > prediction().coefficients[0, 1]


def test_what_is_right_already_changes_nothing() -> None:
    (step,) = solved(Stroke(((60.0, 60.0),), True))
    np.testing.assert_array_equal(bits(step.mask), bits(BODY))
    assert not step.painted


points = st.tuples(st.floats(-40, WIDTH + 40), st.floats(-40, HEIGHT + 40))
strokes = st.builds(Stroke, st.lists(points, min_size=1, max_size=5).map(tuple), st.booleans())


@settings(max_examples=25, deadline=None)
@given(st.lists(strokes, min_size=1, max_size=4))
def test_one_by_one_or_at_once_the_same_mask_and_the_newest_hint_is_obeyed(hints: list[Stroke]) -> None:
    at_once = solved(*hints)
    known: tuple[Step, ...] = ()
    for count in range(1, len(hints) + 1):
        known = solved(*hints[:count], known=known)
    np.testing.assert_array_equal(bits(known[-1].mask), bits(at_once[-1].mask))
    final = bits(at_once[-1].mask)
    for x, y in hints[-1].points:
        column, row = min(max(int(x // 1), 0), WIDTH - 1), min(max(int(y // 1), 0), HEIGHT - 1)
        assert final[row, column] == hints[-1].inside


def test_taking_one_hint_back_is_as_if_it_had_never_been() -> None:
    first, second = Stroke(((108.0, 56.0),), True), Stroke(((40.0, 40.0),), False)
    with_both = solved(first, second)
    np.testing.assert_array_equal(
        bits(solved(second, known=with_both)[-1].mask), bits(solved(second)[-1].mask)
    )


@pytest.mark.parametrize(
    "start",
    [BoxMask(0, 0, np.zeros((0, 0), np.bool_)), BoxMask(60, 60, np.ones((1, 1), np.bool_)),
     BoxMask(0, 0, np.ones((HEIGHT, WIDTH), np.bool_))],
    ids=["nothing", "a pixel", "the whole image"],
)  # fmt: skip
@pytest.mark.parametrize("inside", [True, False])
def test_odd_instances_take_hints(start: BoxMask, inside: bool) -> None:
    (step,) = solved(Stroke(((70.0, 60.0),), inside), start=start)
    assert bits(step.mask)[60, 70] == inside


def test_contradicting_hints_on_one_pixel_leave_the_newer_one() -> None:
    hint = ((70.0, 60.0),)
    assert not bits(solved(Stroke(hint, True), Stroke(hint, False))[-1].mask)[60, 70]
    assert bits(solved(Stroke(hint, False), Stroke(hint, True))[-1].mask)[60, 70]


def test_no_number_is_a_place_too() -> None:
    assert bits(solved(Stroke(((float("nan"), float("inf")),), True))[-1].mask)[0, 0]


def test_without_pixels_and_without_coefficients_hints_are_obeyed() -> None:
    steps = solve_near(BODY, ZEROS, BOX, prediction(), None, [Stroke(((108.0, 56.0),), True)])
    assert bits(steps[-1].mask)[56, 108]


def test_of_a_reduced_picture_the_colours_are_found_at_their_places() -> None:
    half = picture()[::2, ::2]
    found = prediction()
    steps = solve_near(BODY, found.coefficients[0], BOX, found, half, [Stroke(((108.0, 56.0),), True)])
    assert bits(steps[-1].mask)[50, 100]
    assert not bits(steps[-1].mask)[75, 108]


def test_known_hints_are_not_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    import app.instance_solving as module

    hints = [Stroke(((108.0, 56.0),), True), Stroke(((40.0, 40.0),), False)]
    known = solved(*hints)
    calls = []
    monkeypatch.setattr(module, "answer", lambda *_: calls.append(time.time()))
    assert solved(*hints, known=known)[-1].mask is known[-1].mask
    assert not calls


def test_before_some_hints_the_instance_is_looked_at_again_and_all_hints_hold() -> None:
    strokes = [
        Stroke((place,), inside)
        for place, inside in (
            ((108.0, 56.0), True),
            ((34.0, 34.0), False),
            ((96.0, 40.0), True),
            ((40.0, 84.0), False),
            ((70.0, 92.0), True),
        )
    ]
    network_ = network()

    def made(
        some: list[Stroke], known: tuple[Step, ...] = (), finely: FineLook | None = None
    ) -> tuple[Step, ...]:
        found, finely = prediction(), finely or FineLook(network_)
        coefficients = found.coefficients[0]
        return solve_near(BODY, coefficients, BOX, found, PICTURE, some, known, untouched=True, finely=finely)

    steps: tuple[Step, ...] = ()
    finely = FineLook(network_)
    for count in range(1, len(strokes) + 1):
        steps = made(strokes[:count], steps, finely)
    sights = [step.field.grid.sight for step in steps]
    assert None not in sights
    assert [one is other for one, other in pairwise(sights)] == [n not in LOOKS for n in range(2, 6)]
    for stroke in strokes:
        x, y = stroke.points[0]
        assert bits(steps[-1].mask)[int(y), int(x)] == stroke.inside
    np.testing.assert_array_equal(bits(made(strokes)[-1].mask), bits(steps[-1].mask))
    assert len(made(strokes[:1] + strokes[2:], steps)) == len(strokes) - 1


def test_a_look_ahead_is_the_one_that_the_hint_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    network_ = network()
    finely, looks = FineLook(network_), list[int]()
    look = network_.look

    def counted(*arguments: Any, **others: Any) -> Any:
        looks.append(1)
        return look(*arguments, **others)

    monkeypatch.setattr(network_, "look", counted)
    found, strokes = prediction(), list[Stroke]()
    known: tuple[Step, ...] = ()
    for number, (place, inside) in enumerate((((108.0, 56.0), True), ((34.0, 34.0), False)), 1):
        strokes.append(Stroke((place,), inside))
        look_ahead(BODY, BOX, found, PICTURE, strokes, finely, known)
        assert len(looks) == number
        known = solve_near(
            BODY, found.coefficients[0], BOX, found, PICTURE, strokes, known, untouched=True, finely=finely
        )
        assert len(looks) == number


def test_what_begins_from_nothing_is_looked_at_when_there_is_something() -> None:
    empty, finely = BoxMask(0, 0, np.zeros((0, 0), np.bool_)), FineLook(network())
    places = ((60.0, 60.0), (44.0, 76.0), (76.0, 44.0), (44.0, 44.0))
    strokes = [Stroke((place,), True) for place in places]
    steps = solve_near(
        empty, ZEROS, (80.0, 60.0, 1.0, 1.0), prediction(), PICTURE, strokes, untouched=True, finely=finely
    )
    assert steps[0].field.grid.sight is None
    assert steps[-1].field.grid.sight is not None
    assert all(bits(steps[-1].mask)[int(y), int(x)] for x, y in places)


def test_while_a_stroke_grows_its_grid_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    grids = list[int]()

    def counted(*arguments: Any, **others: Any) -> Any:
        grids.append(1)
        return instance_grid(*arguments, **others)

    monkeypatch.setattr(instance_solving, "instance_grid", counted)
    finely, found = FineLook(network()), prediction()
    arm, points = Stroke(((108.0, 56.0),), True), ((34.0, 34.0), (38.0, 34.0), (44.0, 36.0))
    steps: tuple[Step, ...] = ()

    def made(some: list[Stroke], known: tuple[Step, ...]) -> tuple[Step, ...]:
        return solve_near(BODY, ZEROS, BOX, found, PICTURE, some, known, untouched=True, finely=finely)

    for count in range(1, 4):
        steps = made([arm, Stroke(points[:count], False)], steps)
    assert len(grids) <= 2
    at_once = made([arm, Stroke(points, False)], ())
    np.testing.assert_array_equal(bits(at_once[-1].mask), bits(steps[-1].mask))

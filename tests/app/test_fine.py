"""Looking at instances finely: remembered, trusted only where it sees the same thing."""

from dataclasses import replace

import numpy as np
import pytest

from app import fine
from app.fine import FineLook, drawn, shared_look
from app.geometry import window
from app.instance_solving import Stroke, solve_near
from model.fine.sight import Sight, built_in
from model.masks import BoxMask
from model.messages import Prediction
from tests.model.fine.test_sight import disc

WHOLE = (0, 0, 120, 120)


def look() -> FineLook:
    network = built_in()
    assert network is not None
    return FineLook(network)


def prediction() -> Prediction:
    y, x = np.mgrid[:30, :30].astype(np.float32) / 30
    prototypes = np.stack([x, y, np.ones_like(x)], -1).astype(np.float16)
    return Prediction(
        "v1", ("thing",), 120, 120, prototypes, np.zeros((0, 4), np.float32), np.zeros(0, np.float32),
        np.zeros(0, np.int32), np.zeros((0, 3), np.float32), np.zeros(0, np.float32),
    )  # fmt: skip


def test_a_sight_is_remembered() -> None:
    picture, truth = disc()
    finely = look()
    mask = BoxMask(0, 0, truth)
    assert finely.of(mask, WHOLE, picture) is finely.of(mask, WHOLE, picture)
    assert finely.of(mask, WHOLE, picture) is not finely.of(mask, WHOLE, picture.copy())


@pytest.mark.parametrize("bits", [np.zeros((120, 120), np.bool_), np.ones((120, 120), np.bool_)])
def test_where_there_is_nothing_to_tell_apart_nothing_is_seen(bits: np.ndarray) -> None:
    assert look().of(BoxMask(0, 0, bits), WHOLE, disc()[0]) is None


def test_another_thing_is_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, truth = disc()
    finely = look()
    sight = finely.of(BoxMask(0, 0, truth), WHOLE, picture)
    assert sight is not None
    monkeypatch.setattr(finely, "_looked", lambda *_: replace(sight, first=-sight.first))
    assert finely.of(BoxMask(0, 0, truth), WHOLE, picture) is None


def test_a_first_answer_is_drawn_at_the_image_s_resolution() -> None:
    first = np.full((96, 96), -3.0, np.float32)
    first[24:72, 24:72] = 3.0
    made = drawn(Sight((10, 20, 106, 212), np.zeros((96, 96, 1), np.float32), first, 0.0))
    assert (made.left, made.right) == (34, 82)
    assert abs(made.top - 68) <= 1
    assert abs(made.bottom - 164) <= 1


def test_the_first_hint_draws_an_untouched_mask_anew_and_a_touched_one_near_the_hint_only() -> None:
    picture, truth = disc()
    rough = truth.copy()
    rough[55:75, 10:40] = False  # a bite on the left
    rough[40:80, 98:104] = True  # and a lump on the right
    start = BoxMask(0, 0, rough)
    hint = [Stroke(((30.5, 65.5),), True)]
    box = (18.0, 18.0, 86.0, 84.0)
    made = {}
    for untouched in (True, False):
        steps = solve_near(
            start, np.zeros(3), box, prediction(), picture, hint, untouched=untouched, finely=look()
        )
        bits = np.zeros((120, 120), np.bool_)
        mask = steps[-1].mask
        bits[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
        made[untouched] = bits
        assert bits[65, 30]
    assert (made[False][:, 90:] == rough[:, 90:]).all()
    right = (made[True] ^ truth)[:, 90:].sum()
    assert right < (rough ^ truth)[:, 90:].sum()


def test_earlier_hints_hold_when_a_later_one_changes_more() -> None:
    picture, truth = disc()
    rough = truth.copy()
    rough[55:75, 10:40] = False
    start, box = BoxMask(0, 0, rough), (18.0, 18.0, 86.0, 84.0)
    hints = [
        Stroke(((30.5, 65.5),), True),
        Stroke(((102.5, 15.5),), True),  # of the background, but so it was said
        Stroke(((60.5, 60.5),), False),
        Stroke(((90.5, 90.5),), False),
    ]
    steps = solve_near(start, np.zeros(3), box, prediction(), picture, hints, untouched=True, finely=look())
    for number, step in enumerate(steps):
        for hint in hints[: number + 1]:
            (x, y) = hint.points[0]
            bits = window(step.mask, int(x), int(y), int(x) + 1, int(y) + 1)
            assert bits[0, 0] == hint.inside


def test_hints_do_without_where_the_network_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fine, "built_in", lambda: None)
    shared_look.cache_clear()
    try:
        assert shared_look() is None
    finally:
        shared_look.cache_clear()

"""Hints make a mask: the same ones the same mask, the newer of two counts, the rest is painted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import solving
from app.annotation import AnnotationState
from app.errors import InputError
from app.geometry import EMPTY, covers
from app.instance_solving import solve_near
from app.solving import (
    Stroke,
    changed_rect,
    seeded,
    solve_strokes,
)
from model.masks import BoxMask
from tests.ui.canvas_fakes import disc, mask_annotation
from tests.ui.solving import SIZE, prediction, proposal

places = st.tuples(st.floats(0, SIZE[0] - 1), st.floats(0, SIZE[1] - 1))
hints = st.builds(Stroke, st.lists(places, min_size=1, max_size=4).map(tuple), st.booleans())


def test_no_hints_change_nothing() -> None:
    start = proposal(prediction())
    assert solve_strokes(start, prediction(), ()).annotation == start


@settings(max_examples=25, deadline=None)
@given(st.lists(hints, min_size=1, max_size=4))
def test_the_same_hints_make_the_same_mask_however_they_come(strokes: list[Stroke]) -> None:
    known = prediction()
    start = proposal(known)
    at_once = solve_strokes(start, known, strokes)
    one_by_one = solve_strokes(start, known, strokes[:1])
    for count in range(2, len(strokes) + 1):
        one_by_one = solve_strokes(start, known, strokes[:count], one_by_one.steps)
    assert one_by_one.annotation == at_once.annotation


@settings(max_examples=40, deadline=None)
@given(hints)
def test_a_hint_is_obeyed_by_the_prototypes_or_by_paint(stroke: Stroke) -> None:
    known = prediction()
    made = solve_strokes(proposal(known), known, [stroke])
    assert all(covers(made.mask, *each) is stroke.inside for each in stroke.points)


def test_a_drawn_instance_is_seeded_by_what_expresses_it() -> None:
    known = prediction()
    bits = np.ones((SIZE[1], 148), np.bool_)
    left_half = mask_annotation(1, BoxMask(0, 0, bits), SIZE)
    found = seeded(left_half, known)
    assert found.origin is not None
    logits = known.prototypes.astype(np.float32) @ np.array(found.origin.coefficients, np.float32)
    assert (logits[:, :37] > 0).all()
    assert (logits[:, 38:] < 0).all()
    made = solve_strokes(left_half, known, [Stroke(((200.0, 50.0),), True)])
    assert made.annotation is not None
    assert (made.annotation.state, made.annotation.origin) == (AnnotationState.DRAWN, None)


def test_a_seed_of_one_pixel_is_sound() -> None:
    one = mask_annotation(1, BoxMask(150, 100, np.ones((1, 1), np.bool_)), SIZE)
    assert np.isfinite(seeded(one, prediction()).origin.coefficients).all()  # type: ignore[union-attr]


def test_coefficients_of_other_prototypes_are_refused() -> None:
    from dataclasses import replace

    known = prediction()
    with pytest.raises(InputError, match="proposed it"):
        solve_strokes(proposal(known), replace(known, model_version="other"), [Stroke(((9.0, 9.0),), True)])


def test_where_masks_differ() -> None:
    a, b = disc(100, 100, 40, SIZE), disc(100, 100, 30, SIZE)
    assert changed_rect(a, a) is None
    assert changed_rect(EMPTY, EMPTY) is None
    assert changed_rect(a, b) == changed_rect(a, EMPTY)
    c = BoxMask(0, 0, np.ones((3, 5), np.bool_))
    d = BoxMask(0, 0, np.ones((3, 3), np.bool_))
    assert changed_rect(c, d) == (3.0, 0.0, 5.0, 3.0)


def test_each_hint_looks_for_its_loose_piece_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import app.solving as module

    asked: list[tuple[float, float]] = []
    piece = module._piece

    def counted(mask: BoxMask, point: tuple[float, float]) -> BoxMask:
        asked.append(point)
        return piece(mask, point)

    monkeypatch.setattr(module, "_piece", counted)
    before = BoxMask(10, 10, np.ones((40, 40), np.bool_))
    strokes = [Stroke(((12.5 + 3 * each, 14.5),), False) for each in range(3)]
    for count in (1, 2, 3):
        module._without_islands(before, before, strokes[:count])
    assert asked == [each.points[0] for each in strokes]


def test_a_loose_piece_goes_as_a_whole() -> None:
    known = prediction()
    bits = np.zeros(SIZE[::-1], np.bool_)
    bits[20:180, 20:140] = True
    bits[30:170, 200:206] = True
    start = mask_annotation(1, BoxMask(0, 0, bits), SIZE)
    gone = solve_strokes(start, known, [Stroke(((203.0, 100.0),), False)])
    assert not covers(gone.mask, 203, 35)
    assert not covers(gone.mask, 203, 165)
    assert covers(gone.mask, 60, 100)
    kept = solve_strokes(start, known, [Stroke(((203.0, 165.0),), True), Stroke(((203.0, 40.0),), False)])
    assert covers(kept.mask, 203, 165)


def test_an_instance_of_no_model_is_drawn_anew_where_nobody_touched_it_and_counts_as_corrected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = prediction()
    asked: list[bool] = []

    def spy(*arguments: object, untouched: bool, **others: object) -> object:
        asked.append(untouched)
        return solve_near(*arguments, untouched=untouched, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(solving, "solve_near", spy)
    drawn = mask_annotation(1, disc(80, 90, 40, SIZE), SIZE)
    imported = replace(drawn, state=AnnotationState.ACCEPTED)
    found = replace(imported, score=0.9)
    states = []
    for start in (drawn, imported, found):
        made = solve_strokes(start, known, [Stroke(((150.0, 90.0),), True)]).annotation
        assert made is not None
        states.append(made.state)
    assert asked == [False, False, True]
    assert states == [AnnotationState.DRAWN, AnnotationState.CORRECTED, AnnotationState.CORRECTED]

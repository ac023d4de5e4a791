"""Labels stand beside their instances, clear of each other; those that did not change are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId
from tests.ui.canvas_fakes import FakeSession, disc, mask_annotation
from ui.canvas.label_places import CHIP_HEIGHT, Label, LabelPlaces, Placed
from ui.canvas.transform import Rect, View, touches
from ui.canvas.view import Canvas

WIDGET = (0.0, 0.0, 400.0, 300.0)
WIDTH = 60.0
SIZE = (300, 200)


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


def label(id: int, box: Rect, *, selected: bool = False) -> Label:
    return Label(AnnotationId(id), "leaf", (1, 2, 3), box, (box[0] + box[2]) / 2, selected)


def placed(*labels: Label, view: View | None = None) -> list[Placed]:
    return LabelPlaces(labels, [WIDTH] * len(labels)).within(view or View(1.0, 0, 0, 1.0), WIDGET)


def spot(each: Placed) -> Rect:
    return each[1], each[2], each[1] + WIDTH, each[2] + CHIP_HEIGHT


@pytest.mark.parametrize(
    ("box", "side"),
    [
        ((100, 100, 200, 200), "above"),
        ((100, 5, 200, 200), "below"),
        ((100, -50, 200, 200), "below"),
        ((100, 5, 200, 295), "right"),
        ((200, 5, 390, 295), "left"),
        ((-50, 5, 450, 350), "within"),
        ((-50, -50, 450, 350), "within"),
    ],
)
def test_the_chosen_ones_label_is_on_the_side_that_has_room(box: Rect, side: str) -> None:
    ((_, left, top),) = placed(label(1, box, selected=True))
    found = (left, top, left + WIDTH, top + CHIP_HEIGHT)
    assert min(found[:2]) >= 0
    assert (found[2] <= WIDGET[2], found[3] <= WIDGET[3]) == (True, True)
    where = {
        "above": found[3] <= box[1],
        "below": found[1] >= box[3],
        "right": found[0] >= box[2],
        "left": found[2] <= box[0],
    }
    assert [name for name, holds in where.items() if holds] == ([side] if side != "within" else [])


def test_within_its_box_it_keeps_clear_of_the_side_that_is_in_sight() -> None:
    ((_, _, top),) = placed(label(1, (-50, 5, 450, 350), selected=True))
    assert top > 200
    ((_, _, top),) = placed(label(1, (-50, -50, 450, 295), selected=True))
    assert top < 100


@given(
    x=st.floats(-300, 600),
    y=st.floats(-300, 600),
    width=st.floats(1, 900),
    height=st.floats(1, 900),
    scale=st.sampled_from([0.5, 1.0, 4.0]),
)
def test_the_chosen_ones_label_hides_no_side_of_its_box(
    x: float, y: float, width: float, height: float, scale: float
) -> None:
    view = View(scale, 0, 0, 1.0)
    found = placed(label(1, (x, y, x + width, y + height), selected=True), view=view)
    left, top, right, bottom = box = view.rect_to_widget((x, y, x + width, y + height))
    if not touches(box, WIDGET):
        assert found == []
        return
    place = spot(found[0])
    in_sight = [
        (left, top, right, top),
        (left, bottom, right, bottom),
        (left, top, left, bottom),
        (right, top, right, bottom),
    ]
    fills = right - left > WIDGET[2] - 2 * WIDTH - 20 and bottom - top > WIDGET[3] - 2 * CHIP_HEIGHT - 20
    inside = left < place[0] and place[2] < right and top < place[1] and place[3] < bottom
    if not fills:
        assert inside or not any(touches(place, side) for side in in_sight)


def test_small_instances_and_crowded_places_have_none() -> None:
    many = [label(each, (100 + each, 100, 200 + each, 200)) for each in range(9)]
    small = label(20, (300, 200, 310, 210))
    found = placed(*many, small)
    assert [each[0].id for each in found] == [0]
    chosen = label(21, (102, 100, 202, 200), selected=True)
    assert [each[0].id for each in placed(*many, chosen)] == [21]  # it comes first


def test_no_two_labels_are_over_each_other() -> None:
    rng = np.random.default_rng(1)
    labels = [
        label(each, (x, y, x + 60, y + 60))
        for each, (x, y) in enumerate((rng.random((400, 2)) * 350).tolist())
    ]
    found = [spot(each) for each in placed(*labels)]
    assert len(found) > 10
    assert not any(touches(a, b) for number, a in enumerate(found) for b in found[:number])


def test_a_moving_view_asks_no_instance_for_its_label(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.show(
        np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), [mask_annotation(1, disc(100, 100, 40, SIZE), SIZE)]
    )
    qtbot.waitUntil(lambda: canvas.stage.is_complete)
    canvas.grab()
    asked: list[int] = []
    monkeypatch.setattr(canvas.shown, "labels", lambda: asked.append(1) or [])
    for scale in (1.0, 1.5, 2.0):
        canvas.zoom_to(scale)
        assert canvas._small_things.placed(canvas.view, (624.0, 424.0))  # type: ignore[arg-type]
    assert asked == []


def test_labels_of_instances_that_did_not_change_are_kept(session: FakeSession, canvas: Canvas) -> None:
    session.show(
        np.full((SIZE[1], SIZE[0], 3), 90, np.uint8),
        [mask_annotation(each, disc(60 * each, 100, 25, SIZE), SIZE) for each in (1, 2, 3)],
    )
    for each in session.document.annotations:  # type: ignore[union-attr]
        canvas.mask_of(each)
    before = {each.id: each for each in canvas.shown.labels()}
    session.select([AnnotationId(2)])
    after = {each.id: each for each in canvas.shown.labels()}
    assert [id for id in before if before[id] is after[id]] == [1, 3]
    assert after[AnnotationId(2)].selected

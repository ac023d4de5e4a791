"""Which images the list shows, in which order."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.annotation import ImageId, ImageState
from app.records import ImageRecord
from ui.panels.image_order import Wish, arrange, arranged
from ui.panels.images import ORDERS

RECORDS = st.lists(
    st.builds(
        lambda state, score, count: (state, score, count),
        st.sampled_from(ImageState),
        st.none() | st.floats(0, 1),
        st.integers(0, 9),
    ),
    max_size=20,
)


def record(
    id: int, *, state: ImageState = ImageState.NEW, score: float | None = None, proposals: int = 0
) -> ImageRecord:
    return ImageRecord(
        ImageId(id),
        f"{id}.jpg",
        80,
        60,
        state,
        proposal_count=proposals,
        min_score=score,
        mean_score=score,
    )


def test_what_is_worth_labelling_comes_first_and_finished_images_last() -> None:
    records = [
        record(1, state=ImageState.DONE, score=0.1),
        record(2),
        record(3, score=0.9),
        record(4, score=0.2),
    ]
    assert [each.id for each in arranged(records, "worth")] == [4, 3, 2, 1]


@pytest.mark.parametrize("order", ORDERS)
@given(RECORDS)
def test_every_order_keeps_every_image_and_ties_as_they_come(
    order: str, values: list[tuple[ImageState, float | None, int]]
) -> None:
    records = [
        record(number, state=state, score=score, proposals=count)
        for number, (state, score, count) in enumerate(values)
    ]
    found = arranged(records, order)
    assert sorted(each.id for each in found) == list(range(len(records)))
    for one, other in itertools.pairwise(found):
        if (one.state, one.min_score, one.proposal_count) == (
            other.state,
            other.min_score,
            other.proposal_count,
        ):
            assert one.id < other.id


@pytest.mark.parametrize(
    ("order", "wanted"),
    [
        ("name", [0, 1, 2]),
        ("state", [1, 2, 0]),
        ("lowest score", [2, 0, 1]),
        ("most proposals", [0, 2, 1]),
    ],
)
def test_orders(order: str, wanted: list[int]) -> None:
    records = [
        record(0, state=ImageState.DONE, score=0.5, proposals=7),
        record(1),
        record(2, state=ImageState.IN_PROGRESS, score=0.25, proposals=3),
    ]
    assert [each.id for each in arranged(records, order)] == wanted


def test_a_filter_takes_text_in_any_case_and_one_state() -> None:
    records = [record(10), record(1, state=ImageState.DONE), record(11, state=ImageState.DONE)]
    assert arrange(records, Wish(text="1.JPG")).ids == [1, 11]
    assert arrange(records, Wish(text="1", state=ImageState.NEW)).ids == [10]
    assert arrange(records, Wish(text="nothing")).records == []


def test_only_the_projects_own_order_of_all_images_is_for_nothing() -> None:
    assert Wish().is_all
    assert not any(wish.is_all for wish in (Wish(text="a"), Wish(state=ImageState.NEW), Wish(order="worth")))

"""Which image next."""

from __future__ import annotations

import pytest

from app.annotation import ImageId, ImageState
from app.ranking import Strategy, rank
from app.records import ImageRecord

SCORES = {"c": 0.3, "a": 0.9, "b": None, "d": 0.2}
RECORDS = [
    ImageRecord(ImageId(number), name, 8, 6, ImageState.PRELABELLED, mean_score=score)
    for number, (name, score) in enumerate(SCORES.items())
]


@pytest.mark.parametrize(("strategy", "order"), [(Strategy.UNCERTAINTY, "dcab"), (Strategy.NAME, "abcd")])
def test_the_order_of_a_strategy(strategy: Strategy, order: str) -> None:
    assert "".join(each.path for each in rank(RECORDS, strategy)) == order


def test_random_is_the_same_each_time_and_not_by_name() -> None:
    many = [ImageRecord(ImageId(n), f"{n:03}.png", 8, 6, ImageState.NEW) for n in range(50)]
    first = rank(many, Strategy.RANDOM)
    assert first == rank(list(reversed(many)), Strategy.RANDOM)
    assert [each.id for each in first] != sorted(each.id for each in first)


@pytest.mark.parametrize("state", [ImageState.DONE, ImageState.SKIPPED])
def test_what_is_finished_is_not_ranked(state: ImageState) -> None:
    assert rank([ImageRecord(ImageId(1), "a.png", 8, 6, state)]) == []


def test_nothing_gives_nothing() -> None:
    assert rank([]) == []

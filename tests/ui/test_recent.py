"""What was used last is kept, within a limit."""

from __future__ import annotations

import pytest

from app.annotation import ImageId
from ui.recent import Recent

A, B, C = ImageId(1), ImageId(2), ImageId(3)


@pytest.fixture
def recent() -> Recent[str]:
    """Two of five, used in this order."""
    made: Recent[str] = Recent(5)
    made.put(A, "a", 2)
    made.put(B, "b", 2)
    return made


def test_what_was_not_used_for_longest_goes_first(recent: Recent[str]) -> None:
    recent.put(C, "c", 2)
    assert recent.items() == [(B, "b"), (C, "c")]
    assert recent.get(A) is None


def test_looking_at_one_keeps_it(recent: Recent[str]) -> None:
    assert recent.get(A) == "a"
    recent.put(C, "c", 2)
    assert recent.items() == [(A, "a"), (C, "c")]


def test_asking_whether_it_is_there_does_not(recent: Recent[str]) -> None:
    assert A in recent
    recent.put(C, "c", 2)
    assert A not in recent


def test_the_newest_stays_whatever_it_costs(recent: Recent[str]) -> None:
    recent.put(C, "c", 100)
    assert recent.items() == [(C, "c")]


def test_put_again_or_dropped_it_costs_no_more_than_once(recent: Recent[str]) -> None:
    for _ in range(5):
        recent.put(B, "b", 2)
    assert len(recent.items()) == 2
    recent.drop(A)
    recent.drop(A)
    recent.put(C, "c", 3)
    assert recent.items() == [(B, "b"), (C, "c")]

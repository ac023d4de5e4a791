"""Which image next: the order in which labelling teaches the model most, from what the project knows already.

No network is run: the scores of the proposals that are there are enough. Images that are done or skipped are
not ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.annotation import ImageState

if TYPE_CHECKING:
    from app.records import ImageRecord


FINISHED = frozenset((ImageState.DONE, ImageState.SKIPPED))  # by a person: nothing is left to label


class Strategy(StrEnum):
    """How images are ordered."""

    UNCERTAINTY = "uncertainty"  # the least sure proposals first
    RANDOM = "random"  # the same order each time: an unbiased sample, whenever one stops
    NAME = "name"


def rank(records: Iterable[ImageRecord], strategy: Strategy = Strategy.UNCERTAINTY) -> list[ImageRecord]:
    """The unfinished images in the order in which they are worth labelling; ties as they come."""
    unfinished = [each for each in records if each.state not in FINISHED]
    keys: dict[Strategy, Callable[[ImageRecord], Any]] = {
        Strategy.UNCERTAINTY: doubt,
        Strategy.RANDOM: _draw,
        Strategy.NAME: _name,
    }
    return sorted(unfinished, key=keys[strategy])


def doubt(record: ImageRecord) -> float:
    """The mean score of the proposals: the lower, the more there is to learn. Without any 2.0, the last."""
    return 2.0 if record.mean_score is None else record.mean_score


def _draw(record: ImageRecord) -> bytes:
    import hashlib  # here: it loads OpenSSL, and the window needs only the other orders

    return hashlib.blake2b(str(record.path).encode("utf-8", "surrogateescape"), digest_size=8).digest()


def _name(record: ImageRecord) -> str:
    return str(record.path)

"""Which images the list shows and in which order: filter and sorting, apart from any widget.

For 100,000 images it takes up to a fifth of a second, so it is made for any thread: the order comes from
numbers that numpy sorts, which lets other threads of Python go on, where a sort of Python's would not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.annotation import ImageState
from app.ranking import FINISHED, doubt
from app.records import ImageRecord
from ui.image_records import Catalog

_PLACES = {state: float(number) for number, state in enumerate(ImageState)}
_LAST = 3.0  # after every score, and after those that have none (2.0)
_KEYS: dict[str, Callable[[ImageRecord], float]] = {
    "state": lambda record: _PLACES[record.state],
    "lowest score": lambda record: 2.0 if record.min_score is None else record.min_score,
    "most proposals": lambda record: -record.proposal_count,
    "worth": lambda record: _LAST if record.state in FINISHED else doubt(record),
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to see: names with this text in them, images in this state, in this order."""

    text: str = ""
    state: ImageState | None = None
    order: str = "name"

    @property
    def is_all(self) -> bool:
        """Whether it is simply the project's order: nothing has to be worked out."""
        return self == Wish()


def arranged(records: Sequence[ImageRecord], order: str) -> list[ImageRecord]:
    """Records, which come in natural order of their names, in one of the orders that the panel offers.

    Those that are alike stay as they come.
    """
    if order == "name":
        return list(records)
    keys = np.fromiter(map(_KEYS[order], records), np.float64, len(records))
    return [records[place] for place in np.argsort(keys, kind="stable").tolist()]


def arrange(records: Sequence[ImageRecord], wish: Wish) -> Catalog:
    """The records that pass the filter, in the chosen order."""
    needle = wish.text.casefold()
    if wish.state is not None:
        records = [record for record in records if record.state is wish.state]
    if needle:
        records = [record for record in records if needle in record.path.casefold()]
    return Catalog.of(arranged(records, wish.order))

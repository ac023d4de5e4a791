"""The open project's images as the image list shows them, and the order in which steps go through them.

Made for 100,000 images: what has to look at all of them is a `Catalog`, which any thread can make; the rest
looks at one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.annotation import PERSONS_WORK, AnnotationState, ImageId, ImageState
from app.records import ImageRecord

if TYPE_CHECKING:
    from app.document import ImageDocument


@dataclass(frozen=True, slots=True)
class Catalog:
    """Records in an order, and what is looked up in them. Whoever takes it owns it."""

    records: list[ImageRecord]
    ids: list[ImageId]
    places: dict[ImageId, int]  # in `records`
    states: Counter[ImageState]  # how many are in each

    @classmethod
    def of(cls, records: Iterable[ImageRecord]) -> Catalog:
        """Go through them all; on any thread."""
        kept = list(records)
        places = {record.id: place for place, record in enumerate(kept)}
        return cls(kept, list(places), places, Counter(record.state for record in kept))


class ImageRecords:
    """`all` in the project's order; `states`: how many are in each; `listed`: the image list's order."""

    def __init__(self, records: Iterable[ImageRecord] = ()) -> None:
        self._listed: tuple[Sequence[ImageId], dict[ImageId, int]] = (), {}
        self.take(records)

    def take(self, records: Catalog | Iterable[ImageRecord]) -> None:
        """The store has these now."""
        catalog = records if isinstance(records, Catalog) else Catalog.of(records)
        self.all, self._ids, self._places = catalog.records, catalog.ids, catalog.places
        self.states = catalog.states

    @property
    def listed(self) -> Sequence[ImageId]:
        """What the image list shows, in its order: steps follow it."""
        return self._listed[0]

    def list_as(self, catalog: Catalog) -> None:
        """The image list shows these."""
        self._listed = catalog.ids, catalog.places

    def in_order(self) -> Catalog:
        """All of them in the project's order, as they are now."""
        return Catalog(list(self.all), self._ids, self._places, self.states)

    def get(self, image_id: ImageId | None) -> ImageRecord | None:
        """The record of an image, None where the project has no such image."""
        place = self.place(image_id)
        return None if place is None else self.all[place]

    def place(self, image_id: ImageId | None) -> int | None:
        """Where in `all` an image stands."""
        return self._places.get(image_id) if image_id is not None else None

    def recount(self, document: ImageDocument) -> ImageRecord | None:
        """The record of a document's image as it is now; None if that is how it was known."""
        place = self._places.get(document.image.id)
        if place is None:
            return None
        there = document.annotations.values()
        scores = [each.score or 0.0 for each in there if each.state is AnnotationState.PROPOSED]
        record = replace(
            self.all[place],
            state=document.state,
            width=document.image.width,
            height=document.image.height,
            annotation_count=sum(each.state in PERSONS_WORK for each in there),
            proposal_count=len(scores),
            mean_score=sum(scores) / len(scores) if scores else None,
            min_score=min(scores, default=None),
        )
        before = self.all[place]
        if record == before:
            return None
        self.all[place] = record
        self.states[before.state] -= 1
        self.states[record.state] += 1
        return record

    def beyond(
        self, image_id: ImageId | None, by: int, wanted: Callable[[ImageRecord], bool]
    ) -> ImageId | None:
        """The image `by` places after or before this one, counting only those `wanted`; None past the end."""
        ids, place = self._order(image_id)
        direction = 1 if by > 0 else -1
        left = abs(by)
        while left and 0 <= (place := place + direction) < len(ids):
            if wanted(self.all[self._places[ids[place]]]):
                left -= 1
                if not left:
                    return ids[place]
        return None

    def around(self, image_id: ImageId | None, count: int) -> tuple[list[ImageRecord], list[ImageRecord]]:
        """The `count` images after this one and the one before it; none around an image that is not there."""
        ids, place = self._order(image_id)
        if place < 0:
            return [], []
        after, before = ids[place + 1 : place + 1 + count], ids[max(place - 1, 0) : place]
        return [self.all[self._places[each]] for each in after], [
            self.all[self._places[each]] for each in before
        ]

    def _order(self, image_id: ImageId | None) -> tuple[Sequence[ImageId], int]:
        """The images as steps go, and where among them this one is (-1: nowhere).

        As the list has them; as the project has them when the list does not show this one.
        """
        for ids, places in (self._listed, (self._ids, self._places)):
            if image_id in places:
                return ids, places[image_id]
        return self._ids, -1

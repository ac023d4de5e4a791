"""The open project's images as the image list shows them, and the order in which steps go through them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.annotation import PERSONS_WORK, AnnotationState, ImageId
from app.records import ImageRecord

if TYPE_CHECKING:
    from app.document import ImageDocument


class ImageRecords:
    """`all` in the project's order; `listed`: what the image list shows, in its order."""

    def __init__(self, records: Iterable[ImageRecord] = ()) -> None:
        self.listed: Sequence[ImageId] = ()
        self.take(records)

    def take(self, records: Iterable[ImageRecord]) -> None:
        """The store has these now."""
        self.all = list(records)
        self._places = {record.id: place for place, record in enumerate(self.all)}

    def get(self, image_id: ImageId | None) -> ImageRecord | None:
        """The record of an image, None where the project has no such image."""
        place = self._places.get(image_id) if image_id is not None else None
        return None if place is None else self.all[place]

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
        if record == self.all[place]:
            return None
        self.all[place] = record
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
        if image_id in self.listed:
            return self.listed, self.listed.index(image_id)
        ids = list(self._places)
        return ids, ids.index(image_id) if image_id in self._places else -1

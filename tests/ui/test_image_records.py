"""Looking things up in the images of a project, and the order of steps."""

from __future__ import annotations

from app.annotation import ImageId, ImageState
from app.records import ImageRecord
from ui.image_records import Catalog, ImageRecords


def records(*ids: int) -> list[ImageRecord]:
    return [ImageRecord(ImageId(each), f"{each}.jpg", 8, 6, ImageState.NEW) for each in ids]


def test_steps_follow_the_list_and_the_project_where_it_does_not_show_the_image() -> None:
    images = ImageRecords(records(1, 2, 3, 4))
    images.list_as(Catalog.of(records(4, 2)))
    assert images.beyond(ImageId(4), 1, lambda record: True) == 2
    assert images.beyond(ImageId(2), 1, lambda record: True) is None
    assert images.beyond(ImageId(3), 1, lambda record: True) == 4
    after, before = images.around(ImageId(3), 2)
    assert [each.id for each in [*after, *before]] == [4, 2]
    assert images.around(ImageId(9), 2) == ([], [])


def test_a_catalogue_knows_places_and_states() -> None:
    images = ImageRecords()
    images.take(Catalog.of(records(7, 5)))
    assert (images.place(ImageId(5)), images.place(ImageId(6)), images.place(None)) == (1, None, None)
    assert images.states == {ImageState.NEW: 2}
    assert images.listed == ()

"""What is read of an image comes on screen only while that image is wanted; its neighbours follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.annotation import ImageId, ImageState
from app.document import ImageDocument
from app.errors import InputError
from app.records import DocumentData, ImageRecord
from tests.ui.canvas_fakes import Journal
from ui.showing import LARGE, Showing

PIXELS: NDArray[np.uint8] = np.zeros((60, 80, 3), np.uint8)


def record(number: int) -> ImageRecord:
    return ImageRecord(ImageId(number), f"{number}.png", 80, 60, ImageState.NEW)


def document(number: int) -> ImageDocument:
    data = DocumentData(record(number), (), (), ())
    return ImageDocument(data, Journal(), lambda: pytest.fail("nothing is drawn here"))


class SlowReading:
    """Answers when the test says so."""

    def __init__(self) -> None:
        self.asked: dict[ImageId, tuple[Callable[[ImageDocument], object], Callable[..., object]]] = {}
        self.decoding: dict[ImageId, tuple[Callable[..., object], Callable[..., object]]] = {}
        self.known: dict[ImageId, NDArray[np.uint8]] = {}

    def __contains__(self, image_id: ImageId) -> bool:
        return False

    def pixels(self, image_id: ImageId) -> NDArray[np.uint8] | None:
        return self.known.get(image_id)

    def read(
        self, image_id: ImageId, then: Callable[[ImageDocument], object], failed: Callable[..., object]
    ) -> None:
        self.asked[image_id] = then, failed

    def decode(
        self, image_id: ImageId, path: str, then: Callable[..., object], failed: Callable[..., object]
    ) -> None:
        self.decoding[image_id] = then, failed


@pytest.fixture
def reading() -> SlowReading:
    return SlowReading()


@pytest.fixture
def showing(qtbot: QtBot, reading: SlowReading) -> Iterator[Showing]:
    parent = QObject()
    made = Showing(parent)
    made.begin(reading)  # type: ignore[arg-type]
    yield made
    made.stop()


@pytest.fixture
def told(showing: Showing) -> list[object]:
    """All that is told, in its order."""
    found: list[object] = []
    showing.arrived.connect(lambda made: found.append(made.image.id))
    showing.decoded.connect(lambda pixels: found.append(pixels.shape))
    for signal in (showing.missing, showing.undecoded):
        signal.connect(lambda error: found.append(str(error)))
    return found


def test_annotations_and_pixels_come_as_they_are_ready(
    showing: Showing, reading: SlowReading, told: list[object]
) -> None:
    showing.want(record(1), None)
    assert showing.wanted == 1
    reading.decoding[ImageId(1)][0](ImageId(1), PIXELS)
    reading.asked[ImageId(1)][0](document(1))
    assert told == [(60, 80, 3), 1]


def test_a_document_in_memory_is_there_at_once(
    showing: Showing, reading: SlowReading, told: list[object]
) -> None:
    showing.want(record(1), document(1))
    assert told == [1]
    assert not reading.asked


def test_what_comes_of_an_image_that_was_left_is_not_told(
    showing: Showing, reading: SlowReading, told: list[object]
) -> None:
    showing.want(record(1), None)
    showing.want(record(2), None)
    reading.asked[ImageId(1)][0](document(1))
    reading.decoding[ImageId(1)][0](ImageId(1), PIXELS)
    for failed in (reading.asked[ImageId(1)][1], reading.decoding[ImageId(1)][1]):
        failed(ImageId(1), InputError("gone"))
    assert told == []
    reading.asked[ImageId(2)][1](ImageId(2), InputError("no such image"))
    assert told == ["no such image"]


@pytest.mark.parametrize(("side", "decoded"), [(LARGE, True), (LARGE + 1, False), (0, False)])
def test_large_images_are_left_to_the_canvas(
    showing: Showing, reading: SlowReading, side: int, decoded: bool
) -> None:
    showing.want(replace(record(1), width=side, height=1), None)
    assert (ImageId(1) in reading.decoding) is decoded


def test_an_image_of_unknown_size_is_tried_when_it_is_shown(showing: Showing, reading: SlowReading) -> None:
    unknown = replace(record(1), width=0, height=0)
    showing.want(unknown, None)
    assert not reading.decoding
    showing.settle(unknown)
    assert reading.decoding  # why it cannot be read is told then


def test_neighbours_are_read_once_an_image_rests(
    showing: Showing, reading: SlowReading, told: list[object], qtbot: QtBot
) -> None:
    showing.want(record(1), document(1))
    with qtbot.waitSignal(showing.rested):
        showing.settle(record(1))
    ahead: list[ImageDocument] = []
    showing.read_ahead([record(2)], ahead.append)
    second = document(2)
    reading.asked[ImageId(2)][0](second)
    assert ahead == [second]
    assert told == [1]


def test_without_a_project_nothing_is_wanted(showing: Showing, reading: SlowReading) -> None:
    showing.want(record(1), None)
    showing.begin(None)
    assert showing.wanted is None
    assert showing.pixels(ImageId(1)) is None

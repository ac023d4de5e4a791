"""Bringing an image on screen: its annotations and its pixels are read beside the window, told as they come.

Only what belongs to the image that is wanted then is told of. Large images are left to the canvas, which
shows a preview first. Once an image has been shown for a moment its neighbours can be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.annotation import ImageId
from app.errors import InputError
from app.records import ImageRecord

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.document import ImageDocument
    from ui.reading import Reading

LARGE = 8_000_000  # pixels from which an image is left to the canvas
MOMENT = 120  # ms


class Showing(QObject):
    """Of one project at a time. GUI thread."""

    arrived = Signal(object)  # ImageDocument
    missing = Signal(object)  # InputError: the annotations cannot be read
    decoded = Signal(object)  # pixels (h, w, 3) RGB uint8
    undecoded = Signal(object)  # InputError
    rested = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.wanted: ImageId | None = None
        self._reading: Reading | None = None
        self._rest = QTimer(self, singleShot=True, interval=MOMENT)
        self._rest.timeout.connect(self.rested)

    def begin(self, reading: Reading | None) -> None:
        """Another project, or none; no image of it is wanted yet."""
        self._reading = reading
        self.leave()

    def leave(self) -> None:
        """No image is wanted."""
        self.wanted = None

    def stop(self) -> None:
        """Nobody looks any more: no neighbours are read."""
        self._rest.stop()

    def want(self, record: ImageRecord, known: ImageDocument | None) -> None:
        """Bring an image on screen; `known`: its document, if it is in memory."""
        self.wanted = record.id
        self._decode(record)  # beside the reading of its annotations
        if known is not None:
            self._arrived(known)
        else:
            self.read(record.id, self._arrived)

    def settle(self, image: ImageRecord) -> None:
        """Its annotations are shown: decode it if that is still to be done; the neighbours come next."""
        if self.pixels(image.id) is None:
            self._decode(image, unknown=True)
        self._rest.start()

    def pixels(self, image_id: ImageId) -> NDArray[np.uint8] | None:
        """The pixels of an image, if they are in memory."""
        return self._reading.pixels(image_id) if self._reading is not None else None

    def read(self, image_id: ImageId, then: Callable[[ImageDocument], object]) -> None:
        """Read an image's document; a fault is told of where the image is wanted."""
        if self._reading is not None:
            self._reading.read(image_id, then, self._unread)

    def read_ahead(self, records: Iterable[ImageRecord], then: Callable[[ImageDocument], object]) -> None:
        """Read what may be shown next."""
        for record in records:
            if self._reading is not None and record.id not in self._reading:
                self.read(record.id, then)
            self._decode(record)

    def _arrived(self, document: ImageDocument) -> None:
        if document.image.id == self.wanted:
            self.arrived.emit(document)

    def _unread(self, image_id: ImageId, error: InputError) -> None:
        if image_id == self.wanted:
            self.missing.emit(error)

    def _decode(self, record: ImageRecord, *, unknown: bool = False) -> None:
        """Decode an image that is not large; `unknown`: also one whose size is not known."""
        size = record.width * record.height
        if self._reading is not None and size <= LARGE and (size or unknown):
            self._reading.decode(record.id, record.path, self._decoded, self._undecoded)

    def _decoded(self, image_id: ImageId, pixels: NDArray[np.uint8]) -> None:
        if image_id == self.wanted:
            self.decoded.emit(pixels)

    def _undecoded(self, image_id: ImageId, error: InputError) -> None:
        if image_id == self.wanted:
            self.undecoded.emit(error)

"""Gives the stage the pixels of the session's image: its own, or a large file read here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from ui.canvas.sampling import Level
from ui.canvas.source import ImageSource
from ui.canvas.stage import Stage
from ui.session import Session
from ui.showing import LARGE
from ui.tools.pixels import pixels_of


class Feed(QObject):
    """The session decodes ordinary images and reads them ahead; larger ones are left to the canvas."""

    def __init__(self, session: Session, stage: Stage, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._stage = session, stage
        self._taken: NDArray[np.uint8] | None = None
        self.source = ImageSource(self)
        self.source.levels_changed.connect(self._arrived)
        self.source.failed.connect(lambda reason: session.message.emit(reason, "error"))

    def stop(self) -> None:
        """Another image: what is under way no longer counts."""
        self._taken = None
        pixels_of(self._session).set_levels(())
        self.source.cancel()

    def take(self, size: tuple[int, int]) -> None:
        """Show the session's pixels as soon as it has them; begin to read the file where it never will."""
        pixels, document, project = self._session.pixels, self._session.document, self._session.project
        if pixels is not None and pixels.shape[1::-1] == size:
            if pixels is not self._taken:
                self._taken = pixels
                self._stage.set_levels(self.source.open_pixels(pixels))
        elif project is None or document is None or self._stage.has_pixels:
            return
        elif size[0] * size[1] > LARGE:
            self.source.open_file(project.images_dir / document.image.path)

    def _arrived(self, levels: list[Level]) -> None:
        if self._session.document is not None:
            self._stage.set_levels(levels)
            pixels_of(self._session).set_levels(levels)
            if self._stage.is_full:
                self.source.prepare(self._large_neighbours())

    def _large_neighbours(self) -> list[Path]:
        """Files beside this one that the session leaves to the canvas."""
        project, records = self._session.project, self._session.records
        place = self._session.images.place(self._session.image_id)
        if project is None or place is None:
            return []
        near = [*records[place + 1 : place + 3], *records[max(place - 1, 0) : place]]
        return [project.images_dir / each.path for each in near if each.width * each.height > LARGE]

"""The pixels of the image on screen, for whoever works with its colours; GUI thread only.

The session decodes ordinary images. Larger ones are read by the canvas, as a pyramid: here its levels are at
hand, whole or just as fine as an instance needs them, and go with the image.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from ui.canvas.sampling import Level
    from ui.session import Session

ENOUGH = 512  # pixels of an instance's longer side that are worth reading: its grid has fewer cells

Pixels = NDArray[np.uint8]


class ImagePixels(QObject):
    """(H, W, 3) RGB of the session's image, whole or reduced."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._levels: tuple[Level, ...] = ()

    def set_levels(self, levels: Sequence[Level]) -> None:
        """The pyramid of the image on screen, as far as it is there; none: another image."""
        self._levels = tuple(levels)

    @property
    def whole(self) -> Pixels | None:
        """All pixels, None while they are not there."""
        if self._session.pixels is not None:
            return self._session.pixels
        return next((each.pixels for each in self._levels if each.factor == 1), None)

    @property
    def are_whole(self) -> bool:
        """Whether nothing finer will come."""
        return self.whole is not None

    def for_box(self, box: tuple[float, float, float, float]) -> Pixels | None:
        """The pixels for an instance with this box (x, y, width, height), whole or reduced; None: none yet.

        A large instance of a large image needs few of them: reading all would hold the hint up.
        """
        if self._session.pixels is not None:
            return self._session.pixels
        if not self._levels:
            return None
        most = max(box[2], box[3]) / ENOUGH
        enough = [each for each in self._levels if each.factor <= max(most, 1)]
        if enough:
            return max(enough, key=lambda each: each.factor).pixels
        return min(self._levels, key=lambda each: each.factor).pixels


def pixels_of(session: Session) -> ImagePixels:
    """The session's pixels."""
    found = session.findChild(ImagePixels)
    return found if isinstance(found, ImagePixels) else ImagePixels(session)

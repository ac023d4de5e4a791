"""The image under the canvas as a pyramid, made off the GUI thread: a small preview first, then all of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal, SignalInstance

from model.errors import ImageError
from ui.canvas.sampling import Level, pyramid

SMALL = 1_500_000  # pixels up to which a pyramid is made at once (a few milliseconds)
PREVIEW_FROM = 3_000_000  # pixels from which a preview is decoded first


class ImageSource(QObject):
    """Gives the levels of the image that was asked for last; older answers are dropped."""

    levels_changed: SignalInstance = Signal(object)  # type: ignore[assignment]  # list[Level]
    failed: SignalInstance = Signal(str)  # type: ignore[assignment]
    _sent: SignalInstance = Signal(int, object)  # type: ignore[assignment]

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool: ThreadPoolExecutor | None = None
        self._token = 0
        self._sent.connect(self._receive, Qt.ConnectionType.QueuedConnection)

    def open_pixels(self, pixels: NDArray[np.uint8]) -> list[Level]:
        """The levels of decoded pixels (h, w, 3); of a large image the first only, the others follow."""
        self._token += 1
        if pixels.shape[0] * pixels.shape[1] <= SMALL:
            return pyramid(pixels)
        self._submit(lambda token: self._sent.emit(token, pyramid(pixels)))
        return [Level(1, pixels)]

    def open_file(self, path: Path) -> None:
        """Decode a file: the levels come by `levels_changed`, twice for a large one, or `failed`."""
        self._token += 1
        self._submit(lambda token: self._read(token, path))

    def cancel(self) -> None:
        """Nothing that is under way will be announced."""
        self._token += 1

    def close(self) -> None:
        """Wait for what is under way."""
        self.cancel()
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _submit(self, work: Callable[[int], None]) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="image")
        token = self._token
        self._pool.submit(lambda: work(token) if token == self._token else None)

    def _read(self, token: int, path: Path) -> None:
        from model.image_io import read_header, read_image  # the window is there before Pillow is

        try:
            header = read_header(path)
            if header.width * header.height >= PREVIEW_FROM and header.format in ("JPEG", "MPO"):
                factor = 8 if header.width * header.height > 8 * PREVIEW_FROM else 4
                self._sent.emit(token, pyramid(read_image(path, factor), factor))
            if token == self._token:
                self._sent.emit(token, pyramid(read_image(path)))
        except ImageError as error:
            self._sent.emit(token, str(error))

    def _receive(self, token: int, answer: object) -> None:
        if token != self._token:
            return
        if isinstance(answer, str):
            self.failed.emit(answer)
        else:
            self.levels_changed.emit(answer)

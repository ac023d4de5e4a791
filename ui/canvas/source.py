"""The image under the canvas as a pyramid, made off the GUI thread: a small preview first, then all of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Qt, Signal

from model.errors import ImageError
from ui.canvas.sampling import Level, pyramid

PREVIEWS_KEPT = 6
SMALL = 1_500_000  # pixels up to which a pyramid is made at once (a few milliseconds)
PREVIEW_FROM = 3_000_000  # pixels from which a preview is decoded first


def preview_factor(pixels: int, form: str) -> int:
    """By how much a preview of a file is reduced; 1: none is made, it would cost as much as the whole."""
    if pixels < PREVIEW_FROM or form not in ("JPEG", "MPO"):
        return 1
    return 8 if pixels > 8 * PREVIEW_FROM else 4


def make_preview(path: Path) -> list[Level]:
    """The levels of a preview; none where it would be of no use, or the file cannot be read."""
    from model.image_io import read_header, read_image  # the window is there before Pillow is

    try:
        header = read_header(path)
        factor = preview_factor(header.width * header.height, header.format)
        return pyramid(read_image(path, factor), factor) if factor > 1 else []
    except ImageError:
        return []  # said in words by whoever reads all of it


class ImageSource(QObject):
    """Gives the levels of the image that was asked for last; older answers are dropped."""

    levels_changed = Signal(object)  # list[Level]
    failed = Signal(str)
    _sent = Signal(int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool: ThreadPoolExecutor | None = None
        self._token = 0
        self._whole = 0  # the last request of which all pixels have come
        self._previews: OrderedDict[Path, list[Level]] = OrderedDict()  # of files that may be opened next
        self._sent.connect(self._receive, Qt.ConnectionType.QueuedConnection)

    def open_pixels(self, pixels: NDArray[np.uint8]) -> list[Level]:
        """The levels of decoded pixels (h, w, 3); of a large image the first only, the others follow."""
        self._token += 1
        if pixels.shape[0] * pixels.shape[1] <= SMALL:
            return pyramid(pixels)
        self._submit(lambda token: self._sent.emit(token, pyramid(pixels)))
        return [Level(1, pixels)]

    def open_file(self, path: Path) -> None:
        """Decode a file: the levels come by `levels_changed`, twice for a large one, or `failed`.

        A preview that was made ahead comes before this returns.
        """
        self._token += 1
        known = self._previews.get(path)
        if known is not None:
            self.levels_changed.emit(known)
        else:
            self._submit(lambda token: self._read_preview(token, path))
        self._submit(lambda token: self._read(token, path))

    def prepare(self, paths: Sequence[Path]) -> None:
        """Make previews of files that may be opened next, after what is under way."""
        for path in paths:
            if path not in self._previews:
                self._submit(partial(self._foresee, path))

    def _foresee(self, path: Path, token: int) -> None:
        self._preview(path)

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
            self._pool = ThreadPoolExecutor(2, thread_name_prefix="image")
        token = self._token
        self._pool.submit(lambda: work(token) if token == self._token else None)

    def _preview(self, path: Path) -> None:
        levels = make_preview(path)
        if levels:
            self._previews[path] = levels
        while len(self._previews) > PREVIEWS_KEPT:
            self._previews.popitem(last=False)

    def _read_preview(self, token: int, path: Path) -> None:
        """Beside `_read`, on the other thread."""
        levels = make_preview(path)
        if levels:
            self._sent.emit(token, levels)

    def _read(self, token: int, path: Path) -> None:
        from model.image_io import read_image  # the window is there before Pillow is

        try:
            self._sent.emit(token, pyramid(read_image(path)))
        except ImageError as error:
            self._sent.emit(token, str(error))

    def _receive(self, token: int, answer: object) -> None:
        if token != self._token:
            return
        if isinstance(answer, str):
            self.failed.emit(answer)
        elif isinstance(answer, list) and (answer[0].factor == 1 or self._whole != token):
            if answer[0].factor == 1:
                self._whole = token  # a preview that comes later is of no use
            self.levels_changed.emit(answer)

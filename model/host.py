"""The model's process: answers the messages of `model/messages.py` over a pipe, one at a time.

A bad image or bad weights cost one `Failed` answer; so does running out of memory. Anything else is a bug
and ends the process with its traceback. The end of the pipe ends it too. Torch is imported with the first
request, so that the process is there at once.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError
from model.image_io import read_header, read_image
from model.messages import Answer, Failed, Loaded, LoadModel, Predict, Predicted, Shutdown
from model.region import cut, reduction, whole_pixels

if TYPE_CHECKING:
    from model.predictor import Predictor

KEPT_BYTES = 600 << 20  # of one decoded image; a larger one is decoded anew for each of its regions


def serve(connection: Connection) -> None:
    """Answer until `Shutdown`, or until the other side is gone."""
    host = _Host()
    with connection, contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while not isinstance(request := connection.recv(), Shutdown):
            connection.send(host.answer(request))


class _Host:
    """At most one loaded model, which stays until another has loaded in full."""

    def __init__(self) -> None:
        self._predictor: Predictor | None = None
        self._pictures = _Pictures()

    def answer(self, request: LoadModel | Predict) -> Answer:
        try:
            return self._load(request) if isinstance(request, LoadModel) else self._predict(request)
        except InputError as error:
            return Failed(request.request, str(error))
        except MemoryError:
            return Failed(request.request, _memory_words(request))
        except RuntimeError as error:
            if _out_of_memory(error):
                return Failed(request.request, _memory_words(request))
            raise

    def _load(self, request: LoadModel) -> Loaded:
        from model.predictor import Predictor

        self._predictor = Predictor(request.weights, request.device)
        return Loaded(
            request.request,
            self._predictor.model_version,
            self._predictor.categories,
            self._predictor.device,
        )

    def _predict(self, request: Predict) -> Answer:
        if self._predictor is None:
            return Failed(request.request, "expected a loaded model before the first image, got none")
        start = time.perf_counter()
        header = read_header(request.image)
        size = header.width, header.height
        region = None if request.region is None else whole_pixels(request.region, *size)
        reduce = reduction(header, self._predictor.config, region)
        if region is not None and reduce > 1:
            region = whole_pixels(region, *size, step=reduce)
        image = self._pictures.read(request.image, reduce, keep=region is not None)
        if region is not None:
            image = cut(image, region, step=reduce)
        decode = time.perf_counter() - start
        prediction = self._predictor.predict(
            image,
            request.min_score,
            request.max_detections,
            size=size,
            region=region,
            anchors=request.anchors,
        )
        return Predicted(
            request.request, replace(prediction, seconds={"decode": decode, **prediction.seconds})
        )


class _Pictures:
    """Decodes images; keeps the last one of which a region was asked for, since more of it will be."""

    def __init__(self) -> None:
        self._key: object = None
        self._pixels: NDArray[np.uint8] | None = None

    def read(self, path: Path, reduce: int, *, keep: bool) -> NDArray[np.uint8]:
        """The pixels of a file as it is now. Raises ImageError."""
        try:
            stat = path.stat()
            key = path, stat.st_mtime_ns, stat.st_size, reduce
        except OSError:
            key = None  # `read_image` says it in words
        if key is not None and key == self._key and self._pixels is not None:
            return self._pixels
        self._key = self._pixels = None  # first: two large images may not fit
        pixels = read_image(path, reduce)
        if keep and pixels.nbytes <= KEPT_BYTES:
            self._key, self._pixels = key, pixels
        return pixels


def _out_of_memory(error: RuntimeError) -> bool:
    """Torch has its own error for GPUs only; on the CPU the words are all there is."""
    return type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error)


def _memory_words(request: LoadModel | Predict) -> str:
    name = request.weights if isinstance(request, LoadModel) else request.image.name
    return f"{name}: needs more memory than there is: use a smaller one, or close other programs"

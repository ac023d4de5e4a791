"""The model's process: answers the messages of `model/messages.py` over a pipe, one at a time; batches of
images in `model/batches.py`.

A bad image or bad weights cost one `Failed` answer; so does running out of memory. Anything else is a bug
and ends the process with its traceback. The end of the pipe ends it too. Torch is imported with the first
request, so that the process is there at once.
"""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError
from model.image_io import read_header, read_image
from model.messages import (
    Answer,
    Failed,
    Loaded,
    LoadModel,
    Passed,
    Predict,
    Predicted,
    PredictMany,
    Request,
    Shutdown,
)
from model.region import cut, reduction, whole_pixels

if TYPE_CHECKING:
    from model.batches import Batches
    from model.predictor import Predictor

NO_MODEL = "expected a loaded model before the first image, got none"
POLL = 0.02  # seconds between two looks at what is under way on another thread
KEPT_BYTES = 600 << 20  # of one decoded image; a larger one is decoded anew for each of its regions


def serve(connection: Connection) -> None:
    """Answer until `Shutdown`, or until the other side is gone."""
    host = _Host(connection)
    with connection, contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError), host:
        while not isinstance(request := host.next_request(), Shutdown):
            if isinstance(request, PredictMany):
                host.predict_many(request)
            else:
                host.send(host.answer(request))


class _Host:
    """At most one loaded model, which stays until another has loaded in full."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        self._predictor: Predictor | None = None
        self._batches: Batches | None = None
        self._pictures = _Pictures()

    def __enter__(self) -> _Host:
        return self

    def __exit__(self, *_: object) -> None:
        if self._batches is not None:
            self._batches.close()

    def next_request(self) -> Request:
        """The next one; meanwhile a bug in what is under way on another thread is raised here."""
        while self._batches is not None and not self._batches.settle(wait=False):
            if self._connection.poll(POLL):
                break
        return self._connection.recv()

    def send(self, answer: Answer) -> None:
        """Send an answer; from any thread."""
        with self._sending:
            self._connection.send(answer)

    def answer(self, request: LoadModel | Predict) -> Answer:
        """The answer to a request that has one."""
        try:
            return self._load(request) if isinstance(request, LoadModel) else self._predict(request)
        except InputError as error:
            return Failed(request.request, str(error))
        except (MemoryError, RuntimeError) as error:
            if out_of_memory(error):
                return Failed(request.request, memory_words(_name(request)))
            raise

    def predict_many(self, request: PredictMany) -> None:
        """Answer each image of the request."""
        if self._predictor is None or self._batches is None:
            for each in request.images:
                self.send(Failed(each.request, NO_MODEL))
            self.send(Passed(request.request))
            return
        self._batches.run(request)

    def _load(self, request: LoadModel) -> Loaded:
        from model.batches import Batches
        from model.predictor import Predictor

        predictor = Predictor(request.weights, request.device, precision="auto", batch=request.batch)
        if self._batches is not None:
            self._batches.close()
        self._predictor, self._batches = predictor, Batches(predictor, self.send)
        return Loaded(
            request.request, predictor.model_version, predictor.categories, predictor.device, predictor.batch
        )

    def _predict(self, request: Predict) -> Answer:
        if self._predictor is None:
            return Failed(request.request, NO_MODEL)
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


def out_of_memory(error: BaseException) -> bool:
    """Torch has its own error for GPUs only; on the CPU the words are all there is."""
    if isinstance(error, MemoryError):
        return True
    return type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error)


def memory_words(name: object) -> str:
    """What is said where an image or weights do not fit."""
    return f"{name}: needs more memory than there is: use a smaller one, or close other programs"


def _name(request: LoadModel | Predict) -> object:
    return request.weights if isinstance(request, LoadModel) else request.image.name

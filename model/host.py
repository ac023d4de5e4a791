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
from typing import TYPE_CHECKING

from model.errors import InputError
from model.image_io import REDUCTIONS, ImageHeader, read_header, read_image
from model.messages import Answer, Failed, Loaded, LoadModel, Predict, Predicted, Shutdown

if TYPE_CHECKING:
    from model.config import ModelConfig
    from model.predictor import Predictor


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
        image = read_image(request.image, reduction(header, self._predictor.config))
        decode = time.perf_counter() - start
        prediction = self._predictor.predict(
            image, request.min_score, request.max_detections, size=(header.width, header.height)
        )
        return Predicted(
            request.request, replace(prediction, seconds={"decode": decode, **prediction.seconds})
        )


def reduction(header: ImageHeader, config: ModelConfig) -> int:
    """How much a JPEG may be reduced while it is decoded: at least twice the network's input remains.

    Only for networks that average when they shrink, which comes to the same; published ones see every pixel.
    """
    if not config.antialias or header.format not in ("JPEG", "MPO"):
        return 1
    fits = min(header.width, header.height) // (2 * config.input_size)
    return max(each for each in REDUCTIONS if each <= max(fits, 1))


def _out_of_memory(error: RuntimeError) -> bool:
    """Torch has its own error for GPUs only; on the CPU the words are all there is."""
    return type(error).__name__ == "OutOfMemoryError" or "not enough memory" in str(error)


def _memory_words(request: LoadModel | Predict) -> str:
    name = request.weights if isinstance(request, LoadModel) else request.image.name
    return f"{name}: needs more memory than there is: use a smaller one, or close other programs"

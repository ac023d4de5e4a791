"""Many whole images through one network: decoded ahead on threads, run together, finished on another thread.

While the network runs over one batch, the next one's files are decoded and brought to the network's size, and
detections are drawn from the one before. What is held at a time is bounded: the inputs of two batches, the
outputs of two, and as many decoded images as there are threads (of large ones, one).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from model.errors import InputError
from model.host import memory_words, out_of_memory
from model.image_io import read_header, read_image
from model.messages import Answer, Failed, Passed, Predict, Predicted, PredictMany
from model.predictor import Predictor
from model.region import reduction
from model.yolact import RawOutput

LARGE = 128 << 20  # bytes of a decoded image from which only one is decoded at a time
MOST_THREADS = 8


@dataclass(frozen=True, slots=True, eq=False)
class _Ready:
    """An image as the network takes it, (1, 3, s, s), and its size in image pixels."""

    inputs: Tensor
    size: tuple[int, int]
    seconds: dict[str, float]


class Batches:
    """Runs `PredictMany` requests of one predictor; `answer` is called from two threads."""

    def __init__(self, predictor: Predictor, answer: Callable[[Answer], None]) -> None:
        self._predictor, self._answer = predictor, answer
        threads = 1 if predictor.device == "cpu" else min(MOST_THREADS, os.cpu_count() or 1)
        self._decoders = ThreadPoolExecutor(threads, "decode")
        self._finisher = ThreadPoolExecutor(1, "finish", initializer=torch.set_num_threads, initargs=(1,))
        self._ahead: dict[Path, Future[_Ready]] = {}
        self._one_large = threading.Lock()
        self._finishing: Future[None] | None = None

    def run(self, request: PredictMany) -> None:
        """Answer all images of the request, the last ones perhaps after it returns, and say `Passed`."""
        wanted = dict.fromkeys([*(each.image for each in request.images), *request.ahead])
        for path in [path for path in self._ahead if path not in wanted]:
            self._ahead.pop(path).cancel()
        for path in wanted:
            if path not in self._ahead:
                self._ahead[path] = self._decoders.submit(self._prepare, path)
        ready: list[tuple[Predict, _Ready]] = []
        for each in request.images:
            try:
                ready.append((each, self._ahead[each.image].result()))
            except InputError as error:
                self._answer(Failed(each.request, str(error)))
            except (MemoryError, RuntimeError) as error:
                if not out_of_memory(error):
                    raise
                self._answer(Failed(each.request, memory_words(each.image.name)))
        for each in request.images:
            self._ahead.pop(each.image, None)
        if ready:
            self._forward(ready)
        self._answer(Passed(request.request))

    def settle(self, *, wait: bool = True) -> bool:
        """Whether nothing is under way; a bug on the other thread is raised here."""
        if self._finishing is not None and (wait or self._finishing.done()):
            finishing, self._finishing = self._finishing, None
            finishing.result()
        return self._finishing is None

    def close(self) -> None:
        """End the threads."""
        self._decoders.shutdown(cancel_futures=True)
        self._finisher.shutdown()

    def _prepare(self, path: Path) -> _Ready:
        start = time.perf_counter()
        header = read_header(path)
        reduce = reduction(header, self._predictor.config, None)
        large = 3 * header.width * header.height // reduce**2 > LARGE
        if large:
            self._one_large.acquire()
        try:
            image = read_image(path, reduce)
            decoded = time.perf_counter()
            inputs = self._predictor.prepare(image)
        finally:
            if large:
                self._one_large.release()
        seconds = {"decode": decoded - start, "transform": time.perf_counter() - decoded}
        return _Ready(inputs, (header.width, header.height), seconds)

    def _forward(self, ready: Sequence[tuple[Predict, _Ready]]) -> None:
        """Run the network; where memory does not do for all together, over each half."""
        start = time.perf_counter()
        try:
            raw = self._predictor.forward(torch.cat([each.inputs for _, each in ready]))
        except (MemoryError, RuntimeError) as error:
            if not out_of_memory(error):
                raise
            raw = None
        if raw is None:
            half = len(ready) // 2
            if half:
                self._forward(ready[:half])
                self._forward(ready[half:])
            else:
                request = ready[0][0]
                self._answer(Failed(request.request, memory_words(request.image.name)))
            return
        seconds = (time.perf_counter() - start) / len(ready)
        self.settle()
        self._finishing = self._finisher.submit(self._finish, list(ready), raw, seconds)

    def _finish(self, ready: Sequence[tuple[Predict, _Ready]], raw: RawOutput, forward: float) -> None:
        for index, (request, each) in enumerate(ready):
            prediction = self._predictor.finish(
                raw,
                index,
                size=each.size,
                min_score=request.min_score,
                max_detections=request.max_detections,
                seconds={**each.seconds, "forward": forward},
            )
            self._answer(Predicted(request.request, prediction))

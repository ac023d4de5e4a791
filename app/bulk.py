"""Many images through the model's process in order: asked ahead, and masks made on other threads meanwhile.

While the network runs, the files after are decoded (in the model's process) and what the network said of the
files before becomes masks and run-lengths here. How much is held at a time is bounded.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from app.errors import HostError, InputError
from app.inference import Inference
from model.messages import Prediction

T = TypeVar("T")
R = TypeVar("R")
AHEAD = 4  # requests with the model's process at a time: it never waits for us
BATCHES_AHEAD = 3  # one in the network, one being decoded, one being answered
MOST_THREADS = 4
DEATHS = 5  # of the model's process in a row, on different files: something else is wrong


class Deaths:
    """How often the model's process ended in a row: a run ends with it when it dies on every file."""

    def __init__(self) -> None:
        self._in_a_row = 0

    def none(self) -> None:
        """A file was answered."""
        self._in_a_row = 0

    def count(self, error: InputError) -> None:
        """A file failed. HostError when it was one too many that the process died over."""
        self._in_a_row = self._in_a_row + 1 if isinstance(error, HostError) else 0
        if self._in_a_row >= DEATHS:
            raise HostError(
                f"the model's process ended {DEATHS} times in a row; the images done so far are kept; "
                "free memory or choose another device, then go on"
            ) from error


def in_order(
    items: Iterable[T],
    inference: Inference,
    ask: Callable[[T], Prediction | Future[Prediction]],
    finish: Callable[[T, Prediction], R],
) -> Generator[tuple[T, Future[R]], None, None]:
    """Each item with what `finish` makes of its prediction, on a thread; the future raises what went wrong.

    `ask` gives the prediction or a request for it. Closing the iterator cancels what has not begun.
    """
    ahead = max(AHEAD, BATCHES_AHEAD * inference.batch)
    threads = min(max(inference.batch, 1), MOST_THREADS, os.cpu_count() or 1)
    asked: deque[tuple[T, Prediction | Future[Prediction]]] = deque()
    made: deque[tuple[T, Prediction | Future[Prediction], Future[R]]] = deque()
    source = iter(items)

    def finished(item: T, answer: Prediction | Future[Prediction]) -> R:
        return finish(item, answer.result() if isinstance(answer, Future) else answer)

    with ThreadPoolExecutor(threads, "bulk") as pool:
        try:
            while True:
                while len(asked) < ahead:
                    try:
                        item = next(source)
                    except StopIteration:
                        break
                    asked.append((item, ask(item)))
                while asked and len(made) <= threads:  # masks are large: few images' are held
                    item, answer = asked.popleft()
                    made.append((item, answer, pool.submit(finished, item, answer)))
                if not made:
                    return
                item, _, result = made.popleft()
                yield item, result
        finally:
            for _, answer, result in made:
                result.cancel()
                asked.append((_, answer))
            for _, answer in asked:
                if isinstance(answer, Future):
                    inference.cancel(answer)

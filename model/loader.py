"""Batches in a fixed, endless order, made ahead by threads.

Everything about example number n of a run follows from the seed and n: the epoch's order, the random changes.
So a resumed run goes on exactly, in whatever thread an example is made, and each process of a distributed
run takes its own share. An image that cannot be used is replaced by another one, and counted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from model.errors import InputError
from model.opencv import cv2
from model.samples import Sample
from model.targets import Example

MakeExample = Callable[[Sample, np.random.Generator, Callable[[], Sample]], Example | None]
# What a strange image or annotation can bring about between its file and the network.
FAULTS = (InputError, cv2.error, ValueError, ArithmeticError, LookupError, MemoryError, OSError)
DRAWS = 1 << 62  # of seeds for what the losses choose at random
TRIES = 50  # examples in a row that cannot be made, before the run gives up


class Loader:
    """An endless sequence of batches from `position` (in examples of the whole run) on."""

    def __init__(
        self,
        count: int,
        get: Callable[[int], Sample],
        make: MakeExample,
        *,
        batch_size: int,
        seed: int,
        rank: int = 0,
        world: int = 1,
        workers: int = 1,
        ahead: int = 4,
        start_iteration: int = 0,
    ) -> None:
        self._count, self._get, self._make = count, get, make
        self._batch_size, self._seed = batch_size, seed
        self._rank, self._world = rank, world
        self._ahead = ahead
        self._iteration = start_iteration
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="examples")
        self.skipped: Counter[str] = Counter()  # why images were passed over

    def __iter__(self) -> Iterator[list[Example]]:
        waiting: deque[list[Future[Example]]] = deque()
        while True:
            while len(waiting) <= self._ahead:
                waiting.append([self._pool.submit(self._example, number) for number in self._numbers()])
                self._iteration += 1
            yield [future.result() for future in waiting.popleft()]

    def close(self) -> None:
        """Stop the threads; nothing more can be read."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _numbers(self) -> list[int]:
        """This process' examples of the next iteration, counted over the whole run."""
        first = (self._iteration * self._world + self._rank) * self._batch_size
        return list(range(first, first + self._batch_size))

    def index(self, number: int) -> int:
        """Which image example `number` shows: every epoch goes through all, in another order."""
        epoch, place = divmod(number, self._count)
        return int(np.random.default_rng((self._seed, epoch)).permutation(self._count)[place])

    def _example(self, number: int) -> Example:
        rng = np.random.default_rng((self._seed, 1, number))
        index = self.index(number)

        def another() -> Sample:
            return self._get(int(rng.integers(self._count)))

        for _ in range(TRIES):
            name = f"image {index}"
            try:
                sample = self._get(index)
                name = sample.name or name
                example = self._make(sample, rng, another)
            except FAULTS as error:
                self.skipped[_reason(error, name)] += 1
                example = None
            if example is not None:
                return replace(example, name=name, draw=int(rng.integers(DRAWS)))
            index = int(rng.integers(self._count))
        raise InputError(
            f"expected images to train on, got {TRIES} in a row that cannot be used; "
            f"the last reasons: {'; '.join(list(self.skipped)[-2:]) or 'no object is left after the crop'}"
        )


def _reason(error: BaseException, name: str) -> str:
    """One line that names the image."""
    if isinstance(error, InputError):
        return str(error)
    words = (str(error).strip().splitlines() or [""])[0][:120]
    return f"{name}: cannot be used for training ({type(error).__name__}: {words})"

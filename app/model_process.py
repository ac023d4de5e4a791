"""One model version loaded in a process of its own, asked for images in messages; answers find their jobs.

Over `app.host_process`, which knows nothing of models. No policy: whether a death is survived, and what
becomes of the jobs it left, is for the owner to say. Used by one thread, except `pid`, `loaded`, `batch` and
`stop`.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from app.errors import InputError
from app.host_process import HostProcess
from app.job_queue import Job
from model.messages import (
    Answer,
    Failed,
    Loaded,
    LoadModel,
    Passed,
    Predict,
    Predicted,
    Prediction,
    PredictMany,
)

SERVE = "model.host:serve"

Result = Prediction | InputError


class ModelProcess:
    """At most one child at a time. `ask` and `receive` call `answered(job, result)` for each answer."""

    def __init__(
        self,
        weights: Path,
        device: str,
        answered: Callable[[Job, Result], object],
        *,
        serve: str = SERVE,
        batch: int | None = None,
        load_patience: float,
        patience: float,
    ) -> None:
        """Nothing is started. `serve`: "module:function" run in the child; patience in seconds an answer."""
        self.weights, self.device = weights, device
        self.loaded: Loaded | None = None
        self._answered = answered
        self._serve, self._batch = serve, batch
        self._load_patience, self._patience = load_patience, patience
        self._requests = itertools.count(1)
        self._under_way: dict[int, Job] = {}  # by the request's number
        self._guard = threading.Lock()  # around the child: `stop` comes from other threads
        self._process: HostProcess | None = None
        self._stopped = False

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        with self._guard:
            return self._process.pid if self._process else None

    @property
    def batch(self) -> int:
        """Images that can be sent together; 0 while nothing is loaded."""
        loaded = self.loaded
        return loaded.batch if loaded else 0

    @property
    def busy(self) -> bool:
        """Whether answers are still on their way."""
        return bool(self._under_way)

    @property
    def gone(self) -> bool:
        """Whether the child ended by itself."""
        return self._process is not None and not self._process.alive

    def start(self) -> None:
        """Start a child: it has a `pid` from here on."""
        process = HostProcess(self._serve)
        with self._guard:
            self._process = process
            if self._stopped:
                process.kill()

    def load(self) -> Loaded:
        """Have the child load the model. HostDied; InputError: the weights are of no use."""
        assert self._process is not None
        request = next(self._requests)
        self._process.send(LoadModel(request, self.weights, self.device, self._batch))
        while True:
            answer = self._process.receive(self._load_patience)
            if answer.request == request and isinstance(answer, Failed):
                raise InputError(answer.reason)
            if answer.request == request and isinstance(answer, Loaded):
                self.loaded = answer
                return answer

    def ask(self, jobs: Sequence[Job], ahead: tuple[Path, ...] = ()) -> None:
        """Send these, and come back when the network is free again; answers may still be on their way.

        `ahead`: files that will be asked for next and can be decoded meanwhile. HostDied.
        """
        assert self._process is not None
        numbers = {next(self._requests): job for job in jobs}
        self._under_way.update(numbers)
        requests = [
            Predict(number, job.image, job.min_score, job.max_detections, job.region, job.anchors)
            for number, job in numbers.items()
        ]
        whole = None
        if self.batch and all(job.shares for job in jobs):
            whole = next(self._requests)
            self._process.send(PredictMany(whole, tuple(requests), ahead))
        else:
            self._process.send(requests[0])
        while any(number in self._under_way for number in numbers):
            answer = self.receive()
            if isinstance(answer, Passed) and answer.request == whole:
                return

    def receive(self) -> Answer:
        """The next answer, told to whoever waits for it; stale ones are dropped. HostDied."""
        assert self._process is not None
        answer = self._process.receive(self._patience)
        if isinstance(answer, Predicted | Failed) and answer.request in self._under_way:
            job = self._under_way.pop(answer.request)
            result = answer.prediction if isinstance(answer, Predicted) else InputError(answer.reason)
            self._answered(job, result)
        return answer

    def bury(self) -> list[Job]:
        """What is left of a child that died is put away. Returns the jobs that it did not answer."""
        left, self._under_way = list(self._under_way.values()), {}
        if process := self._let_go():
            process.kill()
            process.close()
        return left

    def stop(self) -> None:
        """From any thread: the child is ended now, and no later one lives."""
        with self._guard:
            self._stopped = True
            if self._process:
                self._process.kill()

    def close(self) -> None:
        """End the child, by asking if it listens."""
        if process := self._let_go():
            process.close()

    def _let_go(self) -> HostProcess | None:
        with self._guard:
            process, self._process, self.loaded = self._process, None, None
        return process

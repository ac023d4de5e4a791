"""Predictions on request: owns the model's process, queues what is asked, and survives its deaths.

The most urgent request is next; whole images of a folder go through the network together, as many as suit the
device, so that the screen waits for one batch at most. A death (crash, kill, out of memory, hang) costs the
image under way and nothing else: the process is started again for the next one, and the others of its batch
are tried one by one. Futures are answered on the supervising thread; callbacks on them must be short and must
not raise.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from app.errors import HostError, InputError
from app.events import Event
from app.host_process import HostDied, HostProcess
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
    Region,
)

SERVE = "model.host:serve"
DEATHS_ALLOWED = 3  # in a row on one file, or while loading: then it is not tried again


_Key = tuple[Path, float, int, Region | None, bool]


class Priority(IntEnum):
    """Who is served first."""

    SCREEN = 0  # the image a person looks at
    AHEAD = 1  # the next ones
    BULK = 2  # a whole folder


@dataclass(slots=True, eq=False)
class _Job:
    """One image to predict and everyone who waits for it."""

    image: Path
    min_score: float
    max_detections: int
    region: Region | None = None
    anchors: bool = False
    waiting: list[Future[Prediction]] = field(default_factory=list)
    taken: bool = False
    priority: int = 0
    order: int = 0
    alone: bool = False  # the process died over it and others: it is tried by itself

    @property
    def wanted(self) -> bool:
        return any(not future.cancelled() for future in self.waiting)

    @property
    def whole(self) -> bool:
        """Whether it can be one of a batch."""
        return not (self.alone or self.anchors or self.region)

    @property
    def key(self) -> _Key:
        return self.image, self.min_score, self.max_detections, self.region, self.anchors


class Inference:
    """One model version, answering in its own process. Thread-safe.

    `status` tells in words, on the supervising thread, when the model loads, is ready or has died.
    """

    def __init__(
        self,
        weights: Path,
        device: str = "auto",
        *,
        serve: str | None = None,
        load_patience: float = 180.0,
        patience: float = 120.0,
        batch: int | None = None,
    ) -> None:
        """Nothing is started yet: the first request (or `load`) starts the process.

        `batch`: whole images of `Priority.BULK` that the network sees together; None: as suits the device.

        `serve`: "module:function" run in the child, `SERVE` by default. `patience`: seconds without an
        answer after which the child counts as hung and is ended.
        """
        self.weights = weights
        self.device = device
        self.status: Event[str] = Event()
        self._serve = serve or SERVE
        self._batch = batch
        self._load_patience, self._patience = load_patience, patience
        self._changed = threading.Condition()
        self._queue: list[tuple[int, int, _Job]] = []
        self._jobs: dict[_Key, _Job] = {}
        self._under_way: dict[int, _Job] = {}  # by the request's number; the supervising thread's
        self._loads: list[Future[Loaded]] = []
        self._order = itertools.count()
        self._requests = itertools.count(1)
        self._process: HostProcess | None = None
        self._loaded: Loaded | None = None
        self._broken: InputError | None = None
        self._deaths: dict[Path, int] = {}
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        process = self._process
        return process.pid if process else None

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._loaded is not None

    @property
    def batch(self) -> int:
        """Bulk images that are sent together; 0 while nothing is loaded."""
        loaded = self._loaded
        return loaded.batch if loaded else 0

    @property
    def broken(self) -> bool:
        """Whether it was given up: the model cannot be loaded here."""
        return self._broken is not None

    def load(self) -> Future[Loaded]:
        """Start the process and load the model, ahead of the first prediction."""
        future: Future[Loaded] = Future()
        with self._changed:
            if self._refused(future):
                return future
            self._loads.append(future)
            self._wake()
        return future

    def predict(
        self,
        path: Path,
        min_score: float = 0.05,
        *,
        max_detections: int = 200,
        priority: Priority = Priority.SCREEN,
        region: Region | None = None,
        anchors: bool = False,
    ) -> Future[Prediction]:
        """Ask for one image. The same image asked twice runs once, with the more urgent priority.

        `region`: only this rectangle of it, at full resolution (image pixels; see `Prediction.region`).
        `anchors`: with `Prediction.anchors`, which nobody keeps on disk: ask for the image on screen.

        The future raises HostError when the process died over it, InputError when the image or the weights
        cannot be used, CancelledError after `cancel` or `close`.
        """
        future: Future[Prediction] = Future()
        with self._changed:
            if self._refused(future, path):
                return future
            job = self._same(_Job(path, min_score, max_detections, region, anchors))
            urgency, order = int(priority), next(self._order)
            if not job.waiting or urgency < job.priority:
                job.priority, job.order = urgency, order
            job.waiting.append(future)
            if not job.taken:
                heapq.heappush(self._queue, (urgency, order, job))
            self._wake()
        return future

    def cancel(self, future: Future[Any]) -> None:
        """The answer is no longer wanted: not run if not yet begun, dropped otherwise."""
        future.cancel()

    def close(self) -> None:
        """Cancel what waits and end the process. Returns when nothing is left. May be called twice."""
        with self._changed:
            if self._closing:
                return
            self._closing = True
            jobs, loads = list(self._jobs.values()), self._loads
            if self._process and (any(job.taken for job in jobs) or self._loaded is None):
                self._process.kill()
            self._changed.notify_all()
        futures: list[Future[Any]] = [*(each for job in jobs for each in job.waiting), *loads]
        for future in futures:
            future.cancel()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Inference:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------ under the lock

    def _refused(self, future: Future[Any], path: Path | None = None) -> bool:
        if self._closing:
            future.cancel()
            return True
        error = self._broken
        if path is not None and self._deaths.get(path, 0) >= DEATHS_ALLOWED:
            error = HostError(
                f"{path.name} ended the model's process {DEATHS_ALLOWED} times in a row and is not tried "
                "again; draw by hand or take the file out"
            )
        if error is not None:
            future.set_exception(error)
        return error is not None

    def _same(self, job: _Job) -> _Job:
        """The job that answers this one, too; itself if there is none. Anchors asked for later are added."""
        twin = self._jobs.get((*job.key[:-1], not job.anchors))
        if twin is not None and twin.anchors:
            return twin
        if twin is not None and not twin.taken and job.key not in self._jobs:
            del self._jobs[twin.key]
            twin.anchors = True
            job = twin
        return self._jobs.setdefault(job.key, job)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._supervise, name="inference", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _next_jobs(self) -> list[_Job]:
        """The most urgent job, and those that can go through the network together with it."""
        jobs: list[_Job] = []
        while self._queue and len(jobs) < max(self.batch, 1):
            priority, _, job = self._queue[0]
            usable = job.wanted and not job.taken
            if jobs and usable and not (priority == Priority.BULK and job.whole):
                break
            heapq.heappop(self._queue)
            if job.taken:
                continue  # was pushed again with a better priority
            if not job.wanted:
                self._jobs.pop(job.key, None)
                continue
            job.taken = True
            jobs.append(job)
            if priority != Priority.BULK or not job.whole:
                break
        return jobs

    def _ahead(self) -> tuple[Path, ...]:
        """Files of the batch after the next."""
        coming = heapq.nsmallest(self.batch, self._queue)
        return tuple(
            job.image
            for priority, _, job in coming
            if priority == Priority.BULK and job.whole and job.wanted and not job.taken
        )

    # ------------------------------------------------------------------ on the supervising thread

    def _supervise(self) -> None:
        try:
            while True:
                with self._changed:
                    jobs = self._next_jobs()
                    while not (
                        self._closing or jobs or self._under_way or (self._loads and self._loaded is None)
                    ):
                        _answer(self._take_loads(), self._loaded)
                        self._changed.wait()
                        jobs = self._next_jobs()
                    if self._closing:
                        return
                if jobs or not self._under_way:
                    if self._ensure_loaded() and jobs:
                        self._run(jobs)
                else:
                    self._survive(self._receive)
        finally:
            if self._process:
                self._process.close()
                self._process = None

    def _take_loads(self) -> list[Future[Loaded]]:
        loads, self._loads = self._loads, []
        return loads

    def _ensure_loaded(self) -> bool:
        """A process that is alive and has the model, or False with everyone told why not."""
        if self._process and not self._process.alive:
            self._bury()
            left, self._under_way = list(self._under_way.values()), {}
            self._retry(left)
            self.status.emit("The model's process had ended; it is started again.")
        deaths = 0
        while self._loaded is None and not self._closing:
            try:
                answer = self._start()
            except HostDied as death:
                self._bury()
                deaths += 1
                if deaths >= DEATHS_ALLOWED:
                    self._give_up(HostError(f"the model could not be loaded: its process {death}"))
                    return False
                continue
            if isinstance(answer, Failed):
                self._give_up(InputError(answer.reason))
                return False
            with self._changed:
                self._loaded = answer
                loads = self._take_loads()
            _answer(loads, answer)
            self.status.emit(f"{answer.model_version} is ready on {answer.device}.")
        return not self._closing

    def _start(self) -> Loaded | Failed:
        self.status.emit(f"Loading {self.weights.parent.name}…")
        process = HostProcess(self._serve)
        with self._changed:
            self._process = process
            if self._closing:
                process.kill()
        request = next(self._requests)
        process.send(LoadModel(request, self.weights, self.device, self._batch))
        while True:
            answer = process.receive(self._load_patience)
            if answer.request == request and isinstance(answer, Loaded | Failed):
                return answer

    def _run(self, jobs: list[_Job]) -> None:
        """Send these, and come back when the network is free again; answers may still be on their way."""
        numbers = {next(self._requests): job for job in jobs}
        self._under_way.update(numbers)
        self._survive(lambda: self._ask(numbers))

    def _ask(self, numbers: dict[int, _Job]) -> None:
        assert self._process is not None
        requests = [
            Predict(number, job.image, job.min_score, job.max_detections, job.region, job.anchors)
            for number, job in numbers.items()
        ]
        whole = None
        if self.batch and all(job.whole and job.priority == Priority.BULK for job in numbers.values()):
            whole = next(self._requests)
            with self._changed:
                ahead = self._ahead()
            self._process.send(PredictMany(whole, tuple(requests), ahead))
        else:
            self._process.send(requests[0])
        while any(number in self._under_way for number in numbers):
            answer = self._receive()
            if isinstance(answer, Passed) and answer.request == whole:
                return

    def _receive(self) -> Answer:
        """The next answer, given to whoever waits for it; stale ones are dropped."""
        assert self._process is not None
        answer = self._process.receive(self._patience)
        if isinstance(answer, Predicted | Failed) and answer.request in self._under_way:
            job = self._under_way.pop(answer.request)
            result = answer.prediction if isinstance(answer, Predicted) else InputError(answer.reason)
            self._settle(job, result)
        return answer

    def _settle(self, job: _Job, result: Prediction | InputError) -> None:
        with self._changed:
            if not isinstance(result, HostError):
                self._deaths.pop(job.image, None)
            self._jobs.pop(job.key, None)
            waiting = job.waiting
        _answer(waiting, result)

    def _survive(self, work: Callable[[], object]) -> None:
        """Do something with the process; if it dies, that costs the one job it was at, or all are retried."""
        try:
            work()
        except HostDied as death:
            self._bury()
            left, self._under_way = list(self._under_way.values()), {}
            if self._closing or not left:
                return
            if len(left) > 1:
                self._retry(left)
                self.status.emit(f"The model's process {death}; its {len(left)} images are tried one by one.")
                return
            job = left[0]
            with self._changed:
                self._deaths[job.image] = self._deaths.get(job.image, 0) + 1
            result = HostError(
                f"the model's process {death} while it worked on {job.image.name}; it is started again "
                "for the next image"
            )
            self.status.emit(f"{str(result)[0].upper()}{str(result)[1:]}.")
            self._settle(job, result)

    def _retry(self, jobs: list[_Job]) -> None:
        with self._changed:
            for job in jobs:
                job.taken, job.alone = False, True
                heapq.heappush(self._queue, (int(job.priority), job.order, job))

    def _bury(self) -> None:
        with self._changed:
            process, self._process, self._loaded = self._process, None, None
        if process:
            process.kill()
            process.close()

    def _give_up(self, error: InputError) -> None:
        """The weights are of no use: tell everyone who waits and whoever asks later."""
        with self._changed:
            self._broken = error
            jobs, self._jobs, self._queue = list(self._jobs.values()), {}, []
            self._under_way = {}
            futures: list[Future[Any]] = [
                *self._take_loads(),
                *(each for job in jobs for each in job.waiting),
            ]
        _answer(futures, error)
        self.status.emit(str(error))


def _answer(futures: list[Any], result: object) -> None:
    """Give a result (or raise an error) to every future that was not cancelled meanwhile."""
    for future in futures:
        if not future.set_running_or_notify_cancel():
            continue
        if isinstance(result, InputError):
            future.set_exception(result)
        else:
            future.set_result(result)

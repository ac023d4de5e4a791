"""Predictions on request: one model version, asked from any thread, which survives its process' deaths.

The most urgent request is next (`app.job_queue`); whole images of a folder go through the network together,
as many as suit the device, so that the screen waits for one batch at most. A death (crash, kill, out of
memory, hang) of the process (`app.model_process`) costs the image under way and nothing else: it is started
again for the next one, and the others of its batch are tried one by one. Futures are answered on the
supervising thread; callbacks on them must be short and must not raise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from app.errors import HostError, InputError
from app.events import Event
from app.host_process import HostDied
from app.job_queue import Job, JobQueue, Priority
from app.model_process import SERVE, ModelProcess, Result
from model.messages import Loaded, Prediction, Region

__all__ = ["DEATHS_ALLOWED", "Inference", "Priority"]

DEATHS_ALLOWED = 3  # in a row on one file, or while loading: then it is not tried again


class Inference:
    """One model version, answering in its own process. Thread-safe.

    `status` tells in words, on the supervising thread, when the model loads, is ready or has died.
    """

    def __init__(
        self,
        weights: Path,
        device: str = "auto",
        *,
        serve: str = SERVE,
        load_patience: float = 180.0,
        patience: float = 120.0,
        batch: int | None = None,
    ) -> None:
        """Nothing is started yet: the first request (or `load`) starts the process.

        `batch`: whole images of `Priority.BULK` that the network sees together; None: as suits the device.

        `serve`: "module:function" run in the child. `patience`: seconds without an answer after which the
        child counts as hung and is ended.
        """
        self.weights = weights
        self.device = device
        self.status: Event[str] = Event()
        self._model = ModelProcess(
            weights,
            device,
            self._settle,
            serve=serve,
            batch=batch,
            load_patience=load_patience,
            patience=patience,
        )
        self._changed = threading.Condition()
        self._queue = JobQueue()
        self._loads: list[Future[Loaded]] = []
        self._broken: InputError | None = None
        self._deaths: dict[Path, int] = {}
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id while it runs."""
        return self._model.pid

    @property
    def ready(self) -> bool:
        """Whether the model is loaded."""
        return self._model.loaded is not None

    @property
    def batch(self) -> int:
        """Bulk images that are sent together; 0 while nothing is loaded."""
        return self._model.batch

    @property
    def broken(self) -> bool:
        """Whether it was given up: the model cannot be loaded here."""
        return self._broken is not None

    # ------------------------------------------------------------------ from any thread

    def load(self) -> Future[Loaded]:
        """Start the process and load the model, ahead of the first prediction."""
        future: Future[Loaded] = Future()
        with self._changed:
            if not self._refused(future):
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
        refusal: Future[Prediction] = Future()
        with self._changed:
            if self._refused(refusal, path):
                return refusal
            future = self._queue.add(Job(path, min_score, max_detections, region, anchors), priority)
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
            futures: list[Future[Any]] = [*self._queue.waiting, *self._loads]
            if self._queue.under_way or not self.ready:
                self._model.stop()
            self._changed.notify_all()
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

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._supervise, name="inference", daemon=True)
            self._thread.start()
        self._changed.notify_all()

    def _take_loads(self) -> list[Future[Loaded]]:
        loads, self._loads = self._loads, []
        return loads

    # ------------------------------------------------------------------ on the supervising thread

    def _supervise(self) -> None:
        try:
            while (jobs := self._next_jobs()) is not None:
                if jobs or not self._model.busy:
                    if self._ensure_loaded() and jobs:
                        self._survive(lambda: self._ask(jobs))
                else:
                    self._survive(self._model.receive)
        finally:
            self._model.close()

    def _next_jobs(self) -> list[Job] | None:
        """Wait for work: jobs; none of them where answers are due or the model is wanted. None: the end."""
        with self._changed:
            jobs = self._queue.take(self.batch)
            while not (self._closing or jobs or self._model.busy or (self._loads and not self.ready)):
                _answer(self._take_loads(), self._model.loaded)
                self._changed.wait()
                jobs = self._queue.take(self.batch)
            return None if self._closing else jobs

    def _ask(self, jobs: list[Job]) -> None:
        with self._changed:
            ahead = self._queue.ahead(self.batch)
        self._model.ask(jobs, ahead)

    def _ensure_loaded(self) -> bool:
        """A process that is alive and has the model, or False with everyone told why not."""
        if self._model.gone:
            self._retry(self._model.bury())
            self.status.emit("The model's process had ended; it is started again.")
        deaths = 0
        while not self.ready and not self._closing:
            self._model.start()
            self.status.emit(f"Loading {self.weights.parent.name}…")  # told when it can be seen to run
            try:
                loaded = self._model.load()
            except HostDied as death:
                self._model.bury()
                deaths += 1
                if deaths >= DEATHS_ALLOWED:
                    self._give_up(HostError(f"the model could not be loaded: its process {death}"))
                    return False
            except InputError as refusal:
                self._give_up(refusal)
                return False
            else:
                with self._changed:
                    loads = self._take_loads()
                _answer(loads, loaded)
                self.status.emit(f"{loaded.model_version} is ready on {loaded.device}.")
        return not self._closing

    def _survive(self, work: Callable[[], object]) -> None:
        """Do something with the process; if it dies, that costs the one job it was at, or all are retried."""
        try:
            work()
        except HostDied as death:
            left = self._model.bury()
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

    def _retry(self, jobs: list[Job]) -> None:
        with self._changed:
            self._queue.put_back(jobs)

    def _settle(self, job: Job, result: Result) -> None:
        with self._changed:
            if not isinstance(result, HostError):
                self._deaths.pop(job.image, None)
            self._queue.done(job)
            waiting = job.waiting
        _answer(waiting, result)

    def _give_up(self, error: InputError) -> None:
        """The weights are of no use: tell everyone who waits and whoever asks later."""
        with self._changed:
            self._broken = error
            futures: list[Future[Any]] = [*self._take_loads(), *self._queue.clear()]
        _answer(futures, error)
        self.status.emit(str(error))


def _answer(futures: Sequence[Future[Any]], result: object) -> None:
    """Give a result (or raise an error) to every future that was not cancelled meanwhile."""
    for future in futures:
        if not future.set_running_or_notify_cancel():
            continue
        if isinstance(result, InputError):
            future.set_exception(result)
        else:
            future.set_result(result)

"""Images that wait for the model: who is served first, and which go through the network together.

The same image asked twice is one job; asked more urgently it comes earlier. No threads and no processes:
whoever owns a queue keeps a lock around it.
"""

from __future__ import annotations

import heapq
import itertools
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from model.messages import Prediction, Region

Key = tuple[Path, float, int, Region | None, bool]


class Priority(IntEnum):
    """Who is served first."""

    SCREEN = 0  # the image a person looks at
    AHEAD = 1  # the next ones
    BULK = 2  # a whole folder


@dataclass(slots=True, eq=False)
class Job:
    """One image to predict and everyone who waits for it."""

    image: Path
    min_score: float
    max_detections: int
    region: Region | None = None
    anchors: bool = False
    waiting: list[Future[Prediction]] = field(default_factory=list)
    taken: bool = False
    priority: Priority = Priority.BULK
    order: int = 0
    alone: bool = False  # the process died over it and others: it is tried by itself

    @property
    def wanted(self) -> bool:
        return any(not future.cancelled() for future in self.waiting)

    @property
    def shares(self) -> bool:
        """Whether it can be one of a batch."""
        return self.priority is Priority.BULK and not (self.alone or self.anchors or self.region)

    @property
    def key(self) -> Key:
        return self.image, self.min_score, self.max_detections, self.region, self.anchors


class JobQueue:
    """Jobs from when they are asked for until they are `done`, taken ones too."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Job]] = []
        self._jobs: dict[Key, Job] = {}
        self._order = itertools.count()

    def add(self, wish: Job, priority: Priority) -> Future[Prediction]:
        """Ask for an image; what answers this, too, is waited for with it."""
        job, future, order = self._same(wish), Future[Prediction](), next(self._order)
        if not job.waiting or priority < job.priority:
            job.priority, job.order = priority, order
        job.waiting.append(future)
        if not job.taken:
            heapq.heappush(self._heap, (int(priority), order, job))
        return future

    def _same(self, job: Job) -> Job:
        """The job that answers this one, too; itself if there is none. Anchors asked for later are added."""
        twin = self._jobs.get((*job.key[:-1], not job.anchors))
        if twin is not None and twin.anchors:
            return twin
        if twin is not None and not twin.taken and job.key not in self._jobs:
            del self._jobs[twin.key]
            twin.anchors = True
            job = twin
        return self._jobs.setdefault(job.key, job)

    def take(self, batch: int) -> list[Job]:
        """The most urgent job, and those that go through the network with it: `batch` at most."""
        jobs: list[Job] = []
        while self._heap and len(jobs) < max(batch, 1):
            job = self._heap[0][-1]
            if jobs and job.wanted and not job.taken and not job.shares:
                break
            heapq.heappop(self._heap)
            if job.taken:
                continue  # was pushed again with a better priority
            if not job.wanted:
                self.done(job)
                continue
            job.taken = True
            jobs.append(job)
            if not job.shares:
                break
        return jobs

    def ahead(self, batch: int) -> tuple[Path, ...]:
        """Files of the batch after the next."""
        coming = (job for _, _, job in heapq.nsmallest(batch, self._heap))
        return tuple(job.image for job in coming if job.shares and job.wanted and not job.taken)

    def done(self, job: Job) -> None:
        """It is answered, or nobody wants it: asked again, it is another job."""
        self._jobs.pop(job.key, None)

    def put_back(self, jobs: list[Job]) -> None:
        """The process died over these: each is tried again, alone, at its old place."""
        for job in jobs:
            job.taken, job.alone = False, True
            heapq.heappush(self._heap, (int(job.priority), job.order, job))

    def clear(self) -> list[Future[Prediction]]:
        """Forget all jobs. Returns whoever waits."""
        waiting = self.waiting
        self._jobs, self._heap = {}, []
        return waiting

    @property
    def waiting(self) -> list[Future[Prediction]]:
        """Everyone who waits for an image."""
        return [future for job in self._jobs.values() for future in job.waiting]

    @property
    def under_way(self) -> bool:
        """Whether a job is taken and not answered."""
        return any(job.taken for job in self._jobs.values())

"""Says how a run goes, about once a second."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from model.optim import rate

if TYPE_CHECKING:
    from model.train import Training

SECONDS = 1.0


class Meter:
    """Gathers the losses of the steps and tells their means since it last did."""

    def __init__(self, training: Training) -> None:
        self._training = training
        self._sums: dict[str, float] = {}
        self._steps = self._images = 0
        self._waited = 0.0
        self._first = (time.monotonic(), training.iteration)
        self._last = time.monotonic()

    def add(self, losses: Mapping[str, float], images: int, waited: float = 0.0) -> None:
        """One step: its terms, how many images of this process, seconds it waited for them."""
        run = self._training
        self._waited += waited
        for name, value in losses.items():
            if math.isfinite(value):  # a step that was skipped says nothing
                self._sums[name] = self._sums.get(name, 0.0) + value
        self._steps += 1
        self._images += images * run.processes.world
        now = time.monotonic()
        last = run.iteration >= run.plan.iterations
        if now - self._last < SECONDS and not last:
            return
        pace = (now - self._first[0]) / max(run.iteration - self._first[1], 1)
        if run.processes.first:
            run.folder.say(
                "progress",
                iteration=run.iteration,
                iterations=run.plan.iterations,
                losses={name: value / self._steps for name, value in self._sums.items()},
                lr=rate(run.iteration, run.recipe, run.plan),
                images_per_s=self._images / max(now - self._last, 1e-9),
                eta_s=pace * (run.plan.iterations - run.iteration),
                waiting=self._waited / max(now - self._last, 1e-9),
                skipped_steps=run.bad.count,
            )
        self._sums, self._steps, self._images, self._last = {}, 0, 0, now
        self._waited = 0.0

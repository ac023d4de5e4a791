"""One training run: data, network, steps, checkpoints. What it leaves behind is `run_outcome`'s.

Used by `main.py train ...`, alone or under torchrun. Everything it says goes into the run's folder
(`run_folder`). One bad image or one loss that is no number never ends a run; asking it to stop does within
a step. Resumed, it goes on exactly where its last checkpoint stands.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from model import recipes, run_state
from model.augment import augment
from model.bad_steps import BadSteps
from model.dataset import CocoData, load
from model.distributed import Processes
from model.errors import DataError, InputError
from model.loader import Loader
from model.meter import Meter
from model.optim import Average, freeze, optimiser, rate, set_rate
from model.published_augment import augment_published
from model.recipes import Recipe
from model.run_folder import CANCEL, CHECKPOINT, RESULT, WEIGHTS, RunFolder
from model.run_outcome import Outcome
from model.samples import Sample, SampleStore
from model.steps import LossModel, NormGuard, culprits, step, to_batch
from model.targets import Example
from model.transfer import start
from model.yolact import Yolact

CHECKPOINT_SECONDS = 120.0
LEAST_BETWEEN_SCORES = 50  # iterations
SAMPLE_SIDE = 1.6  # times the input's side: images are kept no larger, crops rarely need more
MOST_TOLD = 50  # images that were passed over: more are only in result.json


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """What a run is asked for. None: the recipe's own."""

    data: Path  # COCO file
    images: Path  # its folder
    val: Path
    init: str  # weights, a version's folder, a built-in name, or a configuration's name
    run: Path  # folder
    val_images: Path | None = None  # None: `images`
    iterations: int | None = None
    batch_size: int | None = None  # of one process
    device: str = "auto"
    resume: bool = False
    preset: str = "small"
    seed: int = 0
    workers: int | None = None  # threads that make examples; None: 1 beside a CPU, 8 beside a GPU
    evaluate_every: int | None = None  # iterations; None: four times a run, never under 50 apart
    name: str | None = None  # the version's; None: the folder's


class Cancelled(Exception):
    """Somebody asked the run to stop; its checkpoint stands."""


def train(settings: TrainSettings) -> dict[str, Any]:
    """Run to the end and give what result.json says. Raises InputError, in one line, and Cancelled.

    Under torchrun every process gives the same result; only the first writes.
    """
    folder = RunFolder(settings.run)
    if (found := _state_of(settings, folder)) is not None:
        return found
    processes = Processes.join(settings.device)
    over = (folder.path / RESULT).is_file()  # until it goes on: a request that is refused changes nothing
    try:
        training = Training(settings, folder, processes)
        over = False
        try:
            return training.run()
        finally:
            training.close()
    except Cancelled:
        raise
    except (InputError, RuntimeError, MemoryError, OSError) as error:
        lost = processes.lost(error)
        told = lost or error
        if processes.first and not over:
            folder.say("failed", reason=(str(told).splitlines() or [type(told).__name__])[0][:500])
        if lost is not None:
            raise lost from error
        raise
    finally:
        processes.leave()


def _state_of(settings: TrainSettings, folder: RunFolder) -> dict[str, Any] | None:
    """The result of a run that is over and asked for no more. InputError: another run's folder."""
    path = folder.path
    if not settings.resume:
        if (path / CHECKPOINT).is_file() or (path / RESULT).is_file():
            raise InputError(
                f"expected a folder for a new run, got {path}, which holds one: "
                "go on with --resume, or choose another folder"
            )
        return None
    try:
        result = json.loads((path / RESULT).read_bytes())
        more = settings.iterations is not None and settings.iterations > result["iterations"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return None if more or not (path / WEIGHTS).is_file() else dict(result)


class Training:
    """The state of a run."""

    def __init__(self, settings: TrainSettings, folder: RunFolder, processes: Processes) -> None:
        self.settings, self.folder, self.processes = settings, folder, processes
        self.device = processes.device
        torch.manual_seed(settings.seed)
        self.recipe: Recipe = recipes.find(settings.preset)
        self.batch_size = settings.batch_size or max(self.recipe.batch_size // processes.world, 1)
        data = load(settings.data, settings.images)
        self.data = _usable(data, self.recipe, settings.data)
        self.val = load(settings.val, settings.val_images or settings.images)
        origin = start(settings.init, data.categories, prior=self.recipe.classes_prior)
        self.parent, self.kept = origin.parent, origin.kept
        self.network: Yolact = origin.model.to(self.device).to(memory_format=torch.channels_last)
        freeze(self.network, self.recipe, self.batch_size * processes.world)
        total = self.batch_size * processes.world
        self.plan = recipes.plan(
            self.recipe,
            total,
            settings.iterations,
            fine_tune=bool(self.parent),
            images=len(self.data.images),
        )
        self.optimiser = optimiser(self.network, self.recipe, self.plan)
        self.average = Average(self.network, self.recipe.average) if self.recipe.average else None
        self.losses: nn.Module = processes.wrap(
            LossModel(self.network, self.recipe, processes.normaliser, shared=processes.world > 1),
            unused=self.network.maskiou_net is not None,
        )
        self.norms = NormGuard(self.network)
        self.iteration = 0
        self.bad = BadSteps()
        self.skipped_before: Counter[str] = Counter()  # images passed over before a resume
        self._told: set[str] = set()  # reasons for that which somebody has been told
        self.waited = self.stepped = 0.0  # seconds for data, without the first batch, and for all steps
        self.started = time.time()
        self.seconds_before = 0.0  # spent before a resume
        if settings.resume:
            run_state.restore(self, settings.run / CHECKPOINT)
            self._told |= set(self.skipped_before)
            if processes.first:
                folder.trim(self.iteration, ended=self.iteration >= self.plan.iterations)
        self.loader = self._loader()

    def run(self) -> dict[str, Any]:
        """Step until the end; score now and then; leave weights, card and result."""
        outcome = Outcome(self)
        outcome.announce()
        meter = Meter(self)
        saved = time.monotonic()
        every = self.settings.evaluate_every or max(self.plan.iterations // 4, LEAST_BETWEEN_SCORES)
        batches = iter(self.loader)
        first = True
        while self.iteration < self.plan.iterations:
            asked = time.monotonic()
            examples = next(batches)
            waited = 0.0 if first else time.monotonic() - asked
            first = False
            self.waited += waited
            stepped = time.monotonic()
            losses = self._step(examples)
            self.stepped += waited + time.monotonic() - stepped
            self._tell_of_skipped()
            meter.add(losses, len(examples), waited)
            if self.processes.any(self.folder.cancelled):
                self._cancel()
            scored = self.iteration % every == 0 and self.iteration < self.plan.iterations
            if scored:
                self._scores(outcome)
            # After the scores, so that a run that goes on from here has told them.
            if scored or time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._save_checkpoint()
                saved = time.monotonic()
        self._save_checkpoint()
        return outcome.finish(self._scores(outcome))

    def close(self) -> None:
        """End the threads that make examples."""
        self.loader.close()

    def _step(self, examples: list[Example]) -> Mapping[str, float]:
        set_rate(self.optimiser, rate(self.iteration, self.recipe, self.plan))
        images, targets = to_batch(examples, self.network, self.device)
        self.norms.keep()
        result = step(
            self.losses, self.optimiser, images, targets, self.recipe.clip_norm, self.processes.mean
        )
        self.iteration += 1
        if result.finite:
            self.bad.sound()
        else:
            self.norms.restore()
            self._blame(examples, culprits(self.network, self.recipe, images, targets))
        self.bad.check()
        if self.average is not None and result.finite:
            self.average.update(self.network)
        return result.losses

    def _blame(self, examples: list[Example], places: list[int]) -> None:
        """Count and tell which images made a step that was skipped."""
        here = [examples[place].name for place in places]
        named = [name for names in self.processes.gather(here) for name in names]
        if self.bad.skipped(named) and self.processes.first:
            self.folder.say("skipped-step", iteration=self.iteration, images=named)

    def _tell_of_skipped(self) -> None:
        """Say once of each image that is passed over why."""
        if not self.processes.first:
            return
        for reason in [each for each in list(self.loader.skipped) if each not in self._told]:
            if len(self._told) < MOST_TOLD:
                self.folder.say("skipped-image", iteration=self.iteration, reason=reason)
            self._told.add(reason)

    def skipped_images(self) -> dict[str, int]:
        """Why images were passed over, and how often, by this process and before a resume."""
        return dict(self.skipped_before + self.loader.skipped)

    def _loader(self) -> Loader:
        config = self.network.config
        store = SampleStore(self.data, round(config.input_size * SAMPLE_SIDE))
        options = self.recipe.augment

        def make(sample: Sample, rng: np.random.Generator, other: Callable[[], Sample]) -> Example | None:
            if options is None:
                return augment_published(sample, rng, config)
            return augment(sample, rng, config.input_size, config.prototype_size, options, other)

        workers = self.settings.workers or (1 if self.device.type == "cpu" else 8)
        return Loader(
            len(store),
            store.get,
            make,
            batch_size=self.batch_size,
            seed=self.settings.seed,
            rank=self.processes.rank,
            world=self.processes.world,
            workers=workers,
            start_iteration=self.iteration,
        )

    def _scores(self, outcome: Outcome) -> dict[str, Any]:
        """Scores of the weights as they stand. Cancelled when the run was asked to stop meanwhile."""
        scores = outcome.scores()
        if self.processes.any(self.folder.cancelled):
            self._cancel()
        return scores

    def _cancel(self) -> None:
        self._save_checkpoint()
        if self.processes.first:
            self.folder.say("cancelled", iteration=self.iteration, iterations=self.plan.iterations)
            (self.folder.path / CANCEL).unlink(missing_ok=True)  # a resumed run goes on
        raise Cancelled(f"the run was asked to stop; go on with --resume --run {self.settings.run}")

    def _save_checkpoint(self) -> None:
        if self.processes.first:
            self.folder.write(CHECKPOINT, run_state.pack(self))
            self.folder.say("checkpoint", iteration=self.iteration, iterations=self.plan.iterations)


def _usable(data: CocoData, recipe: Recipe, path: Path) -> CocoData:
    if not data.instances:
        reasons = "; ".join(data.report())
        raise DataError(
            f"{path}: expected annotations to learn from, got none; label and mark some ({reasons})"
        )
    if not recipe.skip_empty:
        return data
    return replace(
        data, images=tuple(image for image in data.images if any(not one.crowd for one in image.instances))
    )

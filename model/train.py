"""One training run, the whole of it: data, network, steps, checkpoints, scores, result.

Used by `main.py train ...`, alone or under torchrun. Everything it says goes into the run's folder
(`run_folder`). One bad image or one loss that is no number never ends a run; asking it to stop does within
a step. Resumed, it goes on exactly where its last checkpoint stands.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from model import checkpoint, recipes, run_state
from model.augment import augment
from model.card import ModelCard
from model.dataset import CocoData, load
from model.distributed import Processes
from model.errors import DataError, InputError
from model.evaluate import measure
from model.loader import Loader
from model.meter import Meter
from model.optim import Average, freeze, optimiser, rate, set_rate
from model.predictor import Predictor
from model.published_augment import augment_published
from model.recipes import Recipe
from model.run_folder import CANCEL, CHECKPOINT, CONFIG, RESULT, WEIGHTS, RunFolder
from model.samples import Sample, SampleStore
from model.steps import LossModel, NormGuard, culprits, step, to_batch
from model.targets import Example
from model.transfer import start
from model.yolact import Yolact

CHECKPOINT_SECONDS = 120.0
MAX_BAD_STEPS = 50  # in a row whose loss is no number, before the run gives up
TOLD_BAD_STEPS = 20  # events about them in a run; all are counted
LEAST_BETWEEN_SCORES = 50  # iterations
SAMPLE_SIDE = 1.6  # times the input's side: images are kept no larger, crops rarely need more


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
    try:
        training = Training(settings, folder, processes)
        try:
            return training.run()
        finally:
            training.close()
    except Cancelled:
        raise
    except (InputError, RuntimeError, MemoryError, OSError) as error:
        lost = processes.lost(error)
        told = lost or error
        if processes.first:
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
        self.bad_steps = self.bad_in_a_row = 0
        self.bad_images: Counter[str] = Counter()  # whose loss was no number
        self.skipped_before: Counter[str] = Counter()  # images passed over before a resume
        self.waited = self.stepped = 0.0  # seconds for data, without the first batch, and for all steps
        self.started = time.time()
        self.seconds_before = 0.0  # spent before a resume
        if settings.resume:
            run_state.restore(self, settings.run / CHECKPOINT)
            if processes.first:
                folder.trim(self.iteration, ended=self.iteration >= self.plan.iterations)
        self.loader = self._loader()

    def run(self) -> dict[str, Any]:
        """Step until the end; evaluate; write weights, card and result."""
        self._announce()
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
            meter.add(losses, len(examples), waited)
            if self.processes.any(self.folder.cancelled):
                self._cancel()
            scored = self.iteration % every == 0 and self.iteration < self.plan.iterations
            if scored:
                self._evaluate(self.settings.run / "part.safetensors")
            # After the scores, so that a run that goes on from here has told them.
            if scored or time.monotonic() - saved > CHECKPOINT_SECONDS:
                self._save_checkpoint()
                saved = time.monotonic()
        return self._finish()

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
        if not result.finite:
            self.norms.restore()
            self._blame(examples, culprits(self.network, self.recipe, images, targets))
        self.bad_in_a_row = 0 if result.finite else self.bad_in_a_row + 1
        self.bad_steps += not result.finite
        if self.bad_in_a_row >= MAX_BAD_STEPS:
            raise InputError(
                f"expected losses that are numbers, got {MAX_BAD_STEPS} in a row that are not"
                f"{self._worst()}; look for wrong boxes in the data, or take a smaller learning rate"
            )
        if self.average is not None and result.finite:
            self.average.update(self.network)
        return result.losses

    def _blame(self, examples: list[Example], places: list[int]) -> None:
        """Count and tell which images made a step that was skipped."""
        here = [examples[place].name for place in places]
        named = [name for names in self.processes.gather(here) for name in names]
        self.bad_images.update(named)
        if self.processes.first and self.bad_steps < TOLD_BAD_STEPS:
            self.folder.say("skipped-step", iteration=self.iteration, images=named)

    def _worst(self) -> str:
        names = [name for name, _ in self.bad_images.most_common(3)]
        return f" (most often with {', '.join(names)})" if names else ""

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

    def _announce(self) -> None:
        if not self.processes.first:
            return
        settings = asdict(self.settings)
        self.folder.write_json(
            CONFIG,
            {
                "settings": settings,
                "recipe": self.recipe.to_dict(),
                "network": self.network.config.to_dict(),
                "categories": self.data.categories,
                "parent": self.parent,
                "batch_size": self.batch_size,
                "processes": self.processes.world,
                "torch": torch.__version__,
            },
        )
        self.folder.say(
            "start",
            iteration=self.iteration,
            iterations=self.plan.iterations,
            images=len(self.data.images),
            instances=self.data.instances,
            categories=self.data.categories,
            kept_categories=self.kept,
            parent=self.parent,
            device=str(self.device),
            warnings=self.data.report() + [f"val: {line}" for line in self.val.report()],
        )

    def _card(self, scores: Mapping[str, Any]) -> ModelCard:
        settings = self.settings
        return ModelCard(
            settings.name or settings.run.resolve().name,
            self.network.config,
            self.data.categories,
            parent=self.parent,
            data=f"{settings.data.name}: {len(self.data.images)} images, {self.data.instances} instances",
            scores=scores,
            more={"run": self._figures()},
        )

    def _figures(self) -> dict[str, Any]:
        return {
            "preset": self.recipe.name,
            "iterations": self.iteration,
            "batch_size": self.batch_size * self.processes.world,
            "wall_seconds": round(self.seconds_before + time.time() - self.started, 1),
            "cpu_seconds": round(time.process_time(), 1),
            "waiting_seconds": round(self.waited, 2),
            "step_seconds": round(self.stepped, 2),
            "skipped_steps": self.bad_steps,
        }

    def _write_weights(self, path: Path, scores: Mapping[str, Any]) -> None:
        """The averaged weights where there are any, in single precision: they may be trained on."""
        if self.average is None:
            checkpoint.save(self.network, self._card(scores), path)
            return
        own = {key: value.clone() for key, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.average.state)
        try:
            checkpoint.save(self.network, self._card(scores), path)
        finally:
            self.network.load_state_dict(own)

    def _evaluate(self, path: Path) -> dict[str, Any]:
        """Scores of the weights as they stand, told as an event; {} when the run was asked to stop."""
        scores: dict[str, Any] = {}
        if self.processes.first:
            self._write_weights(path, {})
            predictor = Predictor(path, str(self.device))
            found = measure(
                predictor,
                self.val,
                cancelled=lambda: self.folder.cancelled,
                min_score=self.network.config.score_threshold,
            ).as_dict()
            if not self.folder.cancelled:
                scores = found
                self.folder.say(
                    "eval", iteration=self.iteration, iterations=self.plan.iterations, ap=_short(scores)
                )
        if self.processes.any(self.folder.cancelled):
            self._cancel()
        return scores

    def _finish(self) -> dict[str, Any]:
        self._save_checkpoint()
        path = self.settings.run / WEIGHTS
        scores = self._evaluate(self.settings.run / "part.safetensors")
        skipped: Counter[str] = Counter()
        for part in self.processes.gather(self.skipped_images()):
            skipped.update(part)
        result: dict[str, Any] = {
            "weights": WEIGHTS,
            "scores": scores,
            "skipped_images": dict(skipped),
            "bad_images": dict(self.bad_images.most_common(100)),
            **self._figures(),
        }
        if self.processes.first:
            self._write_weights(path, scores)
            for name in ("part.safetensors", "part.json"):
                (self.settings.run / name).unlink(missing_ok=True)
            self.folder.write_json(RESULT, result)
            self.folder.say("done", **{**result, "iteration": self.iteration, "ap": _short(scores)})
        return result

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


def _short(scores: Mapping[str, Any]) -> dict[str, float]:
    """The four numbers that a curve shows."""
    return {name + suffix: scores[name]["AP" + suffix] for name in ("mask", "box") for suffix in ("", "50")}


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

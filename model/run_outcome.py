"""What a training run tells of itself and leaves behind: settings, scores, weights with their card, result.

Everything goes into the run's folder (`run_folder`), by the first process alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from model import checkpoint
from model.card import ModelCard
from model.evaluate import measure
from model.predictor import Predictor
from model.run_folder import CONFIG, RESULT, WEIGHTS

if TYPE_CHECKING:
    from pathlib import Path

    from model.train import Training

PART = "part.safetensors"  # the weights whose scores are being measured


class Outcome:
    """Of one run; read from it when it is asked for."""

    def __init__(self, run: Training) -> None:
        self._run = run

    def announce(self) -> None:
        """What the run is: config.json and the event "start"."""
        run = self._run
        if not run.processes.first:
            return
        run.folder.write_json(
            CONFIG,
            {
                "settings": asdict(run.settings),
                "recipe": run.recipe.to_dict(),
                "network": run.network.config.to_dict(),
                "categories": run.data.categories,
                "parent": run.parent,
                "batch_size": run.batch_size,
                "processes": run.processes.world,
                "torch": torch.__version__,
            },
        )
        run.folder.say(
            "start",
            iteration=run.iteration,
            iterations=run.plan.iterations,
            images=len(run.data.images),
            instances=run.data.instances,
            categories=run.data.categories,
            kept_categories=run.kept,
            parent=run.parent,
            device=str(run.device),
            warnings=run.data.report() + [f"val: {line}" for line in run.val.report()],
        )

    def scores(self) -> dict[str, Any]:
        """Scores of the weights as they stand, told as an event.

        {} when the run was asked to stop, and for all processes but the first.
        """
        run = self._run
        if not run.processes.first:
            return {}
        path = run.settings.run / PART
        self._write_weights(path, {})
        found = measure(
            Predictor(path, str(run.device)),
            run.val,
            cancelled=lambda: run.folder.cancelled,
            min_score=run.network.config.score_threshold,
        ).as_dict()
        if run.folder.cancelled:
            return {}
        run.folder.say("eval", iteration=run.iteration, iterations=run.plan.iterations, ap=_short(found))
        return found

    def finish(self, scores: Mapping[str, Any]) -> dict[str, Any]:
        """Write weights, card and result.json; the same result in every process."""
        run = self._run
        skipped: Counter[str] = Counter()
        for part in run.processes.gather(run.skipped_images()):
            skipped.update(part)
        result: dict[str, Any] = {
            "weights": WEIGHTS,
            "scores": scores,
            "skipped_images": dict(skipped),
            "bad_images": dict(run.bad.images.most_common(100)),
            **self._figures(),
        }
        if run.processes.first:
            self._write_weights(run.settings.run / WEIGHTS, scores)
            for name in (PART, "part.json"):
                (run.settings.run / name).unlink(missing_ok=True)
            run.folder.write_json(RESULT, result)
            run.folder.say("done", **{**result, "iteration": run.iteration, "ap": _short(scores)})
        return result

    def _write_weights(self, path: Path, scores: Mapping[str, Any]) -> None:
        """The averaged weights where there are any, in single precision: they may be trained on."""
        run = self._run
        if run.average is None:
            checkpoint.save(run.network, self._card(scores), path)
            return
        own = {key: value.clone() for key, value in run.network.state_dict().items()}
        run.network.load_state_dict(run.average.state)
        try:
            checkpoint.save(run.network, self._card(scores), path)
        finally:
            run.network.load_state_dict(own)

    def _card(self, scores: Mapping[str, Any]) -> ModelCard:
        run, settings = self._run, self._run.settings
        return ModelCard(
            settings.name or settings.run.resolve().name,
            run.network.config,
            run.data.categories,
            parent=run.parent,
            data=f"{settings.data.name}: {len(run.data.images)} images, {run.data.instances} instances",
            scores=scores,
            more={"run": self._figures()},
        )

    def _figures(self) -> dict[str, Any]:
        run = self._run
        return {
            "preset": run.recipe.name,
            "iterations": run.iteration,
            "batch_size": run.batch_size * run.processes.world,
            "wall_seconds": round(run.seconds_before + time.time() - run.started, 1),
            "cpu_seconds": round(time.process_time(), 1),
            "waiting_seconds": round(run.waited, 2),
            "step_seconds": round(run.stepped, 2),
            "skipped_steps": run.bad.count,
        }


def _short(scores: Mapping[str, Any]) -> dict[str, float]:
    """The four numbers that a curve shows."""
    return {name + suffix: scores[name]["AP" + suffix] for name in ("mask", "box") for suffix in ("", "50")}

"""Training runs small enough for tests: four generated scenes, a tiny network to begin with, few steps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from model.scenes import generate
from model.train import TrainSettings
from tests.model.tiny import tiny_weights


def make_scenes(folder: Path) -> Path:
    """`folder` with images/, scenes.json and the weights tiny/."""
    generate(folder, 4, seed=9, size=(96, 72))
    tiny_weights(folder / "tiny")
    return folder


def settings(scenes: Path, run: Path, **changes: Any) -> TrainSettings:
    """A run of six steps of two images on the CPU, but for what `changes` says."""
    base = TrainSettings(
        data=scenes / "scenes.json",
        images=scenes / "images",
        val=scenes / "scenes.json",
        init=str(scenes / "tiny"),
        run=run,
        iterations=6,
        batch_size=2,
        device="cpu",
    )
    return replace(base, **changes)

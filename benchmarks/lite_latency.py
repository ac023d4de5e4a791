"""How long one image takes end to end: JPEG decode to instance masks, `lite` beside `yolact_resnet50`.

Two cores, the images are generated scenes. Random weights find no objects, so that where no trained ones are
at hand the detections are those that random weights give at a floor of 0.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.report import Report, main

NAME = "lite_latency"
IMAGES = 24
ROUNDS = 3
THREADS = 2
MIN_SCORE = 0.05
STAGES = ("decode", "transform", "forward", "detect", "masks")


def measure() -> Report:
    """Median time from a JPEG file to masks at image size, by stage."""
    report = Report("One image, end to end", f"python -m benchmarks.{NAME}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = make_images(folder / "scenes")
        subjects = {
            "lite": lite_weights(folder),
            "yolact_resnet50": random_weights(folder, "yolact_resnet50"),
        }
        runs = {config: Subject(weights) for config, weights in subjects.items()}
        for _ in range(ROUNDS):  # side by side: both see the same moods of the machine
            for image in images:
                for run in runs.values():
                    run.once(image)
    for config, run in runs.items():
        target = "150 ms" if config == "lite" else ""
        report.add(f"{config}: decode to masks", run.times["total"], target=target)
        for stage in STAGES:
            report.add(f"{config}: {stage}", run.times[stage])
        report.notes.append(f"{config}: {run.detections / len(run.times['total']):.1f} masks an image")
    report.notes.append(f"{IMAGES} JPEG images of generated scenes, 640 x 480, {THREADS} threads")
    return report


class Subject:
    """One model and its times in ms, by stage."""

    def __init__(self, weights: Path) -> None:
        from model.predictor import Predictor

        self.predictor = Predictor(weights, device="cpu", threads=THREADS)
        self.times: dict[str, list[float]] = defaultdict(list)
        self.detections = 0
        self._warm = False

    def once(self, image: Path) -> None:
        """Decode, predict, assemble; the very first call is not counted."""
        from model.image_io import read_image
        from model.masks import assemble_all

        start = time.perf_counter()
        pixels = read_image(image)
        decoded = time.perf_counter()
        prediction = self.predictor.predict(pixels, min_score=MIN_SCORE, max_detections=200)
        predicted = time.perf_counter()
        masks = assemble_all(prediction)
        done = time.perf_counter()
        if not self._warm:
            self._warm = True
            return
        stages = {**prediction.seconds, "decode": decoded - start, "masks": done - predicted}
        for stage in STAGES:
            self.times[stage].append(1000 * stages.get(stage, 0.0))
        self.times["total"].append(1000 * (done - start))
        self.detections += len(masks)


def make_images(folder: Path) -> list[Path]:
    """JPEG files of generated scenes."""
    from model.scenes import generate

    generate(folder, IMAGES, seed=5)
    return sorted((folder / "images").glob("*.jpg"))


def lite_weights(folder: Path) -> Path:
    """The `lite` that ships, else random ones."""
    from app.versions import built_in

    shipped = {version.name: version.weights for version in built_in()}
    return shipped.get("starter") or shipped.get("people") or random_weights(folder, "lite")


def random_weights(folder: Path, config: str) -> Path:
    """Weights as the configuration starts them, saved."""
    from model import checkpoint
    from model.card import WEIGHTS_FILE, ModelCard
    from model.categories import names
    from model.config import CONFIGS
    from model.yolact import build

    path = folder / config / WEIGHTS_FILE
    chosen = CONFIGS[config]
    checkpoint.save(build(chosen), ModelCard(config, chosen, names(chosen.classes)), path)
    return path


if __name__ == "__main__":
    main(NAME, measure)

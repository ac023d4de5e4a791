"""Pre-labelling a folder: images a second one by one, and with decoding and masks beside the network.

Both go through the model's own process, as the program does. One by one: a file is asked for, and its masks
and run-lengths are made, before the next one is asked for. Pipelined: `app/bulk.py`. Both take turns.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.parts import Benchmark
from benchmarks.report import Report, usable_cores

if TYPE_CHECKING:
    from app.inference import Inference

NAME = "bulk"
SIZE = (1280, 960)  # of the generated photographs
MIN_SCORE = 0.05


def measure(config: str) -> Report:
    """Images a second of one configuration, and the two ways' ratio."""
    import torch

    from benchmarks.lively import lively_weights
    from model.image_io import read_image

    report = Report(config, "")
    usual = "128" if torch.cuda.is_available() else "16"
    wanted = os.environ.get("PROTOLABEL_BENCH_IMAGES", usual)
    batches = [int(each) for each in os.environ.get("PROTOLABEL_BENCH_BATCHES", "").split(",") if each]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        images = _images(folder, wanted)
        weights = lively_weights(folder, config, read_image(images[0]))
        _measure(report, config, weights, images, batches)
    report.notes[-1] += f"; {len(images)} images a round, {usable_cores()} cores"
    return report


def chosen() -> list[str]:
    """The configurations to measure, by the environment."""
    from model.config import CONFIGS

    wanted = os.environ.get("PROTOLABEL_BENCH_CONFIGS", "yolact_resnet50,lite").split(",")
    if unknown := [each for each in wanted if each not in CONFIGS]:
        raise SystemExit(f"expected configurations of {', '.join(CONFIGS)}; got {', '.join(unknown)}")
    return wanted


def _images(folder: Path, wanted: str) -> list[Path]:
    if not wanted.isdigit():
        return sorted(Path(wanted).rglob("*.jpg"))
    from model.scenes import generate

    generate(folder / "scenes", int(wanted), seed=3, size=SIZE)
    return sorted((folder / "scenes" / "images").glob("*.jpg"))


def _measure(
    report: Report, config: str, weights: Path, images: Sequence[Path], batches: Sequence[int]
) -> None:
    from app.inference import Inference

    rounds = int(os.environ.get("PROTOLABEL_BENCH_ROUNDS", "2"))
    ways: dict[str, Inference] = {
        "pipelined": Inference(weights),
        **{f"pipelined, batches of {count}": Inference(weights, batch=count) for count in batches},
    }
    speeds: dict[str, list[float]] = {"one by one": [], **{way: [] for way in ways}}
    masks = 0
    try:
        for inference in ways.values():
            inference.load().result()
            inference.predict(images[0]).result()
        own = ways["pipelined"]
        for _ in range(rounds):
            masks = _timed(speeds["one by one"], lambda: _one_by_one(own, images), len(images))
            for way, inference in ways.items():
                _timed(speeds[way], lambda inference=inference: _pipelined(inference, images), len(images))
        chosen, device = own.batch, own.load().result().device
    finally:
        for inference in ways.values():
            inference.close()
    for way, values in speeds.items():
        label = f"{way} (batches of {chosen})" if way == "pipelined" else way
        report.add(f"{config}, {device}: {label}", values, unit="images/s")
    ratio = max(speeds["pipelined"]) / max(speeds["one by one"])
    report.add(f"{config}, {device}: pipelined, times faster", [ratio], unit="x")
    report.notes.append(f"{config}: {masks / len(images):.1f} masks an image")


def _timed(speeds: list[float], work: Callable[[], int], count: int) -> int:
    start = time.perf_counter()
    masks = work()
    speeds.append(count / (time.perf_counter() - start))
    return masks


def _one_by_one(inference: Inference, images: Sequence[Path]) -> int:
    from app.proposals import candidates

    return sum(len(candidates(inference.predict(path, MIN_SCORE).result(), MIN_SCORE)) for path in images)


def _pipelined(inference: Inference, images: Sequence[Path]) -> int:
    from app.bulk import in_order
    from app.inference import Priority
    from app.proposals import candidates

    answers = in_order(
        images,
        inference,
        lambda path: inference.predict(path, MIN_SCORE, priority=Priority.BULK),
        lambda _, prediction: len(candidates(prediction, MIN_SCORE)),
    )
    return sum(result.result() for _, result in answers)


ABOUT = """Images a second, and the two ways' ratio. PROTOLABEL_BENCH_CONFIGS=a,b (yolact_resnet50,lite),
PROTOLABEL_BENCH_IMAGES=N (16, on a GPU 128) or a folder of JPEG files to take, PROTOLABEL_BENCH_BATCHES=1,2
batches to try beside the device's own, PROTOLABEL_BENCH_ROUNDS=N (2)."""

if __name__ == "__main__":
    from model.config import CONFIGS

    notes = (
        "random weights that find much in the first image",
        "one by one: asked, answered, masks and run-lengths made, then the next; the same model process",
    )
    Benchmark(NAME, "Pre-labelling in bulk", tuple(CONFIGS), measure, notes, ABOUT).main(chosen)

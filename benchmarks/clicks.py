"""Clicks: how fast a hint is answered, on 138 x 138 x 32 prototypes; quality is what `bench clicks` measures.

Generated pictures; no weights are needed. Two kinds of time: of the clock, and of this thread's processor
alone, which a busy machine does not spoil.

`python -m benchmarks.clicks --data nuclei` (or fruits_nuts, grabcut, pennfudan, coco; or a COCO file beside
its `images`) measures quality there, as `main.py bench clicks` does: `--model W`, `--limit N`, `--json FILE`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.ceiling import ceiling
from app.edges import refined
from app.instance_solving import Step, Stroke, solve_near
from benchmarks.report import Report, main
from model.masks import BoxMask
from model.messages import Prediction
from model.opencv import cv2

NAME = "clicks"
CELLS, COUNT = 138, 32
WIDTH, HEIGHT = 1100, 825
INSTANCES, CLICKS = 12, 8
SHARED = Path(__file__).parents[2] / "shared" / "data"
MODELS = {"pennfudan": "people"}  # what knows the set's categories; otherwise the starter


def measure() -> Report:
    """Time from a hint to the new mask, the live ceiling, and edges."""
    report = Report("Hints", f"python -m benchmarks.{NAME}")
    rng = np.random.default_rng(0)
    wall: list[float] = []
    own: list[float] = []
    first: list[float] = []
    meters: list[float] = []
    edges: list[float] = []
    prediction, pixels = _scene(rng)
    for _ in range(INSTANCES):
        box, start = _instance(rng)
        known: tuple[Step, ...] = ()
        strokes: list[Stroke] = []
        for number in range(CLICKS):
            x, y = box[0] + rng.random() * box[2], box[1] + rng.random() * box[3]
            strokes.append(Stroke(((x, y),), bool(rng.integers(2))))
            began, thread = time.perf_counter(), time.thread_time()
            known = solve_near(start, prediction.coefficients[0], box, prediction, pixels, strokes, known)
            elapsed = (time.perf_counter() - began) * 1000
            (wall if number else first).append(elapsed)
            own.append((time.thread_time() - thread) * 1000)
        began = time.perf_counter()
        ceiling(prediction, pixels, known[-1].mask)
        meters.append((time.perf_counter() - began) * 1000)
        began = time.perf_counter()
        refined(known[-1].mask, pixels, 1.0)
        edges.append((time.perf_counter() - began) * 1000)
    report.add("hint to new mask", wall, target="p50 2, p95 8 ms")
    report.add("hint to new mask, processor time", own)
    report.add("the first hint of an instance", first)
    report.add("ceiling meter", meters, target="10 ms")
    report.add("edges at full resolution", edges)
    report.notes.append(
        f"prototypes {CELLS} x {CELLS} x {COUNT}, image {WIDTH} x {HEIGHT}, {INSTANCES} instances, "
        f"{CLICKS} clicks each at random places; quality: main.py bench clicks"
    )
    return report


def _scene(rng: np.random.Generator) -> tuple[Prediction, np.ndarray]:
    smooth = [
        cv2.GaussianBlur(rng.normal(size=(CELLS, CELLS)), (0, 0), 2 + each / 4) for each in range(COUNT)
    ]
    prototypes = np.stack([np.maximum(each / np.abs(each).max(), 0) for each in smooth], -1)
    prediction = Prediction(
        model_version="generated",
        categories=("thing",),
        image_width=WIDTH,
        image_height=HEIGHT,
        prototypes=prototypes.astype(np.float16),
        boxes=np.array([[0.2, 0.2, 0.6, 0.8]], np.float32),
        scores=np.ones(1, np.float32),
        classes=np.zeros(1, np.int32),
        coefficients=rng.normal(size=(1, COUNT)).astype(np.float32),
        qualities=np.ones(1, np.float32),
    )
    noise = cv2.GaussianBlur(rng.integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.float32), (0, 0), 8)
    return prediction, np.clip((np.asarray(noise) - 128) * 4 + 128, 0, 255).astype(np.uint8)


def _instance(rng: np.random.Generator) -> tuple[tuple[float, float, float, float], BoxMask]:
    width, height = (int(value) for value in rng.integers(80, 500, 2))
    left, top = int(rng.integers(0, WIDTH - width)), int(rng.integers(0, HEIGHT - height))
    rows, columns = np.ogrid[:height, :width]
    bits = (2 * rows / height - 1) ** 2 + (2 * columns / width - 1) ** 2 < 1
    return (float(left), float(top), float(width), float(height)), BoxMask(left, top, np.asarray(bits))


def quality(data: str, *, model: str | None, limit: int | None, into: Path | None) -> int:
    """Clicks on photographs: `data` names a set of the shared folder, or is a COCO file."""
    from app.clicks.benchmark import run
    from app.commands.bench import lines
    from app.errors import InputError
    from app.inference import Inference
    from app.versions import find

    file = Path(data) if data.endswith(".json") else SHARED / data / "val.json"
    try:
        weights = find(model or MODELS.get(data, "starter")).weights
        with Inference(weights) as inference:
            found = run(inference, file, file.parent / "images", limit=limit, progress=_progress).as_dict()
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(["", *lines(found)]))
    if into is not None:
        content = {"model": str(weights), "data": str(file), **found}
        into.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return 0


def _progress(done: int, total: int) -> None:
    print(f"\r{done} of {total} images", end="", file=sys.stderr, flush=True)


def _command(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{NAME}", description=__doc__)
    parser.add_argument("--data", metavar="NAME|val.json", help="measure quality there instead of time")
    parser.add_argument("--model", metavar="W", help="weights, or a version's name")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N images only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="all numbers of it, for programs")
    wanted, rest = parser.parse_known_args(argv)
    if wanted.data:
        return quality(wanted.data, model=wanted.model, limit=wanted.limit, into=wanted.json)
    main(NAME, measure, rest)
    return 0


if __name__ == "__main__":
    sys.exit(_command(sys.argv[1:]))

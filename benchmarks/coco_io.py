"""COCO import and export of 100,000 instances, beside plain `json.load` and pycocotools' `COCO()`.

5,000 images (records only, no files) with 20 instances each: half polygons of 24 points, half compressed run
lengths. Every measurement is a process of its own, so that its peak memory is its own, too.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

from benchmarks.report import Report, main

NAME = "coco_io"
IMAGES, EACH = 5000, 20
WIDTH, HEIGHT = 640, 480
ROUNDS = 3
PROJECT, FILE = "project", "all.json"


def measure() -> Report:
    """Median time and peak memory of import, export and the plain readers, on the same file."""
    report = Report(f"COCO in and out, {IMAGES * EACH:,} instances", f"python -m benchmarks.{NAME}")
    tasks: dict[str, tuple[Callable[[Path], float], str]] = {
        "import": (_import, "10 s"),
        "export, run lengths": (_export_rle, "10 s"),
        "export, polygons": (_export_polygon, ""),
        "check_coco": (_check, ""),
        "json.load": (_json_load, ""),
        "pycocotools COCO()": (_coco, ""),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            _alone(_prepare, folder)
            for task, (work, _target) in tasks.items():
                found[task].append(_alone(work, folder))
            size = (folder / FILE).stat().st_size
    idle = [_alone(_nothing, Path())[1] for _ in range(ROUNDS)]
    for task, values in found.items():
        report.add(task, [seconds for seconds, _ in values], unit="s", target=tasks[task][1])
    for task, values in found.items():
        report.add(f"{task}: peak memory", [peak for _, peak in values], unit="MB")
    report.add("a process that does nothing: peak memory", idle, unit="MB")
    report.notes.append(f"the file: {size / 1e6:.0f} MB, {IMAGES:,} images of {WIDTH} x {HEIGHT}")
    report.notes.append("import includes the project's database and its edit log; exports include the check")
    return report


def _alone(work: Callable[[Path], float], folder: Path) -> tuple[float, float]:
    """(seconds that the work says, peak MB) in a fresh process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, folder))


def _measured(work: Callable[[Path], float], folder: Path) -> tuple[float, float]:
    seconds = work(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return seconds, peak / (1e6 if sys.platform == "darwin" else 1e3)


def _nothing(folder: Path) -> float:
    return 0.0


def _prepare(folder: Path) -> float:
    """The file, and a project with the images but nothing in them."""
    from app.project import Project
    from app.store import FoundFile

    started = time.perf_counter()
    (folder / "images").mkdir()
    project = Project.create(folder / PROJECT, folder / "images")
    project.store.add_images([FoundFile(f"{number:06}.jpg", 1, 1.0) for number in range(IMAGES)])
    project.store.update_images(
        [{"id": each.id, "width": WIDTH, "height": HEIGHT} for each in project.images()]
    )
    project.close()
    _write_file(folder / FILE)
    return time.perf_counter() - started


def _write_file(path: Path) -> None:
    from pycocotools import mask

    drawn = random.Random(4)
    annotations = []
    for number in range(IMAGES * EACH):
        polygon = _blob(drawn)
        encoded = mask.frPyObjects([polygon], HEIGHT, WIDTH)[0]
        counts = {"size": [HEIGHT, WIDTH], "counts": encoded["counts"].decode()}
        annotations.append(
            {
                "id": number + 1,
                "image_id": number // EACH + 1,
                "category_id": drawn.choice((1, 3, 7)),
                "segmentation": [polygon] if number % 2 else counts,
                "area": int(mask.area(encoded)),
                "bbox": [float(each) for each in mask.toBbox(encoded)],
                "iscrowd": 0,
            }
        )
    names = {1: "one", 3: "three", 7: "seven"}
    images = [
        {"id": number + 1, "file_name": f"{number:06}.jpg", "width": WIDTH, "height": HEIGHT}
        for number in range(IMAGES)
    ]
    categories = [{"id": number, "name": name, "supercategory": ""} for number, name in names.items()]
    whole = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(whole), encoding="utf-8")


def _blob(drawn: random.Random) -> list[float]:
    """A wobbly ring of 24 points."""
    radius = drawn.uniform(12, 70)
    x, y = drawn.uniform(radius, WIDTH - radius), drawn.uniform(radius, HEIGHT - radius)
    points: list[float] = []
    for step in range(24):
        angle, reach = step * math.tau / 24, radius * drawn.uniform(0.8, 1)
        points += [round(x + reach * math.cos(angle), 2), round(y + reach * math.sin(angle), 2)]
    return points


def _import(folder: Path) -> float:
    from app.coco import import_coco
    from app.project import Project

    project = Project.open(folder / PROJECT)
    started = time.perf_counter()
    report = import_coco(project, folder / FILE, done=True)
    seconds = time.perf_counter() - started
    project.close()
    if report.annotations != IMAGES * EACH:
        raise RuntimeError(str(report))
    return seconds


def _export(folder: Path, polygon: bool) -> float:
    from app.coco import export_coco
    from app.project import Project

    project = Project.open(folder / PROJECT)
    started = time.perf_counter()
    report = export_coco(project, folder / "out.json", segmentation="polygon" if polygon else "rle")
    seconds = time.perf_counter() - started
    project.close()
    if report.annotations != IMAGES * EACH:
        raise RuntimeError(str(report))
    return seconds


def _export_rle(folder: Path) -> float:
    return _export(folder, polygon=False)


def _export_polygon(folder: Path) -> float:
    return _export(folder, polygon=True)


def _check(folder: Path) -> float:
    from app.coco import check_coco

    started = time.perf_counter()
    problems = check_coco(folder / FILE)
    seconds = time.perf_counter() - started
    if problems:
        raise RuntimeError(str(problems[0]))
    return seconds


def _json_load(folder: Path) -> float:
    started = time.perf_counter()
    with (folder / FILE).open(encoding="utf-8") as file:
        whole = json.load(file)
    seconds = time.perf_counter() - started
    del whole
    return seconds


def _coco(folder: Path) -> float:
    from pycocotools.coco import COCO

    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        COCO(str(folder / FILE))
    return time.perf_counter() - started


if __name__ == "__main__":
    main(NAME, measure)

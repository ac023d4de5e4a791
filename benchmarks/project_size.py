"""Large projects: opening and listing 10,000 annotated images, an edit among them, scanning 100,000 files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageId, ImageState
from app.edits import Change, Edit, EditKind, remove
from app.geometry import from_mask
from app.project import Project
from benchmarks.report import Report, main, timed
from model.masks import BoxMask
from tests.builders import write_image

NAME = "project_size"
TITLE = "Large projects"
IMAGES, EACH, FILES, REPEAT = 10_000, 10, 100_000, 5
WIDTH, HEIGHT = 640, 480

OPEN = """
import sys, time
from pathlib import Path
start, work = time.perf_counter(), time.process_time()
from app.project import Project
project = Project.open(Path(sys.argv[1]))
count = len(project.images())
print((time.perf_counter() - start) * 1000, (time.process_time() - work) * 1000, count)
import resource
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(memory, *(each in sys.modules for each in ("cv2", "PIL")))
"""


def measure() -> Report:
    """Make a project of 10,000 images with 100,000 annotations and use it."""
    report = Report(TITLE, "python -m benchmarks.project_size")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = _project(folder)
        _edits(report, project)
        project.close()
        size = (folder / "project" / "project.db").stat().st_size
        report.add("database, per annotation", [size / (IMAGES * EACH)], unit="bytes")
        _opening(report, folder / "project")
        _scans(report, folder)
    report.notes.append(f"{IMAGES:,} images with {EACH} instances each, masks of about 60 x 60 pixels")
    report.notes.append(
        "the work is the time of the processor; the rest of the time the machine did others' work"
    )
    return report


def _project(folder: Path) -> Project:
    first = write_image(folder / "images" / "000" / "00000.jpg", 64, 48)
    for number in range(1, IMAGES):
        copy = folder / "images" / f"{number // 1000:03}" / f"{number:05}.jpg"
        copy.parent.mkdir(exist_ok=True)
        os.link(first, copy)
    project = Project.create(folder / "project", folder / "images", categories=("cat", "dog"))
    project.scan()
    records = project.images()
    project.store.update_images([{"id": each.id, "width": WIDTH, "height": HEIGHT} for each in records])
    project.store.append_all(_work(project, [each.id for each in records]))
    return project


def _work(project: Project, images: list[ImageId]) -> Iterator[Edit]:
    """Discs at random places, one edit an image."""
    chance = np.random.default_rng(0)
    y, x = np.mgrid[:60, :60]
    disc = np.hypot(x - 29.5, y - 29.5) < 30
    for image in images:
        added = []
        for left, top in chance.integers(0, (WIDTH - 60, HEIGHT - 60), (EACH, 2)).tolist():
            added.append(_instance(project.new_annotation_id(), image, BoxMask(left, top, disc)))
        changes = tuple(Change(None, each) for each in added)
        yield Edit(EditKind.ADD, image, changes, ImageState.NEW, ImageState.DONE, author="benchmark", at=1.0)


def _instance(number: AnnotationId, image: ImageId, mask: BoxMask) -> Annotation:
    return Annotation(
        id=number,
        image_id=image,
        category_id=CategoryId(1 + number % 2),
        state=AnnotationState.ACCEPTED,
        geometry=from_mask(mask, WIDTH, HEIGHT),
        bbox=(float(mask.left), float(mask.top), 60.0, 60.0),
        area=float(np.count_nonzero(mask.bits)),
        score=0.5,
    )


def _edits(report: Report, project: Project) -> None:
    image = project.images()[IMAGES // 2].id
    report.add("document of an image read", timed(lambda: project.document(image), repeat=50), target="5 ms")
    document = project.document(image)
    shape = np.ones((60, 60), np.bool_)
    added: list[float] = []
    for number in range(100):
        annotation = _instance(document.new_id(), image, BoxMask(number, number, shape))
        edit = Edit(EditKind.ADD, image, (Change(None, annotation),))
        start = time.perf_counter()
        document.apply(edit)
        added.append((time.perf_counter() - start) * 1000)
    report.add("edit on the disk", added)
    report.add("undo on the disk", timed(document.undo, repeat=50))
    several = list(document.annotations.values())
    report.add(
        "removal of all instances on the disk",
        timed(lambda: document.apply(remove(image, several)), repeat=1, warmup=0),
    )


def _opening(report: Report, folder: Path) -> None:
    answers = [
        subprocess.run(
            [sys.executable, "-c", OPEN, str(folder)], capture_output=True, text=True, check=True
        ).stdout.split()
        for _ in range(REPEAT)
    ]
    assert all(int(each[2]) == IMAGES and each[4:] == ["False", "False"] for each in answers), answers[0]
    what = f"opened and {IMAGES:,} images listed, in a new process"
    report.add(f"{what}, imports included", [float(each[0]) for each in answers], target="300 ms")
    report.add("the same, work of the processor", [float(each[1]) for each in answers], target="300 ms")
    report.add("memory of that process", [float(each[3]) for each in answers], unit="MB")
    project = Project.open(folder)
    report.add("all images listed again", timed(project.images, repeat=REPEAT))
    report.add("folder scanned again", timed(project.scan, repeat=REPEAT))
    project.close()


def _scans(report: Report, folder: Path) -> None:
    first = write_image(folder / "many" / "0" / "0.jpg", 64, 48)
    for number in range(1, FILES):
        copy = folder / "many" / str(number // 1000) / f"{number}.jpg"
        copy.parent.mkdir(exist_ok=True)
        if number % 30_000:
            os.link(first, copy)
        else:  # file systems limit how many links a file has
            first = Path(shutil.copy(first, copy))
    project = Project.create(folder / "large", folder / "many")
    what = f"{FILES:,} files"
    report.add(f"{what} found and kept", timed(project.scan, repeat=1, warmup=0))
    report.add(f"{what} looked at again", timed(project.scan, repeat=3, warmup=0))
    report.add(f"{what} listed", timed(project.images, repeat=3, warmup=0))
    assert len(project.images()) == FILES
    project.close()


if __name__ == "__main__":
    main(NAME, measure)

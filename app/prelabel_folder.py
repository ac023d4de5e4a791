"""Pre-labelling a folder of images straight to a COCO dataset file, without a project.

Masks are written as compressed run-lengths, as they come: memory does not grow with the folder. The file
appears under its name when it is whole.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TextIO

from app.errors import ExportFault, HostError, InputError
from app.images import find_images, natural_key
from app.inference import Inference, Priority
from app.prelabel import AHEAD, DEATHS, Failure, PrelabelReport
from app.proposals import Candidate, candidates
from model.messages import Prediction


def prelabel_folder(
    images: Path,
    inference: Inference,
    out: Path,
    *,
    min_score: float,
    progress: Callable[[int, int], None] | None = None,
) -> PrelabelReport:
    """Predict every image under `images` and write `out`: images with sizes, categories, annotations.

    Ids count from 1 in the order of the file names; names are relative to `images`, with '/'. An image that
    cannot be read is left out and listed in the report. Raises InputError for an empty folder, weights that
    cannot be loaded or a file that cannot be written; then nothing stands under `out` that was not there.
    """
    start = time.monotonic()
    paths = list_images(images)
    if not out.parent.is_dir():
        raise ExportFault(f"expected a folder to write into, got {out.parent}; make it first")
    loaded = inference.load().result()
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part")
    except OSError as error:
        raise ExportFault(f"{out}: cannot be written: {error.strerror}; choose another place") from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            writer = _Writer(file, loaded.categories)
            failed = _fill(
                writer, images, paths, inference, min_score, progress or (lambda done, total: None)
            )
            if not writer.images:
                raise InputError(
                    f"expected images that can be read, got {len(paths)} that cannot: {failed[0].reason}"
                )
            writer.finish(f"pre-labelled by Protolabel with {loaded.model_version}")
            file.flush()
            os.fsync(file.fileno())
        _publish(name, out)
    except OSError as error:
        raise ExportFault(
            f"{out}: not written: {error.strerror}; free space or choose another place"
        ) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
    return PrelabelReport(
        done=len(writer.images),
        skipped=0,
        proposals=writer.annotations,
        failed=tuple(failed),
        cancelled=False,
        seconds=time.monotonic() - start,
    )


def _publish(name: str, out: Path) -> None:
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(name, 0o666 & ~umask)  # mkstemp's files are for their owner only
    os.replace(name, out)


def _fill(
    writer: _Writer,
    images: Path,
    paths: Sequence[Path],
    inference: Inference,
    min_score: float,
    progress: Callable[[int, int], None],
) -> list[Failure]:
    failed: list[Failure] = []
    deaths = 0
    for count, (path, answer) in enumerate(_answers(paths, inference, min_score)):
        name = path.relative_to(images).as_posix()
        progress(count, len(paths))
        try:
            prediction = answer.result()
            deaths = 0
        except InputError as error:
            failed.append(Failure(name, str(error)))
            deaths = deaths + 1 if isinstance(error, HostError) else 0
            if deaths >= DEATHS:
                raise
            continue
        writer.add(name, prediction, candidates(prediction, min_score))
    progress(len(paths), len(paths))
    return failed


def _answers(
    paths: Sequence[Path], inference: Inference, min_score: float
) -> Iterator[tuple[Path, Future[Prediction]]]:
    waiting: deque[tuple[Path, Future[Prediction]]] = deque()
    for path in paths:
        waiting.append((path, inference.predict(path, min_score, priority=Priority.BULK)))
        if len(waiting) > AHEAD:
            yield waiting.popleft()
    yield from waiting


class _Writer:
    """Writes the annotations as they come, then the images and categories."""

    def __init__(self, file: TextIO, categories: Sequence[str]) -> None:
        self.images: list[dict[str, Any]] = []
        self.annotations = 0
        self._file = file
        self._categories = {name: number for number, name in enumerate(categories, start=1)}
        file.write('{"annotations": [')

    def add(self, name: str, prediction: Prediction, found: Sequence[Candidate]) -> None:
        """One image and its detections."""
        width, height = prediction.image_width, prediction.image_height
        image = len(self.images) + 1
        self.images.append({"id": image, "file_name": name, "width": width, "height": height})
        for each in found:
            self._file.write(",\n" if self.annotations else "\n")
            self.annotations += 1
            annotation = {
                "id": self.annotations,
                "image_id": image,
                "category_id": self._categories[each.category],
                "segmentation": {"size": [height, width], "counts": each.geometry.counts.decode("ascii")},
                "bbox": list(each.bbox),
                "area": each.area,
                "iscrowd": 0,
                "score": round(each.score, 6),
            }
            json.dump(annotation, self._file)

    def finish(self, description: str) -> None:
        """The rest of the file."""
        categories = [
            {"id": number, "name": name, "supercategory": ""} for name, number in self._categories.items()
        ]
        rest = {"images": self.images, "categories": categories, "info": {"description": description}}
        self._file.write("\n], " + json.dumps(rest)[1:] + "\n")


def list_images(folder: Path) -> list[Path]:
    """The image files under `folder` and its sub-folders, in natural order. InputError for none."""
    names = sorted((each.path for each in find_images(folder)), key=natural_key)
    if not names:
        raise InputError(f"expected images in {folder}, found none; choose another folder")
    return [folder / name for name in names]

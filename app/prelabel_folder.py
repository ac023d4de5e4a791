"""Pre-labelling a folder of images straight to a COCO dataset file, without a project.

Masks are kept as compressed run-lengths in part files beside the file, as they come: memory does not grow
with the folder, many processes can share it, and a run that was ended goes on. The file appears under its
name when it is whole.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from app.bulk_parts import predict_missing
from app.errors import ExportFault, InputError
from app.images import find_images, natural_key, none_found
from app.inference import Inference, Priority
from app.prelabel import Failure, PrelabelReport
from app.proposals import Candidate, candidates
from app.shards import Parts, Shard, digest, stamp_of
from model.atomic import replacing
from model.messages import Loaded, Prediction


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
    cannot be read is left out and listed in the report. What was predicted is kept beside `out` until it is
    written: a run that was ended goes on there. Raises InputError for an empty folder, weights that cannot be
    loaded or a file that cannot be written; then `out` is as it was.
    """
    report = prelabel_share(images, inference, out, Shard(), min_score=min_score, progress=progress)
    assert report is not None  # alone, nobody else can have written it
    return report


def prelabel_share(
    images: Path,
    inference: Inference,
    out: Path,
    shard: Shard,
    *,
    min_score: float,
    progress: Callable[[int, int], None] | None = None,
) -> PrelabelReport | None:
    """The same by one of many processes: predict our share, and write `out` if we are the last to end.

    None when another process writes, or has written, `out`.
    """
    start = time.monotonic()
    paths = list_images(images)
    if not out.parent.is_dir():
        raise ExportFault(f"expected a folder to write into, got {out.parent}; make it first")
    try:
        parts = Parts(_parts_folder(images, inference, out, min_score), shard)
    except OSError as error:
        raise ExportFault(f"{out}: cannot be written: {error.strerror}; choose another place") from error
    try:
        loaded = inference.load().result()
        own = [path for path in paths if shard.has(_name(path, images))]
        predict_missing(
            parts,
            own,
            inference,
            key=lambda path: _name(path, images),
            stamp=stamp_of,
            ask=lambda path: inference.predict(path, min_score, priority=Priority.BULK),
            line=lambda prediction: _line(prediction, min_score),
            progress=progress or (lambda done, total: None),
        )
        with parts.alone() as ours:
            report = _merge(parts, images, paths, out, loaded, start) if ours else None
    except OSError as error:
        raise ExportFault(
            f"{out}: not written: {error.strerror}; free space or choose another place"
        ) from error
    finally:
        parts.close()
        if shard.world == 1 and not parts.started:  # others may be about to write
            parts.remove()
    return report


def _parts_folder(images: Path, inference: Inference, out: Path, min_score: float) -> Path:
    """Beside `out`; another one for other images, weights or scores."""
    job = digest(str(images.resolve()), str(inference.weights), stamp_of(inference.weights), min_score)
    return out.parent / f".{out.name}.parts-{job}"


def _merge(
    parts: Parts, images: Path, paths: Sequence[Path], out: Path, loaded: Loaded, start: float
) -> PrelabelReport | None:
    """Write `out` from the parts; None when some are missing still."""
    places = parts.places()
    found = [places.get(_name(path, images)) for path in paths]
    if not parts.all_present or any(
        place is None or place.stamp != stamp_of(path) for place, path in zip(found, paths, strict=True)
    ):
        return None
    with replacing(out) as file:
        writer = _Writer(file, loaded.categories)
        failed = []
        for line in parts.read([place for place in found if place is not None]):
            if "failed" in line:
                failed.append(Failure(line["key"], line["failed"]))
            else:
                width, height = line["size"]
                writer.add(line["key"], width, height, line["annotations"])
        if not writer.images:
            parts.remove()
            raise InputError(
                f"expected images that can be read, got {len(paths)} that cannot: {failed[0].reason}"
            )
        writer.finish(f"pre-labelled by Protolabel with {loaded.model_version}")
    parts.remove()
    return PrelabelReport(
        done=len(writer.images),
        skipped=0,
        proposals=writer.annotations,
        failed=tuple(failed),
        cancelled=False,
        seconds=time.monotonic() - start,
    )


def _name(path: Path, images: Path) -> str:
    return path.relative_to(images).as_posix()


def _line(prediction: Prediction, min_score: float) -> dict[str, Any]:
    """What is kept of an image."""
    return {
        "size": [prediction.image_width, prediction.image_height],
        "annotations": [_annotation(each) for each in candidates(prediction, min_score)],
    }


def _annotation(each: Candidate) -> dict[str, Any]:
    """What is kept of a detection."""
    return {
        "category": each.category,
        "counts": each.geometry.counts.decode("ascii"),
        "bbox": list(each.bbox),
        "area": each.area,
        "score": round(each.score, 6),
    }


class _Writer:
    """Writes the annotations as they come, then the images and categories."""

    def __init__(self, file: BinaryIO, categories: Sequence[str]) -> None:
        self.images: list[dict[str, Any]] = []
        self.annotations = 0
        self._file = file
        self._categories = {name: number for number, name in enumerate(categories, start=1)}
        file.write(b'{"annotations": [')

    def add(self, name: str, width: int, height: int, found: Sequence[Mapping[str, Any]]) -> None:
        """One image and its detections."""
        image = len(self.images) + 1
        self.images.append({"id": image, "file_name": name, "width": width, "height": height})
        for each in found:
            self._file.write(b",\n" if self.annotations else b"\n")
            self.annotations += 1
            annotation = {
                "id": self.annotations,
                "image_id": image,
                "category_id": self._categories[each["category"]],
                "segmentation": {"size": [height, width], "counts": each["counts"]},
                "bbox": each["bbox"],
                "area": each["area"],
                "iscrowd": 0,
                "score": each["score"],
            }
            self._file.write(json.dumps(annotation).encode("ascii"))

    def finish(self, description: str) -> None:
        """The rest of the file."""
        categories = [
            {"id": number, "name": name, "supercategory": ""} for name, number in self._categories.items()
        ]
        rest = {"images": self.images, "categories": categories, "info": {"description": description}}
        self._file.write(f"\n], {json.dumps(rest)[1:]}\n".encode("ascii"))


def list_images(folder: Path) -> list[Path]:
    """The image files under `folder` and its sub-folders, in natural order. InputError for none."""
    names = sorted((each.path for each in find_images(folder)), key=natural_key)
    if not names:
        raise InputError(f"{none_found(folder)}; choose another folder, or put images there")
    return [folder / name for name in names]

"""COCO scores of a network, by pycocotools: mask and box AP, per size and category.

Frame: image pixels. Masks are assembled as the program shows them. Ids are renumbered in memory, because
pycocotools takes annotation id 0 for "not matched"; run lengths are checked before it sees them, because bad
ones crash the process.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from model import dataset
from model.dataset import CocoData, ImageEntry
from model.errors import DataError, InputError
from model.image_io import read_image
from model.masks import assemble_all
from model.messages import Prediction
from model.rle import run_lengths

NAMES = (  # in pycocotools' order
    *("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"),
    *("AR_1", "AR_10", "AR_100", "AR_small", "AR_medium", "AR_large"),
)
MAX_DETECTIONS = 100
Progress = Callable[[int, int], None]  # images done, of how many


class Predicts(Protocol):
    """What is measured: `Predictor`, or anything that answers like it."""

    @property
    def categories(self) -> tuple[str, ...]: ...

    def predict(self, image_rgb: Any, min_score: float = ..., max_detections: int = ...) -> Prediction: ...


@dataclass(frozen=True, slots=True)
class Scores:
    """pycocotools' numbers, 0..1, or -1 where there is nothing to measure."""

    mask: Mapping[str, float]
    box: Mapping[str, float]
    per_category: Mapping[str, Mapping[str, float]]  # category name -> {"mask": AP, "box": AP}
    images: int
    instances: int
    skipped: Mapping[str, int] = field(default_factory=dict)  # why, how many

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "mask": dict(self.mask),
            "box": dict(self.box),
            "per_category": {name: dict(values) for name, values in self.per_category.items()},
            "images": self.images,
            "instances": self.instances,
            "skipped": dict(self.skipped),
        }


def evaluate(
    weights: Path | str,
    data_json: Path,
    images_dir: Path,
    device: str = "auto",
    progress: Progress | None = None,
) -> Scores:
    """Measure a weights file on a COCO file. Raises InputError (weights, data, no common category).

    `weights` may name a two-stage network instead (`two_stage.MaskRcnn`).
    """
    from model.predictor import Predictor
    from model.two_stage import MaskRcnn, is_two_stage

    data = dataset.load(data_json, images_dir)
    if is_two_stage(weights):
        return measure(MaskRcnn(weights, device), data, progress)
    predictor = Predictor(weights, device)
    return measure(predictor, data, progress, min_score=predictor.config.score_threshold)


def measure(
    predictor: Predicts,
    data: CocoData,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    min_score: float = 0.05,
) -> Scores:
    """Measure a predictor on loaded data. Categories are those of the data, found by name.

    Detections below `min_score` (published: 0.05) and beyond the best 100 of an image do not count. Images
    that cannot be read are left out and counted. `cancelled` ends it early, with what was seen.
    """
    ranks = _ranks(predictor.categories, data.categories)
    truth: list[dict[str, Any]] = []
    found: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    skipped = {what: count for what, count in data.problems.items() if "category" not in what}
    for done, entry in enumerate(data.images):
        if cancelled():
            break
        try:
            image = read_image(entry.path)
            if image.shape[:2] != (entry.height, entry.width):
                raise DataError("images of another size than the file says")
        except InputError as error:
            reason = str(error) if isinstance(error, DataError) else "images that cannot be read"
            skipped[reason] = skipped.get(reason, 0) + 1
            continue
        number = len(images) + 1
        images.append({"id": number, "width": entry.width, "height": entry.height})
        truth.extend(ground_truth(entry, number, len(truth) + 1))
        found.extend(results(predictor.predict(image, min_score, MAX_DETECTIONS), number, ranks))
        if progress is not None:
            progress(done + 1, len(data.images))
    return score(images, truth, found, data.categories, skipped)


def score(
    images: Sequence[dict[str, Any]],
    truth: Sequence[dict[str, Any]],
    found: Sequence[dict[str, Any]],
    categories: Sequence[str],
    skipped: Mapping[str, int] | None = None,
) -> Scores:
    """pycocotools' judgement of results in its own format; category ids are ranks from 1."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    numbers: dict[str, dict[str, float]] = {}
    single: dict[str, dict[str, float]] = {name: {} for name in categories}
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": list(images),
            "annotations": list(truth),
            "categories": [{"id": rank + 1, "name": name} for rank, name in enumerate(categories)],
        }
        coco.createIndex()
        for kind, name in (("segm", "mask"), ("bbox", "box")):
            if not found or not images:
                numbers[name] = _nothing(truth)
                continue
            answers = coco.loadRes([dict(result) for result in found])
            judge = COCOeval(coco, answers, kind)
            judge.evaluate()
            judge.accumulate()
            judge.summarize()
            numbers[name] = dict(zip(NAMES, (float(value) for value in judge.stats), strict=True))
            precision = judge.eval["precision"][:, :, :, 0, -1]  # (T, R, K), all sizes, 100 detections
            for rank, category in enumerate(categories):
                values = precision[:, :, rank]
                values = values[values > -1]
                single[category][name] = float(values.mean()) if values.size else -1.0
    return Scores(
        numbers["mask"],
        numbers["box"],
        single,
        len(images),
        sum(not one["iscrowd"] for one in truth),
        skipped or {},
    )


def ground_truth(entry: ImageEntry, image_id: int, first_id: int) -> list[dict[str, Any]]:
    """The annotations of one image as pycocotools takes them, numbered from `first_id`."""
    from pycocotools import mask as coco_mask

    found: list[dict[str, Any]] = []
    for instance in entry.instances:
        size = [entry.height, entry.width]
        if isinstance(instance.segmentation, Mapping):
            counts = run_lengths(instance.segmentation, *size)
            rle = coco_mask.frPyObjects({"size": size, "counts": counts.tolist()}, *size)
        else:
            rle = coco_mask.merge(coco_mask.frPyObjects(instance.segmentation, *size))
        if instance.box is None:
            box = [float(value) for value in coco_mask.toBbox(rle)]
        else:
            x1, y1, x2, y2 = instance.box
            box = [x1, y1, x2 - x1, y2 - y1]
        found.append(
            {
                "id": first_id + len(found),
                "image_id": image_id,
                "category_id": instance.category + 1,
                "iscrowd": int(instance.crowd),
                "area": float(coco_mask.area(rle)),
                "bbox": box,
                "segmentation": rle,
            }
        )
    return found


def results(prediction: Prediction, image_id: int, ranks: Mapping[int, int]) -> list[dict[str, Any]]:
    """The detections of one image as pycocotools takes them; classes that are not in `ranks` are left out."""
    from pycocotools import mask as coco_mask

    width, height = prediction.image_width, prediction.image_height
    chosen = [index for index in range(len(prediction)) if int(prediction.classes[index]) in ranks]
    found = []
    for index, mask in zip(chosen, assemble_all(prediction, chosen), strict=True):
        full = np.zeros((height, width), np.uint8, order="F")
        full[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
        x1, y1, x2, y2 = np.clip(prediction.boxes[index], 0, 1) * (width, height, width, height)
        found.append(
            {
                "image_id": image_id,
                "category_id": ranks[int(prediction.classes[index])] + 1,
                "score": float(prediction.qualities[index]),
                "bbox": [float(x1), float(y1), float(x2 - x1), float(y2 - y1)],
                "segmentation": coco_mask.encode(full),
            }
        )
    return found


def _ranks(known: Sequence[str], wanted: Sequence[str]) -> dict[int, int]:
    """Network class -> rank in the data, by name. InputError when they share none."""
    places = {name.casefold(): rank for rank, name in enumerate(wanted)}
    ranks = {index: places[name.casefold()] for index, name in enumerate(known) if name.casefold() in places}
    if not ranks:
        raise InputError(
            f"expected a model that knows one of the data's categories ({', '.join(wanted[:5])}), "
            f"got one of {', '.join(known[:5])}"
        )
    return ranks


def _nothing(truth: Sequence[dict[str, Any]]) -> dict[str, float]:
    """No detections: 0 where there was something to find, else -1, as pycocotools says it."""
    value = 0.0 if any(not one["iscrowd"] for one in truth) else -1.0
    return dict.fromkeys(NAMES, value)

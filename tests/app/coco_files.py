"""Small real COCO files and the projects they belong to, made in a test's own folder."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pycocotools import mask as painter
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from app.project import Project

WIDTH, HEIGHT = 40, 30
Json = dict[str, Any]
SQUARE = [5.0, 5.0, 15.0, 5.0, 15.0, 15.0, 5.0, 15.0]  # 10 x 10 pixels


def make_project(folder: Path, names: Sequence[str] = ("a.png", "b.png", "c.png")) -> Project:
    """A project of small images."""
    images = folder / "images"
    for name in names:
        (images / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (WIDTH, HEIGHT)).save(images / name)
    project = Project.create(folder / "project", images)
    project.scan()
    return project


def image(number: int, name: str, **fields: Any) -> Json:
    return {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT, **fields}


def annotation(number: int, image_id: int = 1, category_id: int = 1, **fields: Any) -> Json:
    """A square of 10 x 10 pixels, less what `fields` change (None: the field is left out)."""
    whole = {
        "id": number,
        "image_id": image_id,
        "category_id": category_id,
        "segmentation": [SQUARE],
        "bbox": [5, 5, 10, 10],
        "area": 100,
        "iscrowd": 0,
        **fields,
    }
    return {key: value for key, value in whole.items() if value is not None}


def dataset(
    annotations: Sequence[object],
    images: Sequence[object] = (image(1, "a.png"),),
    categories: Sequence[object] = ({"id": 1, "name": "cat", "supercategory": ""},),
    **members: object,
) -> Json:
    return {
        "images": list(images),
        "annotations": list(annotations),
        "categories": list(categories),
        **members,
    }


def write(folder: Path, content: Mapping[str, object], name: str = "in.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def compressed(bits: NDArray[np.bool_]) -> Json:
    encoded = painter.encode(np.asfortranarray(bits, np.uint8))
    return {"size": list(bits.shape), "counts": encoded["counts"].decode()}


def uncompressed(bits: NDArray[np.bool_]) -> Json:
    flat = bits.T.ravel()
    changes = [0, *(np.flatnonzero(flat[1:] != flat[:-1]) + 1).tolist(), flat.size]
    runs = np.diff(changes).tolist()
    return {"size": list(bits.shape), "counts": [0, *runs] if flat[0] else runs}


def ring(outer: int = 9, inner: int = 4) -> NDArray[np.bool_]:
    """A disc with a hole."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    squared = (x - 20) ** 2 + (y - 15) ** 2
    return (squared <= outer**2) & (squared > inner**2)


def load(path: Path) -> COCO:
    """As pycocotools reads it."""
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def mask_ap(truth: Path, written: Path) -> float:
    """Mask AP (IoU 0.5 and 0.95) of a file's annotations as results of score 1, by pycocotools."""
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO(str(truth))
        result = [
            {**each, "score": 1.0}
            for each in json.loads(written.read_text())["annotations"]
            if not each["iscrowd"]
        ]
        evaluation = COCOeval(gt, gt.loadRes(result), "segm")
        evaluation.params.maxDets = [1000]
        evaluation.params.iouThrs = np.array([0.5, 0.95])
        evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e10]], ["all"]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    return float(precision[precision > -1].mean())


def same_pixels(one: COCO, other: COCO) -> bool:
    """Whether all annotations, by their ids, cover the same pixels."""
    if set(one.anns) != set(other.anns):
        return False
    pairs = [(one.annToRLE(each), other.annToRLE(other.anns[number])) for number, each in one.anns.items()]
    return all(  # the same pixels may be written in several ways: decoding, which is slow, has the last word
        a["counts"] == b["counts"] or bool((painter.decode(a) == painter.decode(b)).all()) for a, b in pairs
    )

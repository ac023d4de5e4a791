"""The click benchmark: every instance of a COCO file, from its prediction, from nothing and from its box.

Predictions come from the model's process (`app.inference`). Frame: image pixels.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.box_prompt import best_of_box
from app.ceiling import Measured, ceiling, size_of, table
from app.clicks import polygon
from app.clicks.clicker import next_click
from app.clicks.counting import CAP, Series, iou, vertices_to
from app.clicks.tools import TOOLS, Start
from app.edges import refined
from app.errors import InputError
from app.fine import shared_look
from app.geometry import window
from app.inference import Inference
from model.image_io import read_image
from model.masks import BoxMask, assemble_all
from model.messages import Prediction

MATCHED = 0.4  # IoU from which a detection is the start for an instance
MIN_SCORE = 0.05
GOOD = 0.90  # ceiling of the prototypes from which an instance counts as one that they can express

Bits = NDArray[np.bool_]
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Result:
    """What was measured, by start and tool."""

    series: dict[str, Series] = field(default_factory=dict)
    ceilings: dict[str, list[Measured]] = field(default_factory=dict)
    boxes: list[Measured] = field(default_factory=list)
    vertices: dict[str, list[int]] = field(default_factory=lambda: {"85": [], "90": []})
    images: int = 0
    instances: int = 0
    matched: int = 0
    skipped: int = 0  # annotations without a pixel, crowds
    unseen: int = 0  # of categories that the model does not know

    def as_dict(self) -> dict[str, Any]:
        """All of it, for programs."""
        larger = [each.iou for each in self.boxes if size_of(each.area) != "small"]
        return {
            "images": self.images,
            "instances": self.instances,
            "matched": self.matched,
            "skipped": self.skipped,
            "unseen": self.unseen,
            "series": {name: each.summary() for name, each in self.series.items()},
            "box": {
                "instances": len(self.boxes),
                "mean": float(np.mean([each.iou for each in self.boxes])) if self.boxes else 0.0,
                "mean_medium_large": float(np.mean(larger)) if larger else 0.0,
                "table": table(self.boxes),
            },
            "ceiling": {name: table(values) for name, values in self.ceilings.items()},
            "polygon_vertices": {
                name: float(np.mean(values)) if values else 0.0 for name, values in self.vertices.items()
            },
        }


def run(
    inference: Inference,
    data: Path,
    images: Path,
    *,
    limit: int | None = None,
    clicks: int = CAP,
    seed: int = 0,
    progress: Progress | None = None,
) -> Result:
    """Measure. `limit`: images at most. InputError for a file that is none, or an image that is missing."""
    listed = _read(data)
    chosen = listed[:limit]
    result = Result()
    for number, (entry, objects, names) in enumerate(chosen):
        path = images / str(entry["file_name"])
        if not path.is_file():
            raise InputError(f"--images: expected {entry['file_name']}, got none in {images}")
        prediction = inference.predict(path, MIN_SCORE, anchors=True).result()
        pixels = read_image(path)
        _image(result, prediction, pixels, objects, names, clicks, np.random.default_rng(seed + number))
        if progress:
            progress(number + 1, len(chosen))
    return result


def _image(
    result: Result,
    prediction: Prediction,
    pixels: NDArray[np.uint8],
    annotations: Sequence[dict[str, Any]],
    names: dict[int, str],
    clicks: int,
    rng: np.random.Generator,
) -> None:
    height, width = pixels.shape[:2]
    masks = assemble_all(prediction)
    result.images += 1
    for annotation in annotations:
        truth = _truth(annotation, width, height)
        area = float(np.count_nonzero(truth))
        if annotation.get("iscrowd") or not area:
            result.skipped += 1
            continue
        result.instances += 1
        category = names.get(int(annotation.get("category_id", 0)), "?")
        unseen = category.casefold() not in {each.casefold() for each in prediction.categories}
        result.unseen += unseen
        whole = BoxMask(0, 0, truth)
        best: dict[str, float] = {}
        for kind, helpers in (("prototypes", False), ("prototypes and helpers", True)):
            best[kind] = ceiling(prediction, pixels, whole, helpers=helpers, side=112)
            result.ceilings.setdefault(kind, []).append(Measured(category, area, best[kind]))
        for wanted in result.vertices:
            result.vertices[wanted].append(vertices_to(truth, int(wanted) / 100))
        rows, columns = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
        box = (float(columns[0]), float(rows[0]), float(np.ptp(columns) + 1), float(np.ptp(rows) + 1))
        seeded = best_of_box(prediction, box, pixels, finely=shared_look())
        result.boxes.append(Measured(category, area, iou(_whole(seeded.mask, width, height), truth)))
        empty = Start(
            prediction,
            pixels,
            BoxMask(0, 0, np.zeros((0, 0), np.bool_)),
            np.zeros(prediction.prototypes.shape[2], np.float32),
            (float(width) / 2, float(height) / 2, 1.0, 1.0),
        )
        known = seeded.coefficients if seeded.source == "anchor" else np.zeros_like(seeded.coefficients)
        boxed = Start(replace(prediction, anchors=None), pixels, seeded.mask, known, seeded.box)
        for kind in ("", "unseen category, ") if unseen else ("",):
            for name in ("tool", "brush"):
                _clicks(result, f"{kind}from nothing: {name}", name, empty, truth, clicks, None)
                _clicks(result, f"{kind}from its box: {name}", name, boxed, truth, clicks, None)
            _vertices(result, f"{kind}from nothing: polygon", None, truth, clicks)
        start = _matched(prediction, pixels, masks, truth)
        if start is None:
            continue
        result.matched += 1
        for name in TOOLS:
            _clicks(result, f"from the prediction: {name}", name, start, truth, clicks, None)
        _vertices(result, "from the prediction: polygon", start.mask, truth, clicks)
        edged = refined(start.mask, pixels, 1.0)
        if edged.bits.any():
            _clicks(result, "edges refined: tool", "tool", replace(start, mask=edged), truth, clicks, None)
        for name in ("tool", "brush"):
            _clicks(result, f"off centre: {name}", name, start, truth, clicks, rng)
        if size_of(area) != "small":
            _clicks(result, "medium and large: tool", "tool", start, truth, clicks, None)
        if best["prototypes and helpers"] >= GOOD:
            _clicks(result, "ceiling .90: tool", "tool", start, truth, clicks, None)
        if best["prototypes"] >= GOOD:
            _clicks(result, "ceiling of prototypes .90: tool", "tool", start, truth, clicks, None)


def _clicks(
    result: Result,
    series: str,
    tool: str,
    start: Start,
    truth: Bits,
    clicks: int,
    rng: np.random.Generator | None,
) -> None:
    """Click until the cap, or until nothing is wrong any more."""
    into = result.series.setdefault(series, Series())
    height, width = truth.shape
    using = TOOLS[tool](start)
    mask = _whole(start.mask, width, height)
    ious, open_ = [iou(mask, truth)], np.ones(truth.shape, np.bool_)
    for _ in range(clicks):
        aim = next_click(truth, mask, open_, rng)
        if aim is None:
            break
        open_[aim.row, aim.column] = False
        mask = using.click(aim)
        ious.append(iou(mask, truth))
    into.ious.append(ious)
    into.seconds += using.seconds
    into.painted += using.painted


def _vertices(result: Result, series: str, mask: BoxMask | None, truth: Bits, clicks: int) -> None:
    """A polygon's vertices as clicks: drawn from nothing, or a mask's outline corrected."""
    into = result.series.setdefault(series, Series())
    height, width = truth.shape
    whole = np.zeros_like(truth) if mask is None else _whole(mask, width, height)
    rows, columns = np.flatnonzero((whole | truth).any(1)), np.flatnonzero((whole | truth).any(0))
    near = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    began = time.perf_counter()
    if mask is None:
        ious = polygon.drawn(truth[near], clicks)
    else:
        ious = polygon.edited(whole[near], truth[near], clicks)
    into.ious.append(ious)
    made = max(len(ious) - 1, 1)
    into.seconds += [(time.perf_counter() - began) / made] * (len(ious) - 1)
    into.painted += len(ious) - 1


def _matched(
    prediction: Prediction, pixels: NDArray[np.uint8], masks: Sequence[BoxMask], truth: Bits
) -> Start | None:
    """The detection that is most like an instance, if one is."""
    height, width = truth.shape
    likeness = [iou(_whole(mask, width, height), truth) for mask in masks]
    best = int(np.argmax(likeness)) if likeness else -1
    if best < 0 or likeness[best] < MATCHED:
        return None
    x1, y1, x2, y2 = (float(value) for value in prediction.boxes[best])
    box = (x1 * width, y1 * height, (x2 - x1) * width, (y2 - y1) * height)
    return Start(replace(prediction, anchors=None), pixels, masks[best], prediction.coefficients[best], box)


def _whole(mask: BoxMask, width: int, height: int) -> Bits:
    return window(mask, 0, 0, width, height)


def _truth(annotation: dict[str, Any], width: int, height: int) -> Bits:
    """A COCO segmentation of any form as pixels."""
    from pycocotools import mask as coco

    segmentation = annotation.get("segmentation")
    if isinstance(segmentation, list) and segmentation:
        counts = coco.merge(coco.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation, dict) and isinstance(segmentation.get("counts"), list):
        counts = coco.frPyObjects(segmentation, height, width)
    elif isinstance(segmentation, dict) and segmentation.get("counts"):
        counts = segmentation
    else:
        return np.zeros((height, width), np.bool_)
    bits = np.asarray(coco.decode(counts), np.bool_)
    return bits if bits.shape == (height, width) else np.zeros((height, width), np.bool_)


def _read(data: Path) -> list[tuple[dict[str, Any], list[dict[str, Any]], dict[int, str]]]:
    """Each image's entry, its annotations, and the categories' names."""
    try:
        content = json.loads(data.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"--data: expected a COCO file, got {data}, which cannot be read: {error}") from None
    if not isinstance(content, dict) or not content.get("images") or "annotations" not in content:
        raise InputError(
            f"--data: expected a COCO file with images and annotations, got {data}, which has none"
        )
    names = {int(each["id"]): str(each["name"]) for each in content.get("categories", ())}
    of: dict[int, list[dict[str, Any]]] = {}
    for annotation in content["annotations"]:
        of.setdefault(annotation["image_id"], []).append(annotation)
    return [(entry, of.get(entry["id"], []), names) for entry in content["images"]]

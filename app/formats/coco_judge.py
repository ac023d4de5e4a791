"""Which annotations of a COCO file can be used, and as what: for import, check and the check of exports."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from app.formats.coco_index import RawAnnotation, as_json, whole_number
from app.formats.coco_shapes import Shape, read_shapes
from app.formats.notes import Tally

OWN_KEYS = frozenset({"id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd", "score"})


@dataclass(frozen=True, slots=True)
class Judged:
    """An annotation that can be used. `category_id` is the file's; `extra`: JSON of unknown fields or ""."""

    raw: RawAnnotation
    category_id: int
    shape: Shape
    is_crowd: bool
    score: float | None
    extra: str


def judge(
    groups: Sequence[Sequence[RawAnnotation]],
    sizes: Mapping[int, tuple[int, int]],
    categories: Container[int],
    *,
    refused: Tally,
    changed: Tally,
) -> list[list[Judged]]:
    """Groups of one image each, as `CocoIndex.batches` gives them, less what is refused.

    `sizes`: (height, width) of the image by its id in the file; images that are not in it were told
    elsewhere and their annotations are skipped. `categories`: ids that may be used.
    """
    flat = [
        (group, raw)
        for group, raws in enumerate(groups)
        for raw in raws
        if raw.image_id in sizes and _has_category(raw, categories, refused)
    ]
    shapes = read_shapes(
        [raw.value.get("segmentation") for _, raw in flat],
        [raw.value.get("bbox") for _, raw in flat],
        [sizes[raw.image_id] for _, raw in flat],
    )
    kept: list[list[Judged]] = [[] for _ in groups]
    for (group, raw), shape in zip(flat, shapes, strict=True):
        if shape.fault:
            refused.add(shape.fault, f"{raw}: {shape.detail}" if shape.detail else str(raw))
            continue
        for change in shape.changes:
            changed.add(change, str(raw))
        kept[group].append(_judged(raw, shape, changed))
    return kept


def _has_category(raw: RawAnnotation, categories: Container[int], refused: Tally) -> bool:
    number = whole_number(raw.value.get("category_id"))
    known = number is not None and number in categories
    if not known:
        refused.add(
            "category_id that is no category of the file", f"{raw} ({raw.value.get('category_id')!r:.40})"
        )
    return known


def _judged(raw: RawAnnotation, shape: Shape, changed: Tally) -> Judged:
    crowd = raw.value.get("iscrowd", 0)
    if crowd not in (0, 1, None):
        changed.add("iscrowd that is neither 0 nor 1: taken as 0", str(raw))
    category = whole_number(raw.value.get("category_id"))
    assert category is not None
    return Judged(
        raw,
        category,
        shape,
        is_crowd=crowd == 1,
        score=_score(raw, changed),
        extra=as_json({key: each for key, each in raw.value.items() if key not in OWN_KEYS}),
    )


def _score(raw: RawAnnotation, changed: Tally) -> float | None:
    value = raw.value.get("score")
    if value is None:
        return None
    if (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and 0 <= value <= 1
    ):
        return float(value)
    changed.add("score that is no number from 0 to 1: left out", str(raw))
    return None

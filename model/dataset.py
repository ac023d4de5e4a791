"""COCO JSON for training and evaluation: read once, judged in words, never fatal for one bad entry.

Frame: image pixels, upright. Category ids may be anything; inside they are ranks of the sorted ids, from 0.
Images without annotations are kept: they are true negatives.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.errors import DataError
from model.rle import check, may_show

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One annotation whose segmentation can be decoded. `box` is None where the file's is not usable."""

    category: int  # rank of the category id
    box: Box | None  # x1, y1, x2, y2, cut to the image
    segmentation: Any
    crowd: bool


@dataclass(frozen=True, slots=True, eq=False)
class ImageEntry:
    """One image and what is in it."""

    id: int | str
    path: Path
    width: int
    height: int
    instances: tuple[Instance, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CocoData:
    """A file's content. `problems`: what was left out or changed, in words, with how often."""

    categories: tuple[str, ...]
    category_ids: tuple[int, ...]
    images: tuple[ImageEntry, ...]
    problems: Mapping[str, int] = field(default_factory=dict)

    @property
    def instances(self) -> int:
        """Annotations that can be learnt from; crowds do not count."""
        return sum(not one.crowd for image in self.images for one in image.instances)

    def report(self) -> list[str]:
        """One line for each kind of problem."""
        return [f"{what}: {count}" for what, count in self.problems.items()]


def load(data: Path, images_dir: Path, *, check_files: bool = True) -> CocoData:
    """Read a COCO file. DataError when it is none, or holds no image that is there.

    `check_files`: leave out images whose file is missing. Faults of single entries are counted.
    """
    content = read_json(data)
    categories = _categories(content, data)
    ranks = {number: rank for rank, (number, _) in enumerate(categories)}
    problems: Counter[str] = Counter()
    by_image: dict[Any, list[Mapping[str, Any]]] = {}
    for annotation in _entries(content, "annotations", data, needed=False):
        by_image.setdefault(_key(annotation.get("image_id")), []).append(annotation)
    images: list[ImageEntry] = []
    for entry in _entries(content, "images", data):
        found = _image(entry, images_dir, problems, check_files)
        annotations = by_image.pop(_key(entry.get("id")), [])
        if found is None:
            continue
        path, width, height = found
        kept = [_instance(one, width, height, ranks, problems) for one in annotations]
        images.append(
            ImageEntry(entry["id"], path, width, height, tuple(one for one in kept if one is not None))
        )
    if orphans := sum(len(annotations) for annotations in by_image.values()):
        problems["annotations of images that are not there, or listed twice"] += orphans
    if not images:
        reasons = "; ".join(f"{what}: {count}" for what, count in problems.items()) or "the list is empty"
        raise DataError(f"{data}: expected images in {images_dir}, found none that can be used ({reasons})")
    used = {one.category for image in images for one in image.instances if not one.crowd}
    for number, name in categories:
        if ranks[number] not in used:
            problems[f"category without an instance ({name})"] += 1
    return CocoData(
        tuple(name for _, name in categories),
        tuple(number for number, _ in categories),
        tuple(images),
        dict(problems),
    )


def read_json(path: Path) -> dict[str, Any]:
    """A COCO file's top level. DataError, in one line."""
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: expected a COCO file, could not read it: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{path}: expected a COCO file (JSON), got something else") from None
    if not isinstance(content, dict) or not isinstance(content.get("images"), list):
        raise DataError(f"{path}: expected a COCO file with 'images' and 'annotations', got other JSON")
    return content


def _entries(
    content: Mapping[str, Any], name: str, path: Path, needed: bool = True
) -> list[Mapping[str, Any]]:
    entries = content.get(name)
    if entries is None and not needed:
        return []
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise DataError(f"{path}: expected a list of objects under {name!r}, got something else")
    return entries


def _categories(content: Mapping[str, Any], path: Path) -> list[tuple[int, str]]:
    """(id, name), by id. The rank in this list is what the network learns."""
    found: dict[int, str] = {}
    for entry in _entries(content, "categories", path):
        number, name = entry.get("id"), entry.get("name")
        if not isinstance(number, int) or isinstance(number, bool) or not isinstance(name, str):
            raise DataError(f"{path}: expected categories with a whole-number id and a name, got {entry}")
        if number in found:
            raise DataError(f"{path}: expected each category id once, got {number} twice")
        found[number] = name
    if not found:
        raise DataError(f"{path}: expected at least one category, got none")
    return sorted(found.items())


def _key(value: Any) -> Any:
    return value if isinstance(value, int | str) else None


def _image(
    entry: Mapping[str, Any], images_dir: Path, problems: Counter[str], check_files: bool
) -> tuple[Path, int, int] | None:
    name, width, height = entry.get("file_name"), entry.get("width"), entry.get("height")
    if _key(entry.get("id")) is None or not isinstance(name, str) or not name:
        problems["images without id or file name"] += 1
        return None
    path = images_dir / name
    if not isinstance(width, int) or not isinstance(height, int) or width < 1 or height < 1:
        problems["images without a size"] += 1
        return None
    if check_files and not path.is_file():
        problems["images whose file is missing"] += 1
        return None
    return path, width, height


def _instance(
    annotation: Mapping[str, Any], width: int, height: int, ranks: Mapping[int, int], problems: Counter[str]
) -> Instance | None:
    category = annotation.get("category_id")
    if not isinstance(category, int) or category not in ranks:
        problems["annotations of an unknown category"] += 1
        return None
    segmentation = annotation.get("segmentation")
    if fault := check(segmentation, height, width):
        problems[f"annotations without a usable mask ({fault})"] += 1
        return None
    if not may_show(segmentation, height, width):
        problems["annotations whose mask has no pixel in the image"] += 1
        return None
    box = _box(annotation.get("bbox"), width, height)
    if box is None:
        problems["boxes that are no numbers, empty or outside the image (taken from the mask)"] += 1
    return Instance(ranks[category], box, segmentation, bool(annotation.get("iscrowd")))


def _box(value: Any, width: int, height: int) -> Box | None:
    """x, y, width, height -> corners cut to the image; None when nothing is left."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        return None
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in value):
        return None
    x, y, w, h = value
    box = (max(x, 0.0), max(y, 0.0), min(x + w, float(width)), min(y + h, float(height)))
    return box if w > 0 and h > 0 and box[2] > box[0] and box[3] > box[1] else None

"""The prototype ceiling by category and size: what the window, the command line and files show of it.

Sizes are COCO's, by the pixels of the mask. Only measured instances count.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app.annotation import AnnotationId, Category, CategoryId, ImageId
from app.ceiling import ALL, SIZES, Ceiling, size_of
from app.ceiling_store import coco_ids
from model.atomic import replacing

if TYPE_CHECKING:
    from app.ceiling_store import Instance
    from app.project import Project
    from app.records import ImageRecord

GOOD = 0.90  # from this IoU on, hints and bars will do
COLUMNS = (*SIZES, ALL)
FIELDS = (
    *("category", "size", "instances", "mean_prototypes", "share_90_prototypes"),
    *("mean_with_helpers", "share_90_with_helpers"),
)
INSTANCE_FIELDS = (
    *("image", "image_id", "annotation_id", "category", "size", "area"),
    *("prototypes", "with_helpers"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """The instances of one category and size. Means of IoU, shares of instances from `GOOD` on."""

    count: int
    mean: Ceiling
    share: Ceiling


@dataclass(frozen=True, slots=True)
class Row:
    """One category, or all of them (None). A size without instances has no cell."""

    category: CategoryId | None
    name: str
    cells: Mapping[str, Cell]


def tabulate(instances: Iterable[Instance], categories: Sequence[Category]) -> list[Row]:
    """Rows: all categories together, then each that has measured instances, in the project's order."""
    groups: dict[tuple[CategoryId | None, str], list[Ceiling]] = defaultdict(list)
    for each in instances:
        if each.ceiling is not None:
            size = size_of(each.area)
            for category in (None, each.category_id):
                groups[category, size].append(each.ceiling)
                groups[category, ALL].append(each.ceiling)
    names: list[tuple[CategoryId | None, str]] = [(None, ALL), *((each.id, each.name) for each in categories)]
    return [
        Row(
            category,
            name,
            {size: _cell(found) for size in COLUMNS if (found := groups.get((category, size)))},
        )
        for category, name in names
        if (category, ALL) in groups
    ]


def _cell(found: Sequence[Ceiling]) -> Cell:
    values = np.array([(each.alone, each.helped) for each in found])
    means, shares = values.mean(0), (values >= GOOD).mean(0)
    return Cell(
        len(found), Ceiling(float(means[0]), float(means[1])), Ceiling(float(shares[0]), float(shares[1]))
    )


def chosen(instances: Iterable[Instance], category: CategoryId | None, size: str) -> list[Instance]:
    """The measured instances of a cell (None, 'all': of all), the worst with helper rows first."""
    found = [
        (each.ceiling.helped, each.ceiling.alone, each.id, each)
        for each in instances
        if each.ceiling is not None
        and category in (None, each.category_id)
        and size in (ALL, size_of(each.area))
    ]
    return [each for *_, each in sorted(found, key=lambda entry: entry[:3])]


def as_dicts(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """One value a field of `FIELDS` for each cell, for programs."""
    return [
        dict(
            zip(
                FIELDS,
                (
                    row.name,
                    size,
                    cell.count,
                    cell.mean.alone,
                    cell.share.alone,
                    cell.mean.helped,
                    cell.share.helped,
                ),
                strict=True,
            )
        )
        for row in rows
        for size, cell in row.cells.items()
    ]


def instance_dicts(
    instances: Iterable[Instance],
    categories: Sequence[Category],
    images: Mapping[ImageId, ImageRecord],
    coco_ids: Mapping[AnnotationId, int],
) -> Iterator[dict[str, Any]]:
    """One value a field of `INSTANCE_FIELDS` for each measured instance; ids are those of exported files."""
    names = {each.id: each.name for each in categories}
    for each in instances:
        if each.ceiling is not None:
            image = images[each.image_id]
            values = (
                *(image.path, image.coco_id, coco_ids.get(each.id), names.get(each.category_id, "")),
                *(size_of(each.area), round(each.area), each.ceiling.alone, each.ceiling.helped),
            )
            yield dict(zip(INSTANCE_FIELDS, values, strict=True))


def as_csv(entries: Iterable[Mapping[str, Any]], fields: Sequence[str], *, tabs: bool = False) -> str:
    """Entries as text with a line of headings; `tabs`: as spreadsheets take it from the clipboard."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, delimiter="\t" if tabs else ",", lineterminator="\n")
    writer.writeheader()
    for entry in entries:
        writer.writerow(
            {key: f"{value:.4f}" if isinstance(value, float) else value for key, value in entry.items()}
        )
    return text.getvalue()


def lines(rows: Iterable[Row]) -> list[str]:
    """The table for a terminal."""
    entries = as_dicts(rows)
    wide = max((len(each["category"]) for each in entries), default=8)
    wide = max(wide, len("category"))
    found = [
        f"{'category':{wide}}  {'size':6}  instances  prototypes alone  from .90  with helper rows  from .90"
    ]
    for each in entries:
        found.append(
            f"{each['category']:{wide}}  {each['size']:6}  {each['instances']:9,}  "
            f"{each['mean_prototypes']:16.3f}  {each['share_90_prototypes']:8.0%}  "
            f"{each['mean_with_helpers']:16.3f}  {each['share_90_with_helpers']:8.0%}"
        )
    return found


def write_table(file: Path, rows: Iterable[Row]) -> None:
    """The table as a CSV file. OSError."""
    with replacing(file) as out:
        out.write(as_csv(as_dicts(rows), FIELDS).encode())


def entries_of(project: Project, instances: Iterable[Instance]) -> list[dict[str, Any]]:
    """Each measured instance with its names and ids."""
    images = {each.id: each for each in project.images()}
    return list(instance_dicts(instances, project.categories(), images, coco_ids(project.store)))


def write_instances(file: Path, project: Project, instances: Iterable[Instance]) -> None:
    """Each measured instance as a line of a CSV file; ids are given to what has none. OSError."""
    if not project.read_only:
        project.store.assign_coco_ids()
    with replacing(file) as out:
        out.write(as_csv(entries_of(project, instances), INSTANCE_FIELDS).encode())

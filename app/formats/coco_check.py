"""What is wrong with a COCO file, in words: for people, and for the file that an export has just written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.errors import ImportFault
from app.formats.coco_index import CocoIndex, read_index
from app.formats.coco_judge import Judged, judge
from app.formats.coco_shapes import usable_box
from app.formats.notes import Note, Tally

AREA_OFF = 0.1  # share of the area that a stated one may be off without a word
AREA_LEAST = 20.0  # pixels


class Severity(StrEnum):
    """`ERROR`: some of the file cannot be used, or is misread. `WARNING`: usable, with a change."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of fault: how often, and the first examples."""

    severity: Severity
    reason: str
    count: int = 1
    examples: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.severity}: {Note(self.reason, self.count, self.examples)}"


def check_coco(file: Path, progress: Callable[[int, int], None] | None = None) -> list[Problem]:
    """What an import of `file` would refuse (errors) or change (warnings); [] when nothing.

    Sizes are those the file states. A file that cannot be read at all gives its one line as one problem.
    """
    refused, changed = Tally(), Tally()
    try:
        index = read_index(Path(file))
        sizes = _sizes(index, refused)
        done = 0
        for batch in index.batches():
            for group in judge(batch, sizes, index.categories, refused=refused, changed=changed):
                for each in group:
                    _check_area(each, changed)
            done += sum(map(len, batch))
            if progress:
                progress(done, index.annotation_count)
    except ImportFault as fault:
        return [Problem(Severity.ERROR, str(fault))]
    names = Tally()
    for name in _duplicates([each.name for each in index.categories.values()]):
        names.add("category name that several ids have: they are taken as one", name)
    errors = (*index.images_faulty.notes(), *index.refused.notes(), *refused.notes())
    warnings = (*index.changed.notes(), *names.notes(), *changed.notes())
    return [
        *(Problem(Severity.ERROR, each.reason, each.count, each.examples) for each in errors),
        *(Problem(Severity.WARNING, each.reason, each.count, each.examples) for each in warnings),
    ]


def verify(file: Path, images: int, annotations: int) -> str:
    """What is wrong with a file that we wrote; "" when it is sound.

    Stricter than `check_coco`: all counts, ids, references, masks, boxes and areas exactly.
    """
    refused, changed = Tally(), Tally()
    try:
        index = read_index(file)
        if (len(index.images), index.annotation_count) != (images, annotations):
            return (
                f"expected {images} images and {annotations} annotations, got {len(index.images)} and "
                f"{index.annotation_count}"
            )
        sizes = _sizes(index, refused)
        for batch in index.batches():
            for group in judge(batch, sizes, index.categories, refused=refused, changed=changed):
                for each in group:
                    stated = each.raw.value
                    if usable_box(stated["bbox"]) != each.shape.bbox or stated["area"] != each.shape.area:
                        return f"{each.raw}: area or box is not its mask's"
    except ImportFault as fault:
        return str(fault)
    tallies = (index.images_faulty, index.refused, refused, index.changed, changed)
    faults = [str(note) for tally in tallies for note in tally.notes()]
    return faults[0] if faults else ""


def _sizes(index: CocoIndex, refused: Tally) -> dict[int, tuple[int, int]]:
    sizes = {}
    for each in index.images.values():
        if each.width is None or each.height is None:
            refused.add("image without a width and height", str(each))
        else:
            sizes[each.id] = (each.height, each.width)
    return sizes


def _check_area(judged: Judged, changed: Tally) -> None:
    stated, area = judged.raw.value.get("area"), judged.shape.area
    if not isinstance(stated, int | float) or not stated > 0:
        changed.add("area that is not a positive number: taken from the mask", str(judged.raw))
    elif abs(stated - area) > max(AREA_LEAST, AREA_OFF * area):
        changed.add(f"area more than {AREA_OFF:.0%} off its mask: taken from the mask", str(judged.raw))


def _duplicates(names: list[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)

"""What stands where in a COCO file: its images and categories, and the place of each annotation.

The first of two readings. Annotations are not kept but found again (`read_span`), image by image, however
they lie in the file; what is kept of each is 41 bytes. Faults of images and categories are told here.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.errors import ImportFault
from app.formats.json_stream import Element, Member, read_span, scan
from app.formats.notes import Tally

ARRAYS = frozenset({"images", "annotations", "categories"})
IMAGE_KEYS = frozenset({"id", "file_name", "width", "height"})
NO_ID = -(2**62)  # an annotation without a usable id
MAX_ID = 2**53  # whole numbers that every reader of JSON keeps
BATCH = 2000  # annotations judged together
_NEAR = 100  # bytes between two annotations that are read together: a comma and blanks
_TOGETHER = 200  # annotations that are read together at most
EVERY = 1000  # annotations between two calls of progress


@dataclass(frozen=True, slots=True)
class CocoImage:
    """An image as the file has it. `extra`: JSON object of its other fields, "" when there are none."""

    id: int
    file_name: str
    width: int | None
    height: int | None
    extra: str = ""

    def __str__(self) -> str:
        return f"image {self.id} ({self.file_name})"


@dataclass(frozen=True, slots=True)
class CocoCategory:
    """A category as the file has it."""

    id: int
    name: str
    supercategory: str


@dataclass(frozen=True, slots=True)
class RawAnnotation:
    """An annotation as it stands in the file. `place` counts from 0; `id` is None when it may not be used."""

    place: int
    id: int | None
    image_id: int
    value: dict[str, object]

    def __str__(self) -> str:
        return f"annotation {self.value['id']}" if "id" in self.value else f"annotation #{self.place + 1}"


@dataclass(slots=True)
class CocoIndex:
    """The file without its annotations, and where those stand."""

    path: Path
    info: object = None
    licenses: object = None
    images: dict[int, CocoImage] = field(default_factory=dict)
    categories: dict[int, CocoCategory] = field(default_factory=dict)
    annotation_count: int = 0
    images_faulty: Tally = field(default_factory=Tally)  # images and categories that were refused
    refused: Tally = field(default_factory=Tally)  # annotations that belong to nothing
    changed: Tally = field(default_factory=Tally)
    places: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # (m,) in file order
    starts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ends: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    image_ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))  # NO_ID: give a new one

    def batches(self) -> Iterator[list[list[RawAnnotation]]]:
        """All annotations, grouped by image, about `BATCH` at a time; images in the order of the file."""
        rank = {image: place for place, image in enumerate(self.images)}
        ranks = np.array([rank.get(each, len(rank)) for each in self.image_ids.tolist()], np.int64)
        order = np.argsort(ranks, kind="stable")
        cuts = np.flatnonzero(np.diff(ranks[order])) + 1
        groups = np.split(order, cuts) if len(order) else []
        with self.path.open("rb") as file:
            batch: list[NDArray[np.int64]] = []
            held = 0
            for group in groups:
                batch.append(group)
                held += len(group)
                if held >= BATCH:
                    yield self._read(file, batch)
                    batch, held = [], 0
            if batch:
                yield self._read(file, batch)

    def _read(self, file: BinaryIO, groups: list[NDArray[np.int64]]) -> list[list[RawAnnotation]]:
        """The annotations of these rows, in groups; neighbours in the file are read together."""
        values: dict[int, object] = {}
        rows = np.sort(np.concatenate(groups))
        near = (np.diff(rows) == 1) & (self.starts[rows[1:]] - self.ends[rows[:-1]] < _NEAR)
        near &= np.arange(1, len(rows)) % _TOGETHER != 0
        for run in np.split(rows, np.flatnonzero(~near) + 1):
            first, last = int(self.starts[run[0]]), int(self.ends[run[-1]])
            found = read_span(file, first, last, count=len(run))
            values.update(zip(run.tolist(), found, strict=True))
        return [[self._raw(row, values[row]) for row in group.tolist()] for group in groups]

    def _raw(self, row: int, value: object) -> RawAnnotation:
        assert isinstance(value, dict)
        given = int(self.ids[row])
        return RawAnnotation(
            int(self.places[row]), None if given == NO_ID else given, int(self.image_ids[row]), value
        )


def read_index(
    path: Path,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> CocoIndex:
    """Read the file once. ImportFault, in one line, when it is not a COCO data set; Cancelled by `cancelled`.

    `progress` is told (bytes read, bytes in all).
    """
    reader = _Reader(path)
    size = path.stat().st_size if path.is_file() else 0
    for count, item in enumerate(scan(path, ARRAYS)):
        reader.take(item)
        if count % EVERY == 0 and isinstance(item, Element):
            if progress:
                progress(item.end, size)
            if cancelled and cancelled():
                raise Cancelled(f"{path}: the import was cancelled; nothing was imported")
    return reader.finish()


class Cancelled(ImportFault):
    """The person stopped it; nothing was imported."""


def whole_number(value: object) -> int | None:
    """An id: a whole number, also as 3.0 or "3"; None for anything else."""
    if type(value) is int:
        number = value
    else:
        texts = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 17
        if not texts and not (type(value) is float and value.is_integer()):
            return None
        number = int(value)  # type: ignore[call-overload]
    return number if abs(number) <= MAX_ID else None


class _Reader:
    def __init__(self, path: Path) -> None:
        self.index = CocoIndex(path)
        self._arrays: set[str] = set()
        self._columns = tuple(array("q") for _ in range(5))
        self._ambiguous: set[int] = set()

    def take(self, item: Member | Element) -> None:
        if isinstance(item, Member):
            if item.is_array:
                self._arrays.add(item.key)
            elif item.key in ("info", "licenses"):
                setattr(self.index, item.key, item.value)
            elif item.key in ARRAYS and item.value is not None:
                raise ImportFault(
                    f"{self.index.path}: expected '{item.key}' to be a list, got "
                    f"{type(item.value).__name__}; it is not a COCO data set"
                )
        elif item.key == "annotations":
            self._annotation(item)
        elif item.key == "images":
            self._image(item.value)
        else:
            self._category(item.value)

    def finish(self) -> CocoIndex:
        missing = sorted(ARRAYS - {"annotations"} - self._arrays)
        if missing:
            raise ImportFault(
                f"{self.index.path}: expected a COCO data set with images and categories, got no "
                f"{' and no '.join(missing)}; choose another file or format"
            )
        index = self.index
        for each in self._ambiguous:
            index.images_faulty.add("image id that stands for several files", str(index.images.pop(each)))
        names = ("places", "starts", "ends", "image_ids", "ids")
        for name, column in zip(names, self._columns, strict=True):
            setattr(index, name, np.array(column, np.int64))
        self._refuse_unknown_images()
        self._drop_doubtful_ids()
        return index

    def _refuse_unknown_images(self) -> None:
        index = self.index
        known = np.isin(index.image_ids, np.fromiter(index.images, np.int64, len(index.images)))
        for row in np.flatnonzero(~known).tolist():
            index.refused.add(
                "image_id of no usable image", f"{self._name(row)} (image_id {index.image_ids[row]})"
            )
        for name in ("places", "starts", "ends", "image_ids", "ids"):
            setattr(index, name, getattr(index, name)[known])

    def _drop_doubtful_ids(self) -> None:
        """Ids that the standard evaluator misreads (0), or that stand twice, are replaced, and told."""
        index = self.index
        for row in np.flatnonzero((index.ids <= 0) & (index.ids != NO_ID)).tolist():
            index.changed.add("id 0 or below, which evaluators misread: given a new one", self._name(row))
        first = np.zeros(len(index.ids), np.bool_)
        first[np.unique(index.ids, return_index=True)[1]] = True
        usable = index.ids > 0
        for row in np.flatnonzero(~first & usable).tolist():
            index.changed.add("id that stands twice: the later one given a new one", self._name(row))
        missing = int(np.count_nonzero(index.ids == NO_ID))
        if missing:
            index.changed.add("no usable id: given one", count=missing)
        index.ids[~(first & usable)] = NO_ID

    def _name(self, row: int) -> str:
        given = int(self.index.ids[row])
        return f"annotation #{self.index.places[row] + 1}" if given == NO_ID else f"annotation {given}"

    def _annotation(self, item: Element) -> None:
        place = self.index.annotation_count
        self.index.annotation_count += 1
        if not isinstance(item.value, dict):
            self.index.refused.add("not an object", f"annotation #{place + 1}")
            return
        image = whole_number(item.value.get("image_id"))
        if image is None:
            self.index.refused.add("image_id that is not a whole number", f"annotation #{place + 1}")
            return
        own = whole_number(item.value.get("id"))
        row = (place, item.start, item.end, image, NO_ID if own is None else own)
        for column, number in zip(self._columns, row, strict=True):
            column.append(number)

    def _image(self, value: object) -> None:
        faulty = self.index.images_faulty
        number = whole_number(value.get("id")) if isinstance(value, dict) else None
        if not isinstance(value, dict) or number is None:
            faulty.add("image whose id is not a whole number")
            return
        name = value.get("file_name")
        if not isinstance(name, str) or not name.strip() or "\0" in name:
            faulty.add("image without a file_name", f"image {number}")
            return
        other = {key: each for key, each in value.items() if key not in IMAGE_KEYS}
        image = CocoImage(number, name, _side(value.get("width")), _side(value.get("height")), as_json(other))
        before = self.index.images.setdefault(number, image)
        if before.file_name != name:
            self._ambiguous.add(number)
        elif before is not image:
            self.index.changed.add("image that is listed twice: taken once", str(image))

    def _category(self, value: object) -> None:
        faulty = self.index.images_faulty
        number = whole_number(value.get("id")) if isinstance(value, dict) else None
        if not isinstance(value, dict) or number is None:
            faulty.add("category whose id is not a whole number")
            return
        name, above = value.get("name"), value.get("supercategory")
        if not isinstance(name, str) or not name.strip():
            faulty.add("category without a name", f"category {number}")
            return
        category = CocoCategory(number, name.strip(), above if isinstance(above, str) else "")
        if self.index.categories.setdefault(number, category).name != category.name:
            faulty.add("category id that stands twice: the first counts", f"category {number} ({name})")


def _side(value: object) -> int | None:
    number = whole_number(value)
    return number if number is not None and number > 0 else None


def as_json(fields: dict[str, object]) -> str:
    """A JSON object of `fields`; "" for none. Numbers that JSON does not have (NaN) become null."""
    if not fields:
        return ""
    try:
        return json.dumps(fields, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(json.loads(json.dumps(fields), parse_constant=lambda _: None), ensure_ascii=False)

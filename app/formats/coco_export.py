"""A project as a COCO file. Masks are written without loss, in the form asked for where that has one.

Areas and boxes are those of the masks that readers will paint, not the stored ones. Rejected annotations are
never written; images marked done without an annotation are.
"""

from __future__ import annotations

import bisect
import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from app import rle
from app.annotation import PERSONS_WORK, AnnotationState, ImageId, ImageState
from app.collector import seldom_collecting
from app.errors import ExportFault
from app.formats import coco_extras
from app.formats.coco_file import Row, write_coco
from app.formats.coco_index import IMAGE_KEYS
from app.formats.coco_judge import OWN_KEYS
from app.formats.coco_shapes import flat, paint, paintable
from app.formats.notes import Tally
from app.formats.outline import outline
from app.formats.reports import ExportReport
from app.geometry import RleMask, from_mask, to_mask
from app.rows import geometry_from_blob
from model.masks import BoxMask

if TYPE_CHECKING:
    from app.project import Project
    from app.records import ImageRecord

Segmentation = Literal["rle", "polygon"]
Rings = Sequence[Sequence[float]]  # COCO's polygons: x, y, x, y, ...
Progress = Callable[[int, int], None]


def export_coco(
    project: Project,
    file: Path,
    states: Collection[ImageState] = (ImageState.DONE,),
    segmentation: Segmentation = "rle",
    *,
    include_proposals: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ExportReport:
    """Write the images in these states, with their annotations, to `file`.

    `segmentation` 'rle': compressed run lengths for all. 'polygon': polygons keep their very vertices, masks
    without a hole become their exact outline, masks with one stay run lengths (told in the report).
    `progress` is told (images, all). ExportFault, in one line; the old file is then untouched.
    """
    started = time.monotonic()
    store = project.store
    store.assign_coco_ids()
    notes = Tally()
    records = _records(project, states, notes)
    if not records:
        wanted = " or ".join(sorted(states))
        notes.add(f"no image is {wanted}: mark images done, or export other states, too")
    rows = _Annotations(project, records, segmentation, include_proposals, notes)
    license_list = store.setting(coco_extras.LICENSES, [])
    with seldom_collecting():
        size = write_coco(
            file,
            info=store.setting(coco_extras.INFO) or {"description": project.name},
            licenses=license_list,
            images=_images(project, records),
            annotations=rows.each(progress or (lambda done, total: None), cancelled or (lambda: False), file),
            categories=(
                {"id": each.id, "name": each.name, "supercategory": each.supercategory}
                for each in sorted(project.categories(), key=lambda each: each.id)
            ),
        )
    return ExportReport(
        file=str(file),
        images=len(records),
        empty_images=len(records) - len(rows.filled),
        annotations=rows.count,
        categories=len(project.categories()),
        notes=notes.notes(),
        bytes=size,
        seconds=time.monotonic() - started,
    )


def _records(project: Project, states: Collection[ImageState], notes: Tally) -> list[ImageRecord]:
    """The images to be written, by COCO id, with their sizes."""
    records = project.ensure_sizes([each for each in project.images() if each.state in states])
    for each in records:
        if not each.width:
            notes.add("image that cannot be read: left out", each.path)
    return sorted((each for each in records if each.width), key=lambda each: each.coco_id or 0)


def _images(project: Project, records: Sequence[ImageRecord]) -> Iterator[Row]:
    extras = coco_extras.of_images(project.store, [each.id for each in records])
    for each, extra in zip(records, extras, strict=True):
        own = {"id": each.coco_id, "file_name": each.path, "width": each.width, "height": each.height}
        yield {**own, **{key: value for key, value in extra.items() if key not in IMAGE_KEYS}}


@dataclass(slots=True)
class _Annotations:
    """The rows of all annotations, made as they are taken."""

    project: Project
    records: Sequence[ImageRecord]
    segmentation: Segmentation
    include_proposals: bool
    notes: Tally
    count: int = 0
    filled: set[ImageId] = field(default_factory=set)  # images with an annotation

    def each(self, progress: Progress, cancelled: Callable[[], bool], file: Path) -> Iterator[Row]:
        """In the order of the images' ids and their own."""
        wanted = {each.id: each for each in self.records}
        order = sorted(wanted)
        states = PERSONS_WORK | ({AnnotationState.PROPOSED} if self.include_proposals else set())
        names = {str(state) for state in states}
        progress(0, len(order))
        for chunk in self.project.store.iter_annotations(order):
            if cancelled():
                raise ExportFault(f"{file}: the export was cancelled; the old file, if any, is untouched")
            chosen = [row for row in chunk if row["state"] in names]
            yield from self._rows(chosen, wanted)
            progress(bisect.bisect_right(order, chunk[-1]["image_id"]), len(order))
        progress(len(order), len(order))

    def _rows(
        self, chunk: Sequence[Mapping[str, Any]], images: Mapping[ImageId, ImageRecord]
    ) -> Iterator[Row]:
        masks = [(row, *self._mask(row, images[row["image_id"]])) for row in chunk]
        sound = self._sound([each for each in masks if each[1]], images)
        sizes = [_size(images[row["image_id"]]) for row, _, _ in sound]
        boxes, areas = rle.measure_all([counts for _, counts, _ in sound], sizes)
        to_trace = [
            RleMask(width, height, counts)
            for (row, counts, vertices), (height, width) in zip(sound, sizes, strict=True)
            if self._is_traced(row, vertices)
        ]
        masks_to_trace = rle.decode_each(to_trace)
        for (row, counts, vertices), size, box, area in zip(
            sound, sizes, boxes.tolist(), areas.tolist(), strict=True
        ):
            if self._is_traced(row, vertices):
                vertices = self._trace(next(masks_to_trace), row)
            if not area:
                self.notes.add("annotation that covers no pixel: left out", f"annotation {row['coco_id']}")
                continue
            self.count += 1
            self.filled.add(row["image_id"])
            yield {
                "id": row["coco_id"],
                "image_id": images[row["image_id"]].coco_id,
                "category_id": row["category_id"],
                "segmentation": self._segmentation(counts, vertices, size),
                "area": area,
                "bbox": box,
                "iscrowd": int(row["is_crowd"]),
                **({"score": row["score"]} if row["state"] == AnnotationState.PROPOSED else {}),
                **_extra(row["extra"]),
            }

    def _mask(self, row: Mapping[str, Any], image: ImageRecord) -> tuple[bytes, Rings | None]:
        """Compressed counts (b"": cannot be painted), and its polygons where it has such without holes."""
        geometry = geometry_from_blob(row["kind"], bytes(row["geometry"]))
        if isinstance(geometry, RleMask):
            if (geometry.width, geometry.height) != (image.width, image.height):
                self._leave_out("mask of another size than its image", row)
                return b"", None
            return geometry.counts, None
        rings = flat(geometry)
        fault = paintable(rings)
        if fault:
            self._leave_out(fault, row)
            return b"", None
        if any(part.holes for part in geometry.parts):
            mask = to_mask(geometry, image.width, image.height)
            return from_mask(mask, image.width, image.height).counts, None
        return paint(rings, image.height, image.width), rings

    def _sound(
        self,
        masks: list[tuple[Mapping[str, Any], bytes, Rings | None]],
        images: Mapping[ImageId, ImageRecord],
    ) -> list[tuple[Mapping[str, Any], bytes, Rings | None]]:
        sizes = [_size(images[row["image_id"]]) for row, _, _ in masks]
        faults = rle.check_counts([counts for _, counts, _ in masks], sizes)
        for (row, _, _), fault in zip(masks, faults, strict=True):
            if fault:
                self._leave_out("mask that does not fit its image", row)
        return [each for each, fault in zip(masks, faults, strict=True) if not fault]

    def _is_traced(self, row: Mapping[str, Any], vertices: Rings | None) -> bool:
        return self.segmentation == "polygon" and vertices is None and not row["is_crowd"]

    def _trace(self, mask: BoxMask, row: Mapping[str, Any]) -> Rings | None:
        rings = outline(mask)
        if rings is None and mask.bits.size:
            self.notes.add("mask with a hole: written as run lengths", f"annotation {row['coco_id']}")
        return rings

    def _segmentation(self, counts: bytes, vertices: Rings | None, size: tuple[int, int]) -> object:
        if self.segmentation == "polygon" and vertices is not None:
            return vertices
        return {"size": list(size), "counts": counts.decode("ascii")}

    def _leave_out(self, reason: str, row: Mapping[str, Any]) -> None:
        self.notes.add(f"{reason}: left out", f"annotation {row['coco_id']}")


def _size(image: ImageRecord) -> tuple[int, int]:
    return image.height, image.width


def _extra(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text) if text else {}
    return {key: value for key, value in fields.items() if key not in OWN_KEYS}

"""A COCO file into a project: all of it that can be used, or, when the file fails, nothing.

Two readings: first what stands where (`coco_index`), then the annotations image by image; one edit an image,
all in one transaction. Memory grows with the number of images, not with that of the annotations.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from app import rows
from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageId, ImageState
from app.collector import seldom_collecting
from app.edits import Change, Edit, EditKind
from app.formats import coco_extras
from app.formats.coco_already import Known
from app.formats.coco_index import Cancelled, CocoCategory, CocoIndex, RawAnnotation, read_index, whole_number
from app.formats.coco_judge import Judged, judge
from app.formats.coco_match import match_images, plan_categories, wrong_size
from app.formats.notes import Tally
from app.formats.reports import ImportReport

if TYPE_CHECKING:
    from app.project import Project
    from app.records import ImageRecord

AUTHOR = "import"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Choices:
    """How a file is taken."""

    categories: Collection[str] | None = None  # names that are taken; None = all
    done: bool = False  # the file is complete: all its images are marked done, the empty ones, too
    scores_are_proposals: bool = False  # annotations with a score are offered, not accepted


def import_coco(
    project: Project,
    file: Path,
    images_dir: Path | None = None,
    *,
    categories: Collection[str] | None = None,
    done: bool = False,
    scores_are_proposals: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ImportReport:
    """Read the annotations of `file` into the images of the project.

    `images_dir`: the folder where the file's names start, if it is not the project's. Everything that is not
    taken as it stands is in the report. ImportFault, in one line, when nothing was imported.
    `progress` is told (annotations, all).
    """
    started = time.monotonic()
    stopped = cancelled or (lambda: False)
    with seldom_collecting():
        index = read_index(Path(file), cancelled=stopped)
        job = _Import(project, index, Choices(categories, done, scores_are_proposals))
        job.run(images_dir, progress or (lambda done, total: None), stopped)
    return job.report(time.monotonic() - started)


@dataclass(slots=True)
class _Import:
    project: Project
    index: CocoIndex
    choices: Choices
    refused: Tally = field(default_factory=Tally)  # annotations
    unusable: Tally = field(default_factory=Tally)  # images
    changed: Tally = field(default_factory=Tally)
    kept: int = 0
    already_there: int = 0
    images: dict[int, ImageRecord] = field(default_factory=dict)  # by their id in the file
    category_of: dict[int, CategoryId] = field(default_factory=dict)
    new: tuple[CocoCategory, ...] = ()  # that the project has not
    moved: Tally = field(default_factory=Tally)  # categories with other ids than the file's
    made: bool = False  # whether `new` are in the project
    coco_ids: list[tuple[AnnotationId, int]] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)  # COCO ids of the project's annotations
    states: dict[ImageId, ImageState] = field(default_factory=dict)
    now: float = field(default_factory=time.time)

    def run(self, images_dir: Path | None, progress: Progress, cancelled: Callable[[], bool]) -> None:
        """Everything in one transaction."""
        from app.project import ProjectChange

        store = self.project.store
        with store.transaction():
            self._find_images(images_dir)
            self._plan_categories()
            self.taken = store.taken_coco_ids()
            ids = iter(store.reserve_annotation_ids(self.index.annotation_count))
            for edits in self._edits(ids, progress, cancelled):
                self._make_categories()
                store.append_all(edits)
            self._make_categories()
            store.set_coco_ids(self.coco_ids)
            coco_extras.keep(store, self.index, self.images, self.changed)
        self.project.changed.emit(ProjectChange.IMAGES)
        if self.made and self.new:
            self.project.changed.emit(ProjectChange.CATEGORIES)

    def report(self, seconds: float) -> ImportReport:
        """After `run`."""
        index = self.index
        refused = (index.images_faulty, self.unusable, index.refused, self.refused)
        names = tuple(each.name for each in self.new)
        return ImportReport(
            file=str(index.path),
            images=len(self.images),
            annotations=self.kept,
            already_there=self.already_there,
            categories_added=names if self.made else (),
            categories_left=() if self.made else names,
            changed=(
                *index.changed.notes(),
                *(self.moved.notes() if self.made else ()),
                *self.changed.notes(),
            ),
            refused=tuple(note for tally in refused for note in tally.notes()),
            annotations_refused=len(index.refused) + len(self.refused),
            seconds=seconds,
        )

    def _find_images(self, images_dir: Path | None) -> None:
        """The project's image for each of the file's that is there and has the file's size."""
        records = self.project.images()
        found = match_images(
            self.index.images.values(),
            [record.path for record in records],
            self.project.images_dir,
            images_dir,
            refused=self.unusable,
            changed=self.changed,
        )
        self._keep_image_ids(records, found)
        sized = self.project.ensure_sizes([records[place] for place in found.values()])
        for (number, _), record in zip(found.items(), sized, strict=True):
            self._take_image(number, record)
        numbers, counts = np.unique(self.index.image_ids, return_counts=True)
        for number, count in zip(numbers.tolist(), counts.tolist(), strict=True):
            if number not in self.images:
                self.refused.add("its image was refused", count=count)

    def _keep_image_ids(self, records: Sequence[ImageRecord], found: Mapping[int, int]) -> None:
        """Images that had no COCO id get the file's, where it is free."""
        taken = {each.coco_id for each in records if each.coco_id is not None}
        fresh: dict[ImageId, int] = {}
        for number, place in found.items():
            record = records[place]
            if record.coco_id == number or record.id in fresh:
                continue
            if record.coco_id is not None or number in taken or number < 0:
                self.changed.add(
                    "image id that is another one in the project", str(self.index.images[number])
                )
            else:
                taken.add(number)
                fresh[record.id] = number
        self.project.store.update_images([{"id": each, "coco_id": own} for each, own in fresh.items()])

    def _take_image(self, number: int, record: ImageRecord) -> None:
        image = self.index.images[number]
        if not record.width:
            self.unusable.add("image that cannot be read", str(image))
            return
        fault = wrong_size(image, record.width, record.height)
        if fault:
            sizes = f"{image.width} x {image.height}, the image has {record.width} x {record.height}"
            self.unusable.add(fault, f"{image}: {sizes}")
            return
        if record.missing:
            self.changed.add("image whose file is missing: its annotations are kept", str(image))
        if record.id in self.states:
            self.changed.add("image of the project that the file has twice: joined", str(image))
        self.states[record.id] = record.state
        self.images[number] = record

    def _plan_categories(self) -> None:
        plan = plan_categories(
            self.index.categories.values(),
            self.project.categories(),
            self.project.store.categories(removed=True),
            self.choices.categories,
            changed=self.moved,
        )
        self.category_of, self.new = dict(plan.of), plan.new

    def _make_categories(self) -> None:
        """Add the file's categories, once an annotation is taken; a file without any is its categories."""
        if not self.made and (self.kept or self.already_there or not self.index.annotation_count):
            self.made = True
            for each in self.new:
                self.project.add_category(each.name, id=CategoryId(each.id), supercategory=each.supercategory)

    def _edits(
        self, ids: Iterator[int], progress: Progress, cancelled: Callable[[], bool]
    ) -> Iterator[list[Edit]]:
        """One edit for each image that changes, in the order of the file; those of a batch together."""
        sizes = {number: (record.height, record.width) for number, record in self.images.items()}
        total, read = self.index.annotation_count, 0
        empty = dict.fromkeys(self.images)
        for batch in self.index.batches():
            if cancelled():
                raise Cancelled(f"{self.index.path}: the import was cancelled; nothing was imported")
            progress(read, total)
            read += sum(map(len, batch))
            chosen = [[raw for raw in group if self._is_wanted(raw)] for group in batch]
            judged = judge(chosen, sizes, self.index.categories, refused=self.refused, changed=self.changed)
            groups = [group for group in judged if group]
            known = Known.of(self.project.store, [self._record(group).id for group in groups])
            for group in groups:
                empty.pop(group[0].raw.image_id)
            yield [each for group in groups for each in self._edit(self._record(group), group, known, ids)]
        if self.choices.done:
            yield [each for number in empty for each in self._edit(self.images[number], [], Known(), ids)]
        progress(total, total)

    def _record(self, group: Sequence[Judged]) -> ImageRecord:
        return self.images[group[0].raw.image_id]

    def _is_wanted(self, raw: RawAnnotation) -> bool:
        """Whether its category is among those asked for; one that the file does not have is judged later."""
        number = whole_number(raw.value.get("category_id"))
        wanted = number not in self.index.categories or number in self.category_of
        if not wanted:
            self.refused.add("category that was not asked for", str(raw))
        return wanted

    def _edit(
        self, record: ImageRecord, group: Sequence[Judged], known: Known, ids: Iterator[int]
    ) -> Iterator[Edit]:
        """The image's edit, if anything changes."""
        fresh: list[Judged] = []
        accepted: list[tuple[dict[str, Any], Judged]] = []
        for each in group:
            found = known.find(record.id, self.category_of[each.category_id], each)
            if not found:
                fresh.append(each)
            elif not isinstance(found, bool) and not self._is_proposal(each):
                accepted.append((found, each))
        self.already_there += len(group) - len(fresh) - len(accepted)
        self.kept += len(fresh) + len(accepted)
        before = self.states[record.id]
        after = self.states[record.id] = self._state_after(record, [*fresh, *(each for _, each in accepted)])
        if fresh or accepted or after is not before:
            changes = [self._accepted(row, each) for row, each in accepted]
            changes += [
                Change(None, self._annotation(AnnotationId(next(ids)), record.id, each)) for each in fresh
            ]
            yield Edit(
                EditKind.IMPORT,
                record.id,
                tuple(changes),
                state_before=before,
                state_after=after,
                author=AUTHOR,
                at=self.now,
            )

    def _accepted(self, row: dict[str, Any], judged: Judged) -> Change:
        """An open proposal that the file has as work: it keeps where it came from."""
        proposal = rows.annotation_from_row(row)
        if row["coco_id"] is None:
            self._keep_id(proposal.id, judged)
        extra = judged.extra or proposal.extra
        work = replace(proposal, state=AnnotationState.ACCEPTED, is_crowd=judged.is_crowd, extra=extra)
        return Change(proposal, work)

    def _annotation(self, number: AnnotationId, image: ImageId, judged: Judged) -> Annotation:
        assert judged.shape.geometry is not None
        self._keep_id(number, judged)
        return Annotation(
            id=number,
            image_id=image,
            category_id=self.category_of[judged.category_id],
            state=AnnotationState.PROPOSED if self._is_proposal(judged) else AnnotationState.ACCEPTED,
            geometry=judged.shape.geometry,
            bbox=judged.shape.bbox,
            area=judged.shape.area,
            is_crowd=judged.is_crowd,
            score=judged.score,
            author=AUTHOR,
            created=self.now,
            extra=judged.extra,
        )

    def _keep_id(self, number: AnnotationId, judged: Judged) -> None:
        wanted = judged.raw.id
        if wanted in self.taken:
            self.changed.add(
                "id that another annotation of the project has: given a new one", str(judged.raw)
            )
        elif wanted is not None:
            self.taken.add(wanted)
            self.coco_ids.append((number, wanted))

    def _is_proposal(self, judged: Judged) -> bool:
        return self.choices.scores_are_proposals and judged.score is not None

    def _state_after(self, record: ImageRecord, fresh: Sequence[Judged]) -> ImageState:
        before = self.states[record.id]
        if self.choices.done:
            return ImageState.DONE
        if not fresh or before is ImageState.SKIPPED:
            return before
        if all(map(self._is_proposal, fresh)):
            return ImageState.PRELABELLED if before is ImageState.NEW else before
        if before is ImageState.DONE:
            self.changed.add("image that was done has new annotations: in progress again", record.path)
        return ImageState.IN_PROGRESS

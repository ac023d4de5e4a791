"""Detections become proposals: which are offered, and how they enter a document as one edit.

A proposal never touches a person's work: a detection that covers what a person has annotated is not offered,
and one that was rejected does not come back. All detections above a low floor are kept with their score, so
that the window's threshold is live and needs no network. Frame: image pixels.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from app.annotation import (
    PERSONS_WORK,
    Annotation,
    AnnotationId,
    AnnotationState,
    CategoryId,
    ImageState,
    Origin,
)
from app.edits import Change, Edit, EditKind
from app.geometry import RleMask, bounds, from_mask, mask_iou, to_mask
from model.masks import BoxMask, assemble_all
from model.messages import Prediction

if TYPE_CHECKING:
    from app.project import Project
    from app.records import ImageRecord

FLOOR = 0.05  # detections below are not kept
NEW_CATEGORY = 0.15  # a category that the project does not have is made by a detection with this score
SAME_CATEGORY = 0.5  # IoU with a person's annotation of the same category from which a detection is the same
ANY_CATEGORY = 0.8  # the same for another category
REJECTED = 0.6  # IoU with a rejected proposal of the same category from which a detection is that one again


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A detection with its mask made, ready to be offered. Nothing here depends on the document."""

    category: str  # the model's name of it
    score: float
    mask: BoxMask
    geometry: RleMask
    bbox: tuple[float, float, float, float]  # x y w h
    area: float
    origin: Origin


class Proposable(Protocol):
    """What proposals need of a document: an `ImageDocument` has it, and one that is open in the window."""

    @property
    def image(self) -> ImageRecord: ...

    @property
    def state(self) -> ImageState: ...

    @property
    def annotations(self) -> Mapping[AnnotationId, Annotation]: ...

    def new_id(self) -> AnnotationId: ...

    def apply(self, edit: Edit, /) -> object: ...


def candidates(prediction: Prediction, min_score: float = FLOOR) -> list[Candidate]:
    """The detections that score at least `min_score` and have a mask, by falling score.

    This is where the time goes (the masks are assembled at image size): call it off the GUI thread.
    """
    width, height = prediction.image_width, prediction.image_height
    left, top, across, down = prediction.frame
    chosen = [index for index, score in enumerate(prediction.scores) if score >= min_score]
    found = []
    for index, mask in zip(chosen, assemble_all(prediction, chosen), strict=True):
        if not mask.bits.size:  # cut to what is set: this one is empty
            continue
        bbox = bounds(mask)
        area = float(np.count_nonzero(mask.bits))
        geometry = from_mask(mask, width, height)
        x1, y1, x2, y2 = (float(value) for value in prediction.boxes[index])
        origin = Origin(
            model_version=prediction.model_version,
            box=(left + x1 * across, top + y1 * down, (x2 - x1) * across, (y2 - y1) * down),
            coefficients=tuple(float(value) for value in prediction.coefficients[index]),
            region=prediction.region,
        )
        name = prediction.categories[int(prediction.classes[index])]
        found.append(Candidate(name, float(prediction.scores[index]), mask, geometry, bbox, area, origin))
    return found


def categories_for(project: Project, offered: Iterable[Candidate]) -> dict[str, CategoryId]:
    """The project's category for each of the model's names: by name, then by name in any case.

    One that is missing is made if a candidate of it scores at least `NEW_CATEGORY`; otherwise the name is
    left out, so that the doubts of a model with many categories do not fill the project's list.
    """
    best: dict[str, float] = {}
    for each in offered:
        best[each.category] = max(best.get(each.category, 0.0), each.score)
    present = project.categories()
    folded = {each.name.casefold(): each.id for each in reversed(present)}
    exact = {each.name: each.id for each in present}
    found = {}
    for name, score in best.items():
        known = exact.get(name, folded.get(name.casefold()))
        if known is None and score >= NEW_CATEGORY:
            known = project.add_category(name).id
        if known is not None:
            found[name] = known
    return found


def proposals(
    offered: Sequence[Candidate],
    document: Proposable,
    categories: Mapping[str, CategoryId],
    *,
    author: str = "",
) -> Edit | None:
    """The edit that offers the candidates in a document; None when nothing would change.

    Proposals of earlier runs that nobody touched are replaced. What a person accepted, corrected or drew
    stays, and keeps candidates away that cover it; so do rejected proposals.
    """
    present = list(document.annotations.values())
    size = (offered[0].geometry.width, offered[0].geometry.height) if offered else (0, 0)
    kept_away = _Occupied(present, size)
    fresh = [
        each
        for each in offered
        if each.category in categories and not kept_away.covers(each, categories[each.category])
    ]
    old = [each for each in present if each.state is AnnotationState.PROPOSED and each.origin is not None]
    state = ImageState.PRELABELLED if document.state is ImageState.NEW else None
    if state is None and _same(fresh, old, categories):
        return None
    now = time.time()
    changes = [Change(each, None) for each in old]
    for each in fresh:
        changes.append(Change(None, _annotation(each, document, categories[each.category], author, now)))
    if not changes and state is None:
        return None
    return Edit(
        EditKind.PRELABEL,
        document.image.id,
        tuple(changes),
        state_before=document.state if state else None,
        state_after=state,
        author=author,
        at=now,
    )


def offer(
    project: Project,
    document: Proposable,
    prediction: Prediction,
    min_score: float = FLOOR,
    *,
    author: str = "",
) -> Edit | None:
    """Pre-label one document: the candidates of a prediction, offered and applied. The edit, or None."""
    found = candidates(prediction, min_score)
    edit = proposals(found, document, categories_for(project, found), author=author)
    if edit is not None:
        document.apply(edit)
    return edit


class _Occupied:
    """What in a document keeps candidates away."""

    def __init__(self, present: Iterable[Annotation], size: tuple[int, int]) -> None:
        self._size = size
        self._present = [
            each for each in present if each.state in PERSONS_WORK or each.state is AnnotationState.REJECTED
        ]
        self._masks: dict[AnnotationId, BoxMask] = {}

    def covers(self, candidate: Candidate, category: CategoryId) -> bool:
        """Whether one of the annotations is, in effect, what the candidate shows."""
        return any(self._is(each, candidate, category) for each in self._present)

    def _is(self, annotation: Annotation, candidate: Candidate, category: CategoryId) -> bool:
        same = annotation.category_id == category
        if annotation.state is AnnotationState.REJECTED:
            if not same:
                return False
            least = REJECTED
        else:
            least = SAME_CATEGORY if same else ANY_CATEGORY
        if _at_best(annotation, candidate) < least:
            return False
        return mask_iou(self._mask(annotation), candidate.mask) >= least

    def _mask(self, annotation: Annotation) -> BoxMask:
        if annotation.id not in self._masks:
            self._masks[annotation.id] = to_mask(annotation.geometry, *self._size)
        return self._masks[annotation.id]


def _at_best(annotation: Annotation, candidate: Candidate) -> float:
    """The greatest IoU that boxes and areas allow: spares making most of the masks."""
    ax, ay, aw, ah = annotation.bbox
    bx, by, bw, bh = candidate.bbox
    width = min(ax + aw, bx + bw) - max(ax, bx)
    height = min(ay + ah, by + bh) - max(ay, by)
    if width <= 0 or height <= 0:
        return 0.0
    shared = min(width * height, annotation.area, candidate.area)
    return shared / max(annotation.area + candidate.area - shared, 1e-9)


def _same(
    fresh: Sequence[Candidate], old: Sequence[Annotation], categories: Mapping[str, CategoryId]
) -> bool:
    """Whether the proposals that are there are the ones that would come."""
    new = [(categories[each.category], each.score, each.geometry, each.origin) for each in fresh]
    return sorted(new, key=repr) == sorted(
        ((each.category_id, each.score, each.geometry, each.origin) for each in old), key=repr
    )


def _annotation(
    candidate: Candidate, document: Proposable, category: CategoryId, author: str, now: float
) -> Annotation:
    return Annotation(
        id=document.new_id(),
        image_id=document.image.id,
        category_id=category,
        state=AnnotationState.PROPOSED,
        geometry=candidate.geometry,
        bbox=candidate.bbox,
        area=candidate.area,
        score=candidate.score,
        origin=candidate.origin,
        author=author,
        created=now,
    )

"""The edits that menus and keys make of a document and a selection. Values in, values out: no Qt.

Each function returns the edit, or None where there is nothing to change. Frame: image pixels.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.annotation import PERSONS_WORK, Annotation, AnnotationId, AnnotationState, CategoryId, ImageState
from app.edits import Change, Edit, EditKind, change

if TYPE_CHECKING:
    from app.document import ImageDocument
    from app.geometry import Geometry

UNTOUCHED = frozenset({ImageState.NEW, ImageState.PRELABELLED})
NOT_A_PERSONS = frozenset({EditKind.PRELABEL, EditKind.IMPORT, EditKind.IMAGE_STATE})


def complete(edit: Edit, document: ImageDocument, who: str = "") -> Edit:
    """The edit with who ('': the system's name) and when, and the image begun if this is the first work."""
    if not edit.author:
        edit = replace(edit, author=who or author())
    if not edit.at:
        edit = replace(edit, at=time.time())
    begins = edit.changes and edit.kind not in NOT_A_PERSONS and edit.state_after is None
    if begins and document.state in UNTOUCHED:
        edit = replace(edit, state_before=document.state, state_after=ImageState.IN_PROGRESS)
    return edit


def author() -> str:
    """The name of whoever works here, '' where the system has none."""
    names = (os.environ.get(variable) for variable in ("LOGNAME", "USER", "USERNAME"))
    return next((name for name in names if name), "")


def chosen(document: ImageDocument, ids: Iterable[AnnotationId]) -> list[Annotation]:
    """Those of the ids that are in the document and not rejected."""
    found = (document.annotations.get(each) for each in ids)
    return [each for each in found if each is not None and each.state is not AnnotationState.REJECTED]


def accept(document: ImageDocument, ids: Iterable[AnnotationId]) -> Edit | None:
    """Proposals become the person's."""
    proposals = [each for each in chosen(document, ids) if each.state is AnnotationState.PROPOSED]
    pairs = [(each, replace(each, state=AnnotationState.ACCEPTED)) for each in proposals]
    return change(EditKind.ACCEPT, document.image.id, pairs) if pairs else None


def discard(document: ImageDocument, ids: Iterable[AnnotationId]) -> Edit | None:
    """Proposals are rejected (and remembered); what a person made goes."""
    changes = []
    rejected = 0
    for each in chosen(document, ids):
        if each.state is AnnotationState.PROPOSED or each.origin is not None:
            changes.append(Change(each, replace(each, state=AnnotationState.REJECTED)))
            rejected += 1
        else:
            changes.append(Change(each, None))
    if not changes:
        return None
    kind = EditKind.REJECT if rejected == len(changes) else EditKind.REMOVE
    return Edit(kind, document.image.id, tuple(changes))


def relabel(document: ImageDocument, ids: Iterable[AnnotationId], category: CategoryId) -> Edit | None:
    """Another category. A proposal that gets one was looked at: it is accepted with it."""
    pairs = []
    for each in chosen(document, ids):
        if each.category_id != category:
            state = each.state if each.state in PERSONS_WORK else AnnotationState.ACCEPTED
            pairs.append((each, replace(each, category_id=category, state=state)))
    return change(EditKind.RELABEL, document.image.id, pairs) if pairs else None


def copies(
    document: ImageDocument,
    annotations: Sequence[Annotation],
    offset: tuple[float, float] = (0.0, 0.0),
    *,
    who: str = "",
) -> Edit | None:
    """Copies of annotations (of this image or another), moved by `offset`; outside the image is cut off."""
    from app.geometry import measure

    changes = []
    width, height = document.image.width, document.image.height
    for each in annotations:
        geometry = moved(each.geometry, offset, (width, height))
        if geometry is None:
            continue
        bbox, area = measure(geometry, width, height)
        if area <= 0:
            continue
        made = Annotation(
            id=document.new_id(),
            image_id=document.image.id,
            category_id=each.category_id,
            state=AnnotationState.DRAWN,
            geometry=geometry,
            bbox=bbox,
            area=area,
            is_crowd=each.is_crowd,
            author=who or author(),
            created=time.time(),
        )
        changes.append(Change(None, made))
    return Edit(EditKind.ADD, document.image.id, tuple(changes)) if changes else None


def moved(geometry: Geometry, offset: tuple[float, float], size: tuple[int, int]) -> Geometry | None:
    """The geometry moved by `offset`, in an image of `size` (width, height). None where nothing is left."""
    from app.geometry import PolygonPart, Polygons, from_mask, to_mask
    from model.masks import BoxMask

    dx, dy = offset
    if isinstance(geometry, Polygons):
        return Polygons(
            tuple(
                PolygonPart(
                    tuple((x + dx, y + dy) for x, y in part.outline),
                    tuple(tuple((x + dx, y + dy) for x, y in hole) for hole in part.holes),
                )
                for part in geometry.parts
            )
        )
    mask = to_mask(geometry, geometry.width, geometry.height)
    left, top = mask.left + round(dx), mask.top + round(dy)
    width, height = size
    x0, y0 = max(0, -left), max(0, -top)
    bits = mask.bits[y0 : max(height - top, 0), x0 : max(width - left, 0)]
    if not bits.any():
        return None
    return from_mask(BoxMask(left + x0, top + y0, bits.copy()), width, height)


def image_state(document: ImageDocument, state: ImageState) -> Edit | None:
    """The image goes to another state."""
    if document.state is state:
        return None
    return Edit(EditKind.IMAGE_STATE, document.image.id, (), document.state, state)

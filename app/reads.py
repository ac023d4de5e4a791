"""What a project's database tells, in SQL as it is: settings, categories, images, one image's document.

Functions over `run`, which runs a statement with `?` for its values within a transaction that its caller
holds, and gives all rows. So `store` reads by SQLAlchemy's connection, of whatever database, and
`light_store` by Python's own of an SQLite file, while SQLAlchemy is not loaded yet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from app import rows
from app.annotation import (
    PERSONS_WORK,
    AnnotationState,
    Category,
    CategoryId,
    ImageId,
    ImageState,
)
from app.edits import EditKind
from app.errors import StoreError
from app.records import DocumentData, ImageRecord, LoggedEdit

MAJOR, MINOR = 1, 2  # of the layout that is read here and laid out in `schema`

Run = Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]
_MANY = 500  # values in one `IN`

_RECORD = ("id", "path", "width", "height", "state", "size", "mtime", "content_hash", "coco_id", "missing")
_NO_COUNTS = (0, 0, 0, None, None)
_STATES = {str(state): state for state in ImageState}
_PROPOSED = f"state = '{AnnotationState.PROPOSED}'"
_MINE = ", ".join(f"'{state}'" for state in sorted(PERSONS_WORK))
_COUNTS = f"""
    SELECT image_id, SUM(CASE WHEN state IN ({_MINE}) THEN 1 ELSE 0 END),
        SUM(CASE WHEN {_PROPOSED} THEN 1 ELSE 0 END), AVG(CASE WHEN {_PROPOSED} THEN score END),
        MIN(CASE WHEN {_PROPOSED} THEN score END)
    FROM annotation"""


def meta(run: Run) -> dict[str, str]:
    """What the database says of itself: its version, the next annotation's id."""
    return {row[0]: row[1] for row in run("SELECT key, value FROM meta", ())}


def setting(run: Run, key: str, default: Any = None) -> Any:
    """A JSON value kept in the project."""
    found = run("SELECT value FROM setting WHERE key = ?", (key,))
    return json.loads(found[0][0]) if found else default


def categories(run: Run, *, removed: bool = False) -> list[Category]:
    """All categories in their order; with `removed` those that were removed instead."""
    found = run(
        f"SELECT id, name, color, supercategory FROM category WHERE {'' if removed else 'NOT '}removed "
        "ORDER BY position, id",
        (),
    )
    return [Category(CategoryId(row[0]), row[1], row[2], row[3]) for row in found]


def images(run: Run, ids: Sequence[ImageId] | None = None) -> list[ImageRecord]:
    """Records of all images, or of some, in no order."""
    if ids is None:
        return _images(run, "", "", ())
    result: list[ImageRecord] = []
    for start in range(0, len(ids), _MANY):
        part = ids[start : start + _MANY]
        signs = ", ".join("?" * len(part))
        result += _images(run, f"WHERE id IN ({signs})", f"WHERE image_id IN ({signs})", part)
    return result


def _images(run: Run, of_images: str, of_annotations: str, ids: Sequence[ImageId]) -> list[ImageRecord]:
    counts = run(f"{_COUNTS} {of_annotations} GROUP BY image_id", ids)
    by_image = {row[0]: row for row in counts}
    found = run(f"SELECT {', '.join(_RECORD)} FROM image {of_images}", ids)
    return [_record(row, by_image.get(row[0], _NO_COUNTS)) for row in found]


def _record(row: Sequence[Any], counts: Sequence[Any]) -> ImageRecord:
    """`row` has the columns `_RECORD`; `counts`: image, a person's, proposals, mean and least score."""
    id, path, width, height, state, size, mtime, content_hash, coco_id, missing = row
    _, mine, proposed, mean, least = counts
    return ImageRecord(
        id=id,
        path=path,
        width=width,
        height=height,
        state=_STATES[state],
        annotation_count=mine,
        proposal_count=proposed,
        mean_score=mean,
        min_score=least,
        size=size,
        mtime=mtime,
        content_hash=content_hash,
        coco_id=coco_id,
        missing=bool(missing),
    )


def record(run: Run, image_id: ImageId) -> ImageRecord:
    """One image's record. Raises StoreError for an unknown one."""
    records = images(run, [image_id])
    if not records:
        raise unknown(image_id)
    return records[0]


def unknown(image_id: ImageId) -> StoreError:
    """The fault of an id that no image has."""
    return StoreError(f"expected an image of this project, got id {image_id}; refresh the list")


def document(run: Run, image_id: ImageId) -> DocumentData:
    """One image's annotations and its edits. Raises StoreError for an unknown image."""
    columns = ", ".join(rows.COLUMNS)
    image = record(run, image_id)
    found = run(f"SELECT {columns} FROM annotation WHERE image_id = ? ORDER BY id", (image_id,))
    annotations = tuple(rows.annotation_from_row(dict(zip(rows.COLUMNS, row, strict=True))) for row in found)
    return DocumentData(image, annotations, *_edits(run, image_id))


def _edits(run: Run, image_id: ImageId) -> tuple[tuple[LoggedEdit, ...], tuple[LoggedEdit, ...]]:
    """An image's edits: those in force, oldest first, and the undone ones, next first."""
    position = run("SELECT undo_position FROM image WHERE id = ?", (image_id,))[0][0] or 0
    found = run(
        "SELECT kind, payload, author, at FROM edit WHERE image_id = ? ORDER BY position",
        (image_id,),
    )
    log = tuple(_logged(image_id, *row) for row in found)
    return log[:position], log[position:]


def _logged(image_id: ImageId, kind: str, payload: Any, author: str, at: float) -> LoggedEdit:
    unpack = partial(
        rows.edit_from_payload, bytes(payload), kind=kind, image_id=image_id, author=author, at=at
    )
    return LoggedEdit(EditKind(kind), unpack)

"""Edits in the database: performed on the rows of their annotations, and kept in order for undo.

Functions over a connection whose transaction the store holds. The log of an image is numbered 1, 2, ...; the
image's `undo_position` says how many of them are in force, the rest has been undone and waits for a redo.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from app import rows, schema
from app.annotation import Annotation, ImageId
from app.edits import Edit, EditKind
from app.errors import StoreError
from app.records import LoggedEdit

_MANY = 500  # values in one `IN`

# Built once: an import runs them thousands of times.
_PLACE = (
    sa.select(schema.image.c.undo_position, schema.image.c.state)
    .where(schema.image.c.id == sa.bindparam("image"))
    .with_for_update()  # others wait here on a database that has no one writer
)
_DROP_UNDONE = schema.edit.delete().where(
    schema.edit.c.image_id == sa.bindparam("image"), schema.edit.c.position > sa.bindparam("position")
)
_LOG = schema.edit.insert()
_ADD = schema.annotation.insert()
_CHANGE = (
    schema.annotation.update()
    .where(schema.annotation.c.id == sa.bindparam("_id"))
    .values({each.name: sa.bindparam(each.name) for each in schema.annotation.c if each.name != "id"})
)
_MOVE = (
    schema.image.update()
    .where(schema.image.c.id == sa.bindparam("image"))
    .values(undo_position=sa.bindparam("to"))
)
_MOVE_AND_STATE = _MOVE.values(state=sa.bindparam("state"))


def append(connection: sa.Connection, edit: Edit) -> None:
    """Perform an edit and log it; the image's undone edits are dropped. Raises StoreError for a stale one."""
    position = _place(connection, edit)
    connection.execute(_DROP_UNDONE, {"image": edit.image_id, "position": position})
    entry = {
        "image_id": edit.image_id,
        "position": position + 1,
        "kind": str(edit.kind),
        "payload": rows.edit_to_payload(edit),
        "author": edit.author,
        "at": edit.at,
    }
    connection.execute(_LOG, entry)
    _perform(connection, edit, position + 1)


def step(connection: sa.Connection, edit: Edit, position: int) -> bool:
    """Undo or redo: perform `edit` (reversed already), leaving `position` edits in force.

    True when it brought a removed category back. Raises StoreError for a stale one.
    """
    if abs(_place(connection, edit) - position) != 1:
        raise _stale(edit.image_id)
    _perform(connection, edit, position)
    used = {change.after.category_id for change in edit.changes if change.after}
    c = schema.category
    revived = connection.execute(
        c.update().where(c.c.id.in_(sorted(used)), c.c.removed).values(removed=False)
    )
    return revived.rowcount > 0


def read(connection: sa.Connection, image_id: ImageId) -> tuple[list[LoggedEdit], list[LoggedEdit]]:
    """An image's edits: those in force, oldest first, and the undone ones, next first."""
    e = schema.edit
    position = connection.scalar(sa.select(schema.image.c.undo_position).where(schema.image.c.id == image_id))
    found = connection.execute(
        sa.select(e.c.kind, e.c.payload, e.c.author, e.c.at)
        .where(e.c.image_id == image_id)
        .order_by(e.c.position)
    )
    log = [
        LoggedEdit(
            EditKind(kind),
            partial(
                rows.edit_from_payload, bytes(payload), kind=kind, image_id=image_id, author=author, at=at
            ),
        )
        for kind, payload, author, at in found
    ]
    return log[: position or 0], log[position or 0 :]


def _place(connection: sa.Connection, edit: Edit) -> int:
    """How many edits of the image are in force. Raises StoreError for an edit that does not fit it."""
    place = connection.execute(_PLACE, {"image": edit.image_id}).first()
    if place is None:
        raise StoreError(f"expected an image of this project, got id {edit.image_id}; refresh the list")
    if edit.state_before is not None and edit.state_before != place.state:
        raise _stale(edit.image_id)
    before = [change.before for change in edit.changes if change.before]
    there = _annotations(connection, [each.id for each in before])
    if any(there.get(each.id) != each for each in before):
        raise _stale(edit.image_id)
    return int(place.undo_position)


def _annotations(connection: sa.Connection, ids: Sequence[int]) -> dict[int, Annotation]:
    a = schema.annotation
    there: dict[int, Annotation] = {}
    for start in range(0, len(ids), _MANY):
        found = connection.execute(sa.select(a).where(a.c.id.in_(ids[start : start + _MANY]))).mappings()
        there |= {row["id"]: rows.annotation_from_row(row) for row in found}  # type: ignore[arg-type]
    return there


def _stale(image_id: ImageId) -> StoreError:
    return StoreError(
        f"expected image {image_id} as it was shown, it was changed meanwhile; nothing was written, "
        "look at it again"
    )


def _perform(connection: sa.Connection, edit: Edit, position: int) -> None:
    gone = [change.id for change in edit.changes if change.after is None]
    for start in range(0, len(gone), _MANY):
        some = gone[start : start + _MANY]
        connection.execute(schema.annotation.delete().where(schema.annotation.c.id.in_(some)))
    changed = _rows(change.after for change in edit.changes if change.before and change.after)
    if changed:
        connection.execute(_CHANGE, [{"_id": row.pop("id"), **row} for row in changed])
    added = _rows(change.after for change in edit.changes if change.before is None)
    if added:
        connection.execute(_ADD, added)
    values: dict[str, Any] = {"image": edit.image_id, "to": position}
    if edit.state_after is None:
        connection.execute(_MOVE, values)
    else:
        connection.execute(_MOVE_AND_STATE, {**values, "state": str(edit.state_after)})


def _rows(annotations: Iterable[Annotation | None]) -> list[rows.Row]:
    return [rows.annotation_to_row(each) for each in annotations if each is not None]

"""Edits in the database: performed on the rows of their annotations, and kept in order for undo.

Functions over a connection whose transaction the store holds. The log of an image is numbered 1, 2, ...; the
image's `undo_position` says how many of them are in force, the rest has been undone and waits for a redo.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from app import rows, schema
from app.annotation import Annotation, ImageId
from app.edits import Edit
from app.errors import StoreError
from app.reads import unknown

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
_PAGE = 4000  # annotations that are written together


def _insert(table: sa.Table, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


_LOG_ALL = _insert(schema.edit, ("image_id", "position", "kind", "payload", "author", "at"))
_ADD_ALL = _insert(schema.annotation, rows.COLUMNS)
_MOVE_ALL = "UPDATE image SET undo_position = ?, state = ? WHERE id = ?"


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


def append_all(connection: sa.Connection, edits: Iterable[Edit]) -> None:
    """As `append` for each, in order. Edits that only add (an import, pre-labelling) are written together.

    Each annotation's row is made once, for its table and for the log.
    """
    page: dict[ImageId, Edit] = {}
    held = 0
    for edit in edits:
        adds = all(change.before is None for change in edit.changes)
        if page and (not adds or edit.image_id in page or held > _PAGE):
            _append_page(connection, page)
            page, held = {}, 0
        if adds:
            page[edit.image_id] = edit
            held += 1 + len(edit.changes)
        else:
            append(connection, edit)
    if page:
        _append_page(connection, page)


def _append_page(connection: sa.Connection, page: Mapping[ImageId, Edit]) -> None:
    """Edits of different images that only add."""
    places = _places(connection, list(page))
    entries, added, moves = [], [], []
    for image, edit in page.items():
        if image not in places:
            raise unknown(image)
        position, state = places[image]
        if edit.state_before is not None and edit.state_before != state:
            raise _stale(image)
        made = [rows.annotation_to_row(change.after) for change in edit.changes if change.after]
        payload = rows.edit_to_payload(edit, [(None, row) for row in made])
        entries.append((image, position + 1, str(edit.kind), payload, edit.author, edit.at))
        moves.append((position + 1, str(edit.state_after or state), image))
        added += [tuple(row.values()) for row in made]
    connection.execute(
        _DROP_UNDONE, [{"image": image, "position": position} for image, (position, _) in places.items()]
    )
    _many(connection, _LOG_ALL, entries)
    _many(connection, _ADD_ALL, added)
    _many(connection, _MOVE_ALL, moves)


def _places(connection: sa.Connection, images: Sequence[ImageId]) -> dict[ImageId, tuple[int, str]]:
    """How many edits of each image are in force, and its state."""
    i = schema.image.c
    places: dict[ImageId, tuple[int, str]] = {}
    for start in range(0, len(images), _MANY):
        some = sorted(images[start : start + _MANY])
        query = sa.select(i.id, i.undo_position, i.state).where(i.id.in_(some)).order_by(i.id)
        found = connection.execute(query.with_for_update()).all()
        places |= {ImageId(image): (position, state) for image, position, state in found}
    return places


def _many(connection: sa.Connection, statement: str, values: Sequence[tuple[Any, ...]]) -> None:
    """One statement for many rows, by the driver alone: SQLAlchemy's own way takes five times as long."""
    if values:
        sign = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        connection.exec_driver_sql(statement.replace("?", sign), values)


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


def _place(connection: sa.Connection, edit: Edit) -> int:
    """How many edits of the image are in force. Raises StoreError for an edit that does not fit it."""
    place = connection.execute(_PLACE, {"image": edit.image_id}).first()
    if place is None:
        raise unknown(edit.image_id)
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

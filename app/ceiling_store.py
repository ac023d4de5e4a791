"""The ceilings that a project keeps: the SQL of their table, over a store's transactions.

A row is a measurement of one mask by one model version. It says which mask that was by a hash of the mask, of
the image's file and of the method; where the hash is another one by now, the row is as if it were not there.
So nobody has to tell this table of edits, undo or changed files, and the mask of before has its number again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import schema
from app.annotation import PERSONS_WORK, AnnotationId, CategoryId, ImageId, ImageState
from app.ceiling import METHOD, Ceiling
from app.database import Database
from app.geometry import Geometry
from app.rows import geometry_from_blob

_CHUNK = 2000  # rows of a page: a page holds up nobody else's edit for long
_MANY = 400  # values in one `IN`


@dataclass(frozen=True, slots=True)
class Instance:
    """A person's instance with its ceiling; None: not measured as it is now."""

    id: AnnotationId
    image_id: ImageId
    category_id: CategoryId
    area: float  # pixels
    shape: bytes
    ceiling: Ceiling | None = None


def instances(
    store: Database, version: str, states: Collection[ImageState], chunk: int = _CHUNK
) -> Iterator[list[Instance]]:
    """A person's instances in the images of these states, with what is known of them, by image and id.

    Crowds are left out. Pages of at most `chunk`, each a transaction of its own.
    """
    a, i = schema.annotation.c, schema.image.c
    query = _query(version).where(i.state.in_([str(each) for each in states])).limit(chunk)
    last = (-1, -1)
    while True:
        with store.reading() as connection:
            found = connection.execute(query.where(sa.tuple_(a.image_id, a.id) > sa.tuple_(*last))).all()
        if found:
            last = (found[-1].image_id, found[-1].id)
            yield [_instance(row) for row in found]
        if len(found) < chunk:
            return


def unmeasured(store: Database, version: str, image_id: ImageId) -> list[tuple[Instance, Geometry]]:
    """A person's instances of one image that this version has not measured as they are now."""
    query = _query(version).where(schema.annotation.c.image_id == image_id)
    with store.reading() as connection:
        found = connection.execute(query).all()
    made = [(_instance(row), geometry_from_blob(row.kind, bytes(row.geometry))) for row in found]
    return [each for each in made if each[0].ceiling is None]


def keep(store: Database, version: str, measured: Iterable[tuple[Instance, Ceiling]]) -> None:
    """Write measurements; older ones of the same instances by the same version go."""
    c = schema.ceiling
    rows = [
        {
            "annotation_id": instance.id,
            "model_version": version,
            "shape": instance.shape,
            "alone": found.alone,
            "helped": found.helped,
        }
        for instance, found in measured
    ]
    with store.writing() as connection:
        for start in range(0, len(rows), _MANY):
            some = rows[start : start + _MANY]
            ids = [row["annotation_id"] for row in some]
            connection.execute(c.delete().where(c.c.model_version == version, c.c.annotation_id.in_(ids)))
            connection.execute(c.insert(), some)


def coco_ids(store: Database) -> dict[AnnotationId, int]:
    """The ids under which annotations stand in exported files."""
    k = schema.annotation_coco.c
    with store.reading() as connection:
        return {
            AnnotationId(row[0]): row[1] for row in connection.execute(sa.select(k.annotation_id, k.coco_id))
        }


def _query(version: str) -> sa.Select[Any]:
    a, i, c = schema.annotation, schema.image, schema.ceiling
    columns = (a.c.id, a.c.image_id, a.c.category_id, a.c.area, a.c.kind, a.c.geometry)
    query = sa.select(*columns, i.c.size, i.c.mtime, c.c.shape, c.c.alone, c.c.helped)
    measured = sa.and_(c.c.annotation_id == a.c.id, c.c.model_version == version)
    joined = a.join(i, i.c.id == a.c.image_id).outerjoin(c, measured)
    mine = a.c.state.in_(sorted(str(each) for each in PERSONS_WORK))
    return query.select_from(joined).where(mine, ~a.c.is_crowd).order_by(a.c.image_id, a.c.id)


def _instance(row: Any) -> Instance:
    shape = _shape(row)
    known = Ceiling(row.alone, row.helped) if row.shape is not None and bytes(row.shape) == shape else None
    return Instance(row.id, row.image_id, row.category_id, row.area, shape, known)


def _shape(row: Any) -> bytes:
    """What a measurement depends on beside the model version, in 16 bytes."""
    head = f"{METHOD}|{row.size}|{row.mtime}|{row.kind}|".encode()
    return hashlib.blake2b(head + bytes(row.geometry), digest_size=16).digest()

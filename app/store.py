"""The project's database: all SQL is here (SQLAlchemy Core).

Default: one SQLite file, write-ahead log, full durability at each edit; a database URL (PostgreSQL) may stand
in its place. A store is used by one thread at a time; the window gives all its work to one project thread.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from app import rows, schema
from app.annotation import (
    PERSONS_WORK,
    AnnotationId,
    AnnotationState,
    Category,
    CategoryId,
    ImageId,
    ImageState,
)
from app.edits import Edit
from app.errors import NewerProject, ProjectError, StoreError
from app.records import DocumentData, FoundFile, ImageRecord

_CHUNK = 5000

# The statements of every edit, built once: an import runs them thousands of times.
_POSITION = sa.select(schema.image.c.undo_position).where(schema.image.c.id == sa.bindparam("image"))
_DROP_UNDONE = schema.edit.delete().where(
    schema.edit.c.image_id == sa.bindparam("image"), schema.edit.c.position > sa.bindparam("position")
)
_LOG = schema.edit.insert()
_ADD = schema.annotation.insert()
_MOVE = (
    schema.image.update()
    .where(schema.image.c.id == sa.bindparam("image"))
    .values(undo_position=sa.bindparam("to"))
)
_MOVE_AND_STATE = _MOVE.values(state=sa.bindparam("state"))


class Store:
    """One open database."""

    def __init__(self, engine: sa.Engine, name: str) -> None:
        self._engine = engine
        self.name = name
        self._outer: sa.Connection | None = None

    # --- opening -------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, location: Path | str) -> Store:
        """A new, empty database in a file or under a database URL."""
        if isinstance(location, Path) and location.exists():
            raise ProjectError(
                f"expected no project at {location}, one is there; open it or choose another name"
            )
        store = cls._connect(location)
        with store._begin() as connection:
            schema.metadata.create_all(connection)
            connection.execute(
                schema.meta.insert(),
                [
                    {"key": "major", "value": str(schema.MAJOR)},
                    {"key": "minor", "value": str(schema.MINOR)},
                    {"key": "next_annotation_id", "value": "1"},
                ],
            )
        return store

    @classmethod
    def open(cls, location: Path | str) -> Store:
        """An existing database. Raises NewerProject or ProjectError in words."""
        if isinstance(location, Path) and not location.is_file():
            raise ProjectError(
                f"expected a project's database at {location}, found none; make one with `init`"
            )
        store = cls._connect(location)
        try:
            with store._begin() as connection:
                found = connection.execute(sa.select(schema.meta.c.key, schema.meta.c.value))
                meta = {row.key: row.value for row in found}
        except StoreError as error:
            store.close()
            raise ProjectError(
                f"expected a Protolabel database, {location} cannot be read as one; restore a copy of it"
            ) from error
        store._check_version(location, meta)
        return store

    @classmethod
    def _connect(cls, location: Path | str) -> Store:
        if isinstance(location, str):
            return cls(sa.create_engine(location), location)
        engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(location)),
            poolclass=sa.StaticPool,
            connect_args={"check_same_thread": False, "timeout": 10},
        )

        def prepare(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        sa.event.listen(engine, "connect", prepare)
        return cls(engine, str(location))

    def _check_version(self, location: Path | str, meta: dict[str, str]) -> None:
        major, minor = int(meta.get("major", "0")), int(meta.get("minor", "0"))
        if major > schema.MAJOR:
            self.close()
            raise NewerProject(
                f"expected a project of version {schema.MAJOR}.x, {location} has {major}.{minor}; "
                "open it with a newer Protolabel"
            )
        if (major, minor) < (schema.MAJOR, schema.MINOR):
            if isinstance(location, Path):
                shutil.copy2(location, location.with_name(f"{location.name}.{major}.{minor}.bak"))
            with self._begin() as connection:
                schema.metadata.create_all(connection)
                connection.execute(
                    schema.meta.update().where(schema.meta.c.key == "minor").values(value=str(schema.MINOR))
                )

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All calls of this store within it are one transaction: all in the database, or none of them."""
        with self._begin() as connection:
            self._outer = connection
            try:
                yield
            finally:
                self._outer = None

    @contextlib.contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        """One transaction, or a part of the one under way; the database's faults become StoreError."""
        if self._outer is not None:
            yield self._outer
            return
        try:
            with self._engine.begin() as connection:
                yield connection
        except (DatabaseError, SQLAlchemyError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(
                f"expected to read and write {self.name}, the database said: {cause}; "
                "free the disk or check the folder's permissions, nothing was half-written"
            ) from error

    # --- settings ------------------------------------------------------------------------------------------

    def setting(self, key: str, default: Any = None) -> Any:
        """A JSON value kept in the project."""
        with self._begin() as connection:
            text = connection.scalar(sa.select(schema.setting.c.value).where(schema.setting.c.key == key))
        return default if text is None else json.loads(text)

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a JSON value."""
        with self._begin() as connection:
            connection.execute(schema.setting.delete().where(schema.setting.c.key == key))
            connection.execute(schema.setting.insert().values(key=key, value=json.dumps(value)))

    # --- categories ----------------------------------------------------------------------------------------

    def categories(self) -> list[Category]:
        """All categories in their order."""
        table = schema.category
        with self._begin() as connection:
            found = connection.execute(sa.select(table).order_by(table.c.position, table.c.id)).all()
        return [Category(CategoryId(row.id), row.name, row.color, row.supercategory) for row in found]

    def put_category(self, category: Category) -> None:
        """Add a category, or change the one of its id."""
        table, values = (
            schema.category,
            {
                "name": category.name,
                "color": category.color,
                "supercategory": category.supercategory,
            },
        )
        with self._begin() as connection:
            changed = connection.execute(table.update().where(table.c.id == category.id).values(**values))
            if not changed.rowcount:
                last = connection.scalar(sa.select(sa.func.max(table.c.position))) or 0
                connection.execute(table.insert().values(id=category.id, position=last + 1, **values))

    def remove_category(self, category_id: CategoryId) -> None:
        """Remove an unused category; StoreError from the database's own check otherwise."""
        with self._begin() as connection:
            connection.execute(schema.category.delete().where(schema.category.c.id == category_id))

    def category_use(self) -> dict[CategoryId, int]:
        """How many annotations (rejected ones too) each category has."""
        table = schema.annotation
        with self._begin() as connection:
            found = connection.execute(
                sa.select(table.c.category_id, sa.func.count()).group_by(table.c.category_id)
            ).all()
        return {CategoryId(row[0]): row[1] for row in found}

    # --- images --------------------------------------------------------------------------------------------

    def images(self, ids: Sequence[ImageId] | None = None) -> list[ImageRecord]:
        """Records of all images (by path), or of some."""
        a, i = schema.annotation, schema.image
        mine = a.c.state.in_([str(state) for state in PERSONS_WORK])
        proposed = a.c.state == str(AnnotationState.PROPOSED)
        score = sa.case((proposed, a.c.score))
        counts = sa.select(
            a.c.image_id,
            sa.func.sum(sa.case((mine, 1), else_=0)),
            sa.func.sum(sa.case((proposed, 1), else_=0)),
            sa.func.avg(score),
            sa.func.min(score),
        ).group_by(a.c.image_id)
        query = sa.select(i)
        if ids is not None:
            counts, query = counts.where(a.c.image_id.in_(ids)), query.where(i.c.id.in_(ids))
        with self._begin() as connection:
            by_image = {row[0]: tuple(row[1:]) for row in connection.execute(counts)}
            found = connection.execute(query).all()
        return [_record(row, by_image.get(row.id)) for row in found]

    def load_record(self, image_id: ImageId) -> ImageRecord:
        """One image's record. Raises StoreError for an unknown one."""
        records = self.images([image_id])
        if not records:
            raise StoreError(f"expected an image of this project, got id {image_id}; refresh the list")
        return records[0]

    def add_images(self, files: Iterable[FoundFile]) -> None:
        """New files of the folder; known ones get their size and time, and are there again."""
        table = schema.image
        with self._begin() as connection:
            known = {
                row.path: row
                for row in connection.execute(
                    sa.select(table.c.id, table.c.path, table.c.size, table.c.mtime, table.c.missing)
                )
            }
            new, changed = [], []
            for file in files:
                row = known.get(file.path)
                if row is None:
                    new.append({"path": file.path, "size": file.size, "mtime": file.mtime, "state": "new"})
                elif row.missing or (row.size, row.mtime) != (file.size, file.mtime):
                    changed.append({"_id": row.id, "size": file.size, "mtime": file.mtime})
            if new:
                connection.execute(table.insert(), new)
            if changed:
                connection.execute(
                    table.update()
                    .where(table.c.id == sa.bindparam("_id"))
                    .values(width=0, height=0, content_hash="", missing=False),
                    changed,
                )

    def update_image(self, image_id: ImageId, **values: Any) -> None:
        """Change columns of one image (width, height, content_hash, missing, coco_id)."""
        with self._begin() as connection:
            connection.execute(schema.image.update().where(schema.image.c.id == image_id).values(**values))

    def update_images(self, values: Sequence[dict[str, Any]]) -> None:
        """The same for many: each dict has `id` and, all alike, the columns to change."""
        if not values:
            return
        table = schema.image
        renamed = [{"_id" if key == "id" else key: value for key, value in each.items()} for each in values]
        names: dict[str, Any] = {key: sa.bindparam(key) for key in renamed[0] if key != "_id"}
        with self._begin() as connection:
            connection.execute(
                table.update().where(table.c.id == sa.bindparam("_id")).values(**names), renamed
            )

    # --- documents -----------------------------------------------------------------------------------------

    def load_document(self, image_id: ImageId) -> DocumentData:
        """One image's annotations and its edits. Raises StoreError for an unknown image."""
        a, i, e = schema.annotation, schema.image, schema.edit
        record = self.load_record(image_id)
        with self._begin() as connection:
            found = connection.execute(
                sa.select(a).where(a.c.image_id == image_id).order_by(a.c.id)
            ).mappings()
            annotations = tuple(rows.annotation_from_row(dict(row)) for row in found)
            position = connection.scalar(sa.select(i.c.undo_position).where(i.c.id == image_id)) or 0
            log = connection.execute(
                sa.select(e).where(e.c.image_id == image_id).order_by(e.c.position)
            ).all()
        edits = [
            rows.edit_from_payload(
                row.payload, kind=row.kind, image_id=row.image_id, author=row.author, at=row.at
            )
            for row in log
        ]
        return DocumentData(record, annotations, tuple(edits[:position]), tuple(edits[position:]))

    def append(self, edit: Edit) -> None:
        """Apply an edit and put it in the log, in one transaction; undone edits of the image are dropped."""
        self.append_all([edit])

    def append_all(self, edits: Iterable[Edit]) -> None:
        """Several edits (of any images) in one transaction."""
        with self._begin() as connection:
            for edit in edits:
                position = connection.scalar(_POSITION, {"image": edit.image_id})
                if position is None:
                    raise StoreError(f"expected an image of this project, got id {edit.image_id}")
                connection.execute(_DROP_UNDONE, {"image": edit.image_id, "position": position})
                connection.execute(
                    _LOG,
                    {
                        "image_id": edit.image_id,
                        "position": position + 1,
                        "kind": str(edit.kind),
                        "payload": rows.edit_to_payload(edit),
                        "author": edit.author,
                        "at": edit.at,
                    },
                )
                self._perform(connection, edit, position + 1)

    def step(self, edit: Edit, *, position: int) -> None:
        """Perform an undo or redo (`edit` reversed already), leaving `position` edits in force."""
        with self._begin() as connection:
            self._perform(connection, edit, position)

    def _perform(self, connection: sa.Connection, edit: Edit, position: int) -> None:
        a = schema.annotation
        gone = [change.id for change in edit.changes if change.after is None]
        new = [change.after for change in edit.changes if change.before is None and change.after]
        moved = [change.after for change in edit.changes if change.before and change.after]
        for start in range(0, len(gone), 500):
            connection.execute(a.delete().where(a.c.id.in_(gone[start : start + 500])))
        if moved:
            values = [rows.annotation_to_row(each) for each in moved]
            named: dict[str, Any] = {key: sa.bindparam(key) for key in values[0] if key != "id"}
            connection.execute(
                a.update().where(a.c.id == sa.bindparam("_id")).values(**named),
                [{**{k: v for k, v in row.items() if k != "id"}, "_id": row["id"]} for row in values],
            )
        if new:
            connection.execute(_ADD, [rows.annotation_to_row(each) for each in new])
        if edit.state_after is None:
            connection.execute(_MOVE, {"image": edit.image_id, "to": position})
        else:
            state = str(edit.state_after)
            connection.execute(_MOVE_AND_STATE, {"image": edit.image_id, "to": position, "state": state})

    def reserve_annotation_ids(self, count: int) -> range:
        """A block of ids that nobody else gets."""
        table = schema.meta
        with self._begin() as connection:
            where = table.c.key == "next_annotation_id"
            first = int(connection.scalar(sa.select(table.c.value).where(where)) or "1")
            connection.execute(table.update().where(where).values(value=str(first + count)))
        return range(first, first + count)

    # --- in bulk -------------------------------------------------------------------------------------------

    def iter_annotations(
        self, image_ids: Sequence[ImageId] | None = None, chunk: int = _CHUNK
    ) -> Iterator[list[dict[str, Any]]]:
        """Rows of annotations, ordered by image and id, some thousand at a time; memory stays bounded."""
        a = schema.annotation
        wanted = None if image_ids is None else sorted(set(image_ids))
        last = (0, 0)
        while True:
            query = sa.select(a).order_by(a.c.image_id, a.c.id).limit(chunk)
            query = query.where(sa.tuple_(a.c.image_id, a.c.id) > sa.tuple_(*last))
            if wanted is not None:
                query = query.where(a.c.image_id > last[0] - 1)
            with self._begin() as connection:
                found = [dict(row) for row in connection.execute(query).mappings()]
            if not found:
                return
            last = (found[-1]["image_id"], found[-1]["id"])
            if wanted is not None:
                keep = set(wanted)
                found = [row for row in found if row["image_id"] in keep]
            if found:
                yield found

    def annotation_rows(self, image_ids: Sequence[ImageId]) -> list[dict[str, Any]]:
        """Rows of all annotations of some images, ordered by image and id."""
        a = schema.annotation
        found: list[dict[str, Any]] = []
        with self._begin() as connection:
            for start in range(0, len(image_ids), 500):
                some = sa.select(a).where(a.c.image_id.in_(image_ids[start : start + 500]))
                found += [
                    dict(row) for row in connection.execute(some.order_by(a.c.image_id, a.c.id)).mappings()
                ]
        return found

    def taken_coco_ids(self) -> set[int]:
        """The COCO ids that annotations have."""
        column = schema.annotation.c.coco_id
        with self._begin() as connection:
            return set(connection.scalars(sa.select(column).where(column.is_not(None))))

    def assign_coco_ids(self, image_ids: Sequence[ImageId] | None = None) -> None:
        """Give every image and annotation (of some images) that has none a COCO id: the next free ones."""
        del image_ids
        for table in (schema.image, schema.annotation):
            with self._begin() as connection:
                top = connection.scalar(sa.select(sa.func.max(table.c.coco_id))) or 0
                bare = connection.scalars(
                    sa.select(table.c.id).where(table.c.coco_id.is_(None)).order_by(table.c.id)
                ).all()
                if bare:
                    connection.execute(
                        table.update()
                        .where(table.c.id == sa.bindparam("_id"))
                        .values(coco_id=sa.bindparam("n")),
                        [{"_id": each, "n": top + 1 + n} for n, each in enumerate(bare)],
                    )

    def set_coco_ids(self, pairs: Sequence[tuple[AnnotationId, int]]) -> None:
        """Keep an import's own annotation ids."""
        table = schema.annotation
        if pairs:
            with self._begin() as connection:
                connection.execute(
                    table.update().where(table.c.id == sa.bindparam("_id")).values(coco_id=sa.bindparam("n")),
                    [{"_id": each, "n": coco} for each, coco in pairs],
                )


def _record(row: Any, counts: tuple[Any, ...] | None) -> ImageRecord:
    record = ImageRecord(
        id=ImageId(row.id),
        path=row.path,
        width=row.width,
        height=row.height,
        state=ImageState(row.state),
        size=row.size,
        mtime=row.mtime,
        content_hash=row.content_hash,
        coco_id=row.coco_id,
        missing=bool(row.missing),
    )
    if counts is None:
        return record
    mine, proposed, mean, least = counts
    return replace(
        record, annotation_count=mine or 0, proposal_count=proposed or 0, mean_score=mean, min_score=least
    )

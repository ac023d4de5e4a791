"""What is in a project's database: settings, categories, images, annotations. All SQL is here, in `reads`
(what a window begins with), `edit_log` (edits) and `database` (opening, transactions, versions); SQLAlchemy
Core, so that PostgreSQL may stand in.

All calls are safe from any thread and may wait; the window gives its work to one project thread.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from app import edit_log, reads, schema
from app.annotation import (
    PERSONS_WORK,
    AnnotationId,
    AnnotationState,
    Category,
    CategoryId,
    ImageId,
    ImageState,
)
from app.database import Database
from app.edits import Edit
from app.events import Event
from app.records import DocumentData, FoundFile, ImageRecord

_CHUNK = 5000
_MANY = 500  # values in one `IN`


class Store(Database):
    """One open project database."""

    def __init__(self, engine: sa.Engine, name: str, *, read_only: bool = False) -> None:
        super().__init__(engine, name, read_only=read_only)
        self.category_returned: Event[None] = Event()  # an undo brought a removed category back

    # --- settings ------------------------------------------------------------------------------------------

    def setting(self, key: str, default: Any = None) -> Any:
        """A JSON value kept in the project."""
        with self._runner() as run:
            return reads.setting(run, key, default)

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a JSON value."""
        with self.writing() as connection:
            connection.execute(schema.setting.delete().where(schema.setting.c.key == key))
            connection.execute(schema.setting.insert().values(key=key, value=json.dumps(value)))

    # --- categories ----------------------------------------------------------------------------------------

    def categories(self, *, removed: bool = False) -> list[Category]:
        """All categories in their order; with `removed` those that were removed instead."""
        with self._runner() as run:
            return reads.categories(run, removed=removed)

    def put_category(self, category: Category) -> None:
        """Add a category, or change the one of its id; a removed one is back then."""
        c = schema.category
        values = {
            "name": category.name,
            "color": category.color,
            "supercategory": category.supercategory,
            "removed": False,
        }
        with self.writing() as connection:
            changed = connection.execute(c.update().where(c.c.id == category.id).values(**values))
            if not changed.rowcount:
                last = connection.scalar(sa.select(sa.func.max(c.c.position))) or 0
                connection.execute(c.insert().values(id=category.id, position=last + 1, **values))

    def remove_category(self, category_id: CategoryId) -> None:
        """Take a category from the list. Its id stays taken, and an undo that needs it brings it back."""
        c = schema.category
        with self.writing() as connection:
            connection.execute(c.update().where(c.c.id == category_id).values(removed=True))

    def category_use(self) -> dict[CategoryId, int]:
        """How many annotations (rejected ones too) each category has."""
        column = schema.annotation.c.category_id
        with self.reading() as connection:
            found = connection.execute(sa.select(column, sa.func.count()).group_by(column)).all()
        return {CategoryId(row[0]): row[1] for row in found}

    def work_by_category(self, state: ImageState) -> dict[CategoryId, int]:
        """How many annotations of a person's, or accepted ones, the images in a state have by category."""
        a, i = schema.annotation, schema.image
        query = (
            sa.select(a.c.category_id, sa.func.count())
            .join(i, i.c.id == a.c.image_id)
            .where(i.c.state == state, a.c.state.in_([str(each) for each in PERSONS_WORK]))
            .group_by(a.c.category_id)
        )
        with self.reading() as connection:
            return {CategoryId(row[0]): row[1] for row in connection.execute(query)}

    # --- images --------------------------------------------------------------------------------------------

    def images(self, ids: Sequence[ImageId] | None = None) -> list[ImageRecord]:
        """Records of all images, or of some, in no order."""
        with self._runner() as run:
            return reads.images(run, ids)

    def load_record(self, image_id: ImageId) -> ImageRecord:
        """One image's record. Raises StoreError for an unknown one."""
        with self._runner() as run:
            return reads.record(run, image_id)

    def add_images(self, files: Iterable[FoundFile]) -> tuple[int, int]:
        """Put found files in the project: new ones, and what is known of files that changed or came back is
        forgotten. Nothing is written when all is as it was. Returns how many (are new, changed).
        """
        i = schema.image
        columns = (i.c.path, i.c.id, i.c.size, i.c.mtime, i.c.missing)
        with self.reading() as connection:
            known = {row[0]: row for row in connection.execute(sa.select(*columns))}
        new, changed = [], []
        for file in files:
            row = known.get(file.path)
            if row is None:
                new.append({"path": file.path, "size": file.size, "mtime": file.mtime, "state": "new"})
            elif row.missing or (row.size, row.mtime) != (file.size, file.mtime):
                changed.append({"id": row.id, "size": file.size, "mtime": file.mtime, **_UNREAD})
        for start in range(0, len(new), _CHUNK):
            with self.writing() as connection:
                connection.execute(i.insert(), new[start : start + _CHUNK])
        self.update_images(changed)
        return len(new), len(changed)

    def update_image(self, image_id: ImageId, **values: Any) -> None:
        """Change columns of one image (width, height, content_hash, missing, coco_id)."""
        self.update_images([{"id": image_id, **values}])

    def update_images(self, values: Sequence[dict[str, Any]]) -> None:
        """The same for many: each dict has `id` and, all alike, the columns to change."""
        if not values:
            return
        i = schema.image
        renamed = [{"_id" if key == "id" else key: value for key, value in each.items()} for each in values]
        names: dict[str, Any] = {key: sa.bindparam(key) for key in renamed[0] if key != "_id"}
        with self.writing() as connection:
            connection.execute(i.update().where(i.c.id == sa.bindparam("_id")).values(**names), renamed)

    # --- documents and edits -------------------------------------------------------------------------------

    def load_document(self, image_id: ImageId) -> DocumentData:
        """One image's annotations and its edits. Raises StoreError for an unknown image."""
        with self._runner() as run:
            return reads.document(run, image_id)

    def append(self, edit: Edit) -> None:
        """Perform an edit and log it, in one transaction; undone edits of the image are dropped.

        Raises StoreError, with nothing written, when the database refuses or the edit does not fit it.
        """
        with self.writing() as connection:
            edit_log.append(connection, edit)

    def append_all(self, edits: Iterable[Edit]) -> None:
        """Several edits (of any images) in one transaction."""
        with self.writing() as connection:
            edit_log.append_all(connection, edits)

    def step(self, edit: Edit, *, position: int) -> None:
        """Undo or redo: perform `edit` (reversed already), leaving `position` edits in force; as `append`."""
        with self.writing() as connection:
            returned = edit_log.step(connection, edit, position)
        if returned:
            self.category_returned.emit(None)

    def reserve_annotation_ids(self, count: int) -> range:
        """A block of ids that nobody else gets."""
        m = schema.meta
        where = m.c.key == "next_annotation_id"
        with self.writing() as connection:
            found = connection.scalar(sa.select(m.c.value).where(where).with_for_update())
            first = int(found or "1")
            connection.execute(m.update().where(where).values(value=str(first + count)))
        return range(first, first + count)

    @contextlib.contextmanager
    def _runner(self) -> Iterator[reads.Run]:
        """For `reads`: statements as they are, within one transaction that reads."""
        with self.reading() as connection:
            sign = "?" if connection.dialect.paramstyle == "qmark" else "%s"

            def run(statement: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
                return connection.exec_driver_sql(statement.replace("?", sign), tuple(values)).all()

            yield run

    # --- in bulk -------------------------------------------------------------------------------------------

    def iter_annotations(
        self, image_ids: Sequence[ImageId] | None = None, chunk: int = _CHUNK
    ) -> Iterator[list[dict[str, Any]]]:
        """Rows of annotations with their `coco_id` (None: not given yet), ordered by image and id, at most
        `chunk` at a time; of some images (in the order of their ids), or of all. Memory stays bounded.
        """
        if image_ids is None:
            yield from self._iter_rows(None, chunk)
            return
        wanted = sorted(set(image_ids))
        for start in range(0, len(wanted), _MANY):
            yield from self._iter_rows(wanted[start : start + _MANY], chunk)

    def _iter_rows(self, image_ids: Sequence[ImageId] | None, chunk: int) -> Iterator[list[dict[str, Any]]]:
        a, k = schema.annotation, schema.annotation_coco
        query = sa.select(a, k.c.coco_id).outerjoin(k, k.c.annotation_id == a.c.id)
        query = query.order_by(a.c.image_id, a.c.id).limit(chunk)
        if image_ids is not None:
            query = query.where(a.c.image_id.in_(image_ids))
        last = (-1, -1)
        while True:
            page = query.where(sa.tuple_(a.c.image_id, a.c.id) > sa.tuple_(*last))
            with self.reading() as connection:
                found = [dict(row) for row in connection.execute(page).mappings()]
            if found:
                last = (found[-1]["image_id"], found[-1]["id"])
                yield found
            if len(found) < chunk:
                return

    def annotation_rows(self, image_ids: Sequence[ImageId]) -> list[dict[str, Any]]:
        """Rows of all annotations of some images, ordered by image and id."""
        return [row for page in self.iter_annotations(image_ids) for row in page]

    def taken_coco_ids(self) -> set[int]:
        """The COCO ids that annotations have."""
        a, k = schema.annotation, schema.annotation_coco
        with self.reading() as connection:
            return set(connection.scalars(sa.select(k.c.coco_id).join(a, a.c.id == k.c.annotation_id)))

    def assign_coco_ids(self) -> None:
        """Give every image and every annotation that is not rejected, if it has none, the next COCO id.

        Ids start at 1 and are kept; one that was given is not given again, even after a removal.
        """
        i, a, k = schema.image, schema.annotation, schema.annotation_coco
        bare_images = sa.select(i.c.id).where(i.c.coco_id.is_(None)).order_by(i.c.id)
        bare = sa.select(a.c.id).outerjoin(k, k.c.annotation_id == a.c.id).where(k.c.coco_id.is_(None))
        bare = bare.where(a.c.state != str(AnnotationState.REJECTED)).order_by(a.c.id)
        with self.reading() as connection:
            images, next_image = connection.scalars(bare_images).all(), _after(connection, i.c.coco_id)
            new, next_new = connection.scalars(bare).all(), _after(connection, k.c.coco_id)
        if not images and not new:
            return
        with self.transaction():
            self.update_images([{"id": each, "coco_id": next_image + n} for n, each in enumerate(images)])
            self.set_coco_ids([(AnnotationId(each), next_new + n) for n, each in enumerate(new)])

    def set_coco_ids(self, pairs: Sequence[tuple[AnnotationId, int]]) -> None:
        """Keep (annotation, COCO id); an id that a removed annotation had goes over to the new one."""
        k = schema.annotation_coco
        if not pairs:
            return
        numbers, owners = {coco for _, coco in pairs}, {each for each, _ in pairs}
        with self.writing() as connection:
            there = connection.execute(sa.select(k.c.annotation_id, k.c.coco_id)).all()
            gone = [{"_id": each} for each, coco in there if coco in numbers or each in owners]
            if gone:
                connection.execute(k.delete().where(k.c.annotation_id == sa.bindparam("_id")), gone)
            connection.execute(k.insert(), [{"annotation_id": each, "coco_id": coco} for each, coco in pairs])


_UNREAD = {"width": 0, "height": 0, "content_hash": "", "missing": False}


def _after(connection: sa.Connection, column: sa.Column[Any]) -> int:
    """The first id that is higher than all, 1 when there are none."""
    top = connection.scalar(sa.select(sa.func.max(column)))
    return max(top or 0, 0) + 1

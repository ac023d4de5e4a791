"""What a window reads first of a project, by Python's own sqlite3: to load SQLAlchemy takes too long for it.

A `LightStore` tells what `store.Store` would, of an SQLite file of the present layout; any other database is
left to the Store, which can tell what is to be done about it. It writes nothing but what it reserves.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from app import reads
from app.annotation import Category, ImageId
from app.records import DocumentData, ImageRecord
from app.sqlite_file import Location, fault, has_log, opener

T = TypeVar("T")


class LightStore:
    """The same reads as a Store's; safe from any thread. Raises StoreError where the file cannot be read."""

    def __init__(self, connection: sqlite3.Connection, name: str, *, read_only: bool) -> None:
        self._connection = connection
        self._lock = threading.RLock()
        self.name, self.read_only = name, read_only

    @classmethod
    def open(cls, location: Location, *, read_only: bool = False) -> LightStore | None:
        """None for what only the Store can open: another database, layout, or a file that is not sound."""
        if isinstance(location, str) or not location.is_file() or has_log(location):
            return None
        try:
            connection = opener(location, "ro" if read_only else "rw")()
        except sqlite3.Error:
            return None
        made = cls(connection, str(location), read_only=read_only)
        try:
            told = {row[0]: row[1] for row in connection.execute("SELECT key, value FROM meta")}
            if int(told["major"]) == reads.MAJOR and int(told["minor"]) >= reads.MINOR:
                return made
        except (sqlite3.Error, KeyError, ValueError):
            pass
        made.close()
        return None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def setting(self, key: str, default: Any = None) -> Any:
        """A JSON value kept in the project."""
        return self._read(lambda run: reads.setting(run, key, default))

    def categories(self, *, removed: bool = False) -> list[Category]:
        """All categories in their order; with `removed` those that were removed instead."""
        return self._read(lambda run: reads.categories(run, removed=removed))

    def images(self, ids: Sequence[ImageId] | None = None) -> list[ImageRecord]:
        """Records of all images, or of some, in no order."""
        return self._read(lambda run: reads.images(run, ids))

    def load_record(self, image_id: ImageId) -> ImageRecord:
        """One image's record. Raises StoreError for an unknown one."""
        return self._read(lambda run: reads.record(run, image_id))

    def load_document(self, image_id: ImageId) -> DocumentData:
        """One image's annotations and its edits. Raises StoreError for an unknown image."""
        return self._read(lambda run: reads.document(run, image_id))

    def reserve_annotation_ids(self, count: int) -> range:
        """A block of ids that nobody else gets."""
        with self._transaction("BEGIN IMMEDIATE"):
            first = int(reads.meta(self._run).get("next_annotation_id", "1"))
            self._run(
                "UPDATE meta SET value = ? WHERE key = 'next_annotation_id'",
                (str(first + count),),
            )
        return range(first, first + count)

    def _read(self, ask: Callable[[reads.Run], T]) -> T:
        with self._transaction("BEGIN"):
            return ask(self._run)

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._lock:
            done = False
            try:
                self._connection.execute(begin)
                yield
                self._connection.execute("COMMIT")
                done = True
            except sqlite3.Error as error:
                raise fault(self.name, error) from error
            finally:
                if not done:
                    with contextlib.suppress(sqlite3.Error):  # the first fault is the one to tell
                        self._connection.execute("ROLLBACK")

    def _run(self, statement: str, values: Sequence[Any]) -> Sequence[Sequence[Any]]:
        return self._connection.execute(statement, tuple(values)).fetchall()

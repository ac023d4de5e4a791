"""One open database: connecting, transactions, its version, and its faults in words. What is in it: `store`.

A file is SQLite with a write-ahead log and full durability at each commit; a database URL (PostgreSQL) may
stand in its place. All calls are safe from any thread; they wait for each other.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from app import migrations, schema
from app.errors import ProjectError, StoreError
from app.sqlite_file import Location, fault, opener, said


class Database:
    """Transactions on one database. `read_only`: nothing can be written."""

    def __init__(self, engine: sa.Engine, name: str, *, read_only: bool = False) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._outer: sa.Connection | None = None
        self.name, self.read_only = name, read_only

    @classmethod
    def create(cls, location: Location, fill: Callable[[Self], object] = lambda made: None) -> Self:
        """A new database, with what `fill` writes to it. A file appears under its name when it is complete.

        Raises ProjectError where there is one, StoreError when it cannot be written.
        """
        if isinstance(location, str):
            made = cls._connect(location)
            with made.reading() as connection:
                there = sa.inspect(connection).has_table(schema.meta.name)
            if there:
                made.close()
                raise _occupied(made.name)
            made._lay_out(fill)
            return made
        if location.exists():
            raise _occupied(str(location))
        part = location.with_name(location.name + ".new")
        _remove(part)
        made = cls._connect(part, mode="rwc")
        try:
            made._lay_out(fill)
        finally:
            made.close()
        os.replace(part, location)
        return cls.open(location)

    @classmethod
    def open(cls, location: Location, *, read_only: bool = False) -> Self:
        """An existing database, brought up to date. Raises NewerProject or ProjectError in words."""
        if isinstance(location, Path) and not location.is_file():
            raise ProjectError(
                f"expected a project's database at {location}, found none; make one with `init`"
            )
        database = cls._connect(location, read_only=read_only)
        try:
            with database.reading() as connection:
                found = connection.execute(sa.select(schema.meta.c.key, schema.meta.c.value))
                version = migrations.version_of({row.key: row.value for row in found}, database.name)
        except StoreError as error:
            database.close()
            raise ProjectError(
                f"expected a Protolabel database, {database.name} cannot be read as one "
                f"({said(error.__cause__)}); restore a copy of it"
            ) from error
        except ProjectError:
            database.close()
            raise
        try:
            database._bring_up_to_date(location, version)
        except StoreError as error:
            database.close()
            raise ProjectError(str(error)) from error
        return database

    @classmethod
    def _connect(cls, location: Location, *, mode: str = "rw", read_only: bool = False) -> Self:
        if isinstance(location, str):
            engine = sa.create_engine(location)
            name = sa.make_url(location).render_as_string()  # without the password
        else:
            engine = sa.create_engine(
                "sqlite://", creator=opener(location, "ro" if read_only else mode), poolclass=sa.StaticPool
            )
            name = str(location)
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "begin", _begin_sqlite)
        return cls(engine, name, read_only=read_only)

    def _lay_out(self, fill: Callable[[Self], object]) -> None:
        with self.transaction(), self.writing() as connection:
            schema.metadata.create_all(connection)
            values = {"major": schema.MAJOR, "minor": schema.MINOR, "next_annotation_id": 1}
            connection.execute(
                schema.meta.insert(), [{"key": key, "value": str(value)} for key, value in values.items()]
            )
            fill(self)

    def _bring_up_to_date(self, location: Location, version: tuple[int, int]) -> None:
        steps = migrations.steps_from(version)
        if not steps:
            return
        if self.read_only:
            raise ProjectError(
                f"expected a project of version {schema.MAJOR}.{schema.MINOR}, {self.name} has "
                f"{version[0]}.{version[1]} and cannot be written to; open a copy of it"
            )
        if isinstance(location, Path):
            self._copy_to(location.with_name(f"{location.name}.{version[0]}.{version[1]}.bak"))
        with self.writing() as connection:
            migrations.run(connection, steps)

    def _copy_to(self, copy: Path) -> None:
        """A complete copy, with what is still in the write-ahead log."""
        part = copy.with_name(copy.name + ".new")
        _remove(part)
        try:
            with self._lock, self._engine.connect() as connection:
                source: Any = connection.connection.dbapi_connection
                with contextlib.closing(sqlite3.connect(part)) as target:
                    source.backup(target)
        except (sqlite3.Error, SQLAlchemyError) as error:
            _remove(part)
            raise fault(self.name, error) from error
        os.replace(part, copy)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._engine.dispose()

    # --- transactions --------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def transaction(self, *, write: bool = True) -> Iterator[None]:
        """All calls within it are one transaction: all in the database, or none of them."""
        with self._begin(write=write):
            yield

    def reading(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A transaction that changes nothing and sees one state of the database."""
        return self._begin(write=False)

    def writing(self) -> contextlib.AbstractContextManager[sa.Connection]:
        """A transaction; when its block ends, what was written is on the disk."""
        return self._begin(write=True)

    @contextlib.contextmanager
    def _begin(self, *, write: bool) -> Iterator[sa.Connection]:
        """One transaction, or a part of the one under way; the database's faults become StoreError."""
        with self._lock:
            if self._outer is not None:
                yield self._outer
                return
            if write and self.read_only:
                raise StoreError(
                    f"expected to change {self.name}, it is open for reading only; "
                    "open a copy of the project in a folder you can write to"
                )
            try:
                with self._engine.connect() as plain:
                    connection = plain.execution_options(write=write)
                    with connection.begin():
                        self._outer = connection
                        yield connection
            except SQLAlchemyError as error:
                raise fault(self.name, error) from error
            finally:
                self._outer = None


def _begin_sqlite(connection: sa.Connection) -> None:
    """Python's driver begins late and only for writes: then what was read before is out of date."""
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _remove(file: Path) -> None:
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm", f"{file.name}-journal"):
        file.with_name(name).unlink(missing_ok=True)


def _occupied(name: str) -> ProjectError:
    return ProjectError(f"expected no project at {name}, one is there; open it or choose another name")

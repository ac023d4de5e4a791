"""A project's SQLite file: how it is connected to, and what its faults mean, in words. No SQLAlchemy here.

A file has a write-ahead log and full durability at each commit. What cannot be written is taken as it is.
"""

from __future__ import annotations

import os
import sqlite3
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from app.errors import StoreError

Location = Path | str  # a file, or a database URL

_ADVICE = (  # what the database says, and what a person can do about it
    ("readonly", "open a copy of the project in a folder you can write to"),
    ("full", "free some space on the disk"),
    ("locked", "close the other program that writes to it"),
    ("malformed", "restore a copy of the project"),
    ("not a database", "restore a copy of the project"),
    ("constraint", "read the image again: it was changed meanwhile"),
)


def opener(file: Path, mode: str) -> Callable[[], sqlite3.Connection]:
    """A function that connects to an SQLite file; `mode`: ro, rw or rwc. For any thread, one at a time."""
    quoted = urllib.parse.quote(os.fsencode(file))
    query = "mode=ro&immutable=1" if mode == "ro" and not has_log(file) else f"mode={mode}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"file:{quoted}?{query}", uri=True, timeout=10, check_same_thread=False, isolation_level=None
        )
        pragmas = ["foreign_keys=ON", "synchronous=FULL"]
        for pragma in pragmas if mode == "ro" else [*pragmas, "journal_mode=WAL"]:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    return connect


def has_log(file: Path) -> bool:
    """Whether something is left in the write-ahead log: the last program to use the file was cut short."""
    log = file.with_name(file.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def said(error: BaseException | None) -> str:
    """The database's own words, in one line."""
    cause = getattr(error, "orig", None) or error
    return " ".join(str(cause).split())


def fault(name: str, error: Exception) -> StoreError:
    """A database's fault as one line that says what to do."""
    words = said(error)
    advice = next((each for sign, each in _ADVICE if sign in words.lower()), "check the disk and try again")
    return StoreError(
        f"expected to use {name}, the database said: {words}; {advice}; nothing was half-written"
    )

"""The folder of images: finding files, their order, and a fingerprint of what is in them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from app.errors import ProjectError
from app.records import FoundFile
from model.image_io import IMAGE_SUFFIXES

_DIGITS = re.compile(r"(\d+)")


def find_images(
    folder: Path, *, skip: frozenset[Path] = frozenset(), cancelled: Callable[[], bool] = lambda: False
) -> Iterator[FoundFile]:
    """Image files in a folder and its sub-folders, by their suffix; nothing is opened.

    Hidden folders, those in `skip` and links to folders that were seen are passed over. Paths are posix and
    relative. Raises ProjectError when the folder itself cannot be read.
    """
    if not folder.is_dir():
        raise ProjectError(f"expected a folder of images at {folder}, found none; choose another folder")
    seen: set[str] = set()
    stack = [(folder, "")]
    while stack and not cancelled():
        here, prefix = stack.pop()
        real = os.path.realpath(here)
        if real in seen or Path(real) in skip:
            continue
        seen.add(real)
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if here == folder:
                raise ProjectError(
                    f"expected to read the folder {folder}, {error.strerror}; check its permissions"
                ) from error
            continue
        for entry in found:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                stack.append((here / entry.name, f"{prefix}{entry.name}/"))
            elif os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES and entry.is_file():
                stat = entry.stat()
                yield FoundFile(_storable(prefix + entry.name), stat.st_size, stat.st_mtime)


def _storable(name: str) -> str:
    """A name that the database can hold: bytes that are no UTF-8 are kept as escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace") if not _is_utf8(name) else name


def _is_utf8(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def natural_key(path: str) -> tuple[object, ...]:
    """Sorts img2 before img10, folder by folder."""
    return tuple(
        tuple(
            (0, int(part), "") if part.isdigit() else (1, 0, part.casefold()) for part in _DIGITS.split(name)
        )
        for name in path.split("/")
    )


def content_hash(path: Path) -> str:
    """A fingerprint of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]

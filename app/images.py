"""The folder of images: finding files, their order, and a fingerprint of what is in them."""

from __future__ import annotations

import itertools
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from app.errors import ProjectError
from app.records import FoundFile

KINDS_NAMED = 4  # endings of other files, where there are no images
FILES_LOOKED_AT = 1000  # of them
_DIGITS = re.compile(r"(\d+)")


def find_images(
    folder: Path,
    *,
    skip: Callable[[Path], bool] = lambda folder: False,
    cancelled: Callable[[], bool] = lambda: False,
    unnamed: Callable[[str], object] = lambda path: None,
) -> Iterator[FoundFile]:
    """Image files in a folder and its sub-folders, by their suffix; nothing is opened.

    Passed over: hidden files and folders, sub-folders that `skip` says, links to folders that were seen, and
    files whose names are no text (`unnamed` is told their path, readable). Paths are posix and relative.
    Raises ProjectError when the folder itself cannot be read.
    """
    from model.image_io import IMAGE_SUFFIXES

    if not folder.is_dir():
        raise ProjectError(f"expected a folder of images at {folder}, found none; choose another folder")
    seen: set[str] = set()
    stack = [(folder, "")]
    while stack and not cancelled():
        here, prefix = stack.pop()
        real = os.path.realpath(here)
        if real in seen or (prefix and skip(here)):
            continue
        seen.add(real)
        for entry in _entries(here, is_root=not prefix):
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                stack.append((here / entry.name, f"{prefix}{entry.name}/"))
            elif os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES:
                path = prefix + entry.name
                if not _is_text(path):
                    unnamed(os.fsencode(path).decode("utf-8", "backslashreplace"))
                elif file := _file(entry, path):
                    yield file


def none_found(folder: Path, skip: Callable[[Path], bool] = lambda folder: False) -> str:
    """What to say where `find_images` finds nothing: what was looked for, and what is there instead.

    Half a line, "expected ..., found ...": what to do is for whoever asks to say. `skip`: as there.
    """
    from model.image_io import IMAGE_SUFFIXES

    others, count = _other_files(folder, skip)
    named = ", ".join(suffix for suffix, _ in others.most_common(KINDS_NAMED) if suffix)
    more = "at least " if count == FILES_LOOKED_AT else ""
    instead = f" among {more}{count:,} file{'s' * (count > 1)}" if count else ": no files at all"
    instead += f" ({named})" if named else ""
    looked_for = " ".join(sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES))
    return (
        f"expected images in {folder} or its sub-folders, found none{instead}; "
        f"names that end in one of these are looked for: {looked_for}"
    )


def _other_files(folder: Path, skip: Callable[[Path], bool]) -> tuple[Counter[str], int]:
    """The endings of the first files that are there, and how many were looked at."""

    def names() -> Iterator[str]:
        for here, folders, files in os.walk(folder):
            folders[:] = [each for each in folders if not each.startswith(".") and not skip(Path(here, each))]
            yield from (name for name in files if not name.startswith("."))

    suffixes = [os.path.splitext(name)[1].lower() for name in itertools.islice(names(), FILES_LOOKED_AT)]
    return Counter(suffixes), len(suffixes)


def _entries(folder: Path, *, is_root: bool) -> list[os.DirEntry[str]]:
    """What is in a folder by name; nothing where a sub-folder cannot be read."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if is_root:
            raise ProjectError(
                f"expected to read the folder {folder}, {error.strerror}; check its permissions"
            ) from error
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle, or into a place that may not be read
        return False


def _file(entry: os.DirEntry[str], path: str) -> FoundFile | None:
    """The file, None when it has gone, is a broken link or no file at all."""
    try:
        if not entry.is_file():
            return None
        stat = entry.stat()
    except OSError:
        return None
    return FoundFile(path, stat.st_size, stat.st_mtime)


def _is_text(name: str) -> bool:
    """False for bytes that are no text in the file system's encoding; no database or JSON file holds them."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def natural_key(path: str) -> tuple[str, str]:
    """Sorts img2 before img10, capitals beside small letters, and what is in a folder together."""
    padded = _DIGITS.sub(_pad, path.casefold())
    return padded.replace("/", "\0"), path


def _pad(digits: re.Match[str]) -> str:
    return digits[0].zfill(20)


def content_hash(path: Path) -> str:
    """A fingerprint of a file's bytes."""
    import hashlib  # here: it loads OpenSSL, and the window needs only the order of names at first

    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]

"""Writing a file so that its name never stands for half of it."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file beside `path` that takes its name once it is whole and on the disk; `.name` says where it is.

    It has the rights that any new file has there. After an error inside, `path` is as it was and nothing is
    left beside it.
    """
    part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    file = part.open("xb")  # not tempfile's: those are for their owner only
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)  # of an error; else it has the other name by now
    _keep_name(path.parent)


def is_part(name: str) -> bool:
    """Whether a file of this name is one of `replacing`'s; only a killed process leaves them behind."""
    return re.fullmatch(r"\..+-[0-9a-f]{8}", name) is not None


def _keep_name(folder: Path) -> None:
    """The new name outlasts a power cut, too, where the file system can promise it."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some cannot; what is under the name is whole all the same
                os.fsync(handle)
        finally:
            os.close(handle)

"""Writing a COCO file: streamed into a file beside it, checked, then put in its place. Never half-written."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO

from app.errors import ExportFault
from app.formats.coco_check import verify

Row = Mapping[str, object]


def write_coco(
    file: Path,
    *,
    info: object,
    licenses: object,
    images: Iterable[Row],
    annotations: Iterable[Row],
    categories: Iterable[Row],
) -> int:
    """Write and check; returns the file's bytes. ExportFault in one line; the old file is then untouched.

    The rows are taken one by one: memory does not grow with them. What they raise goes through.
    """
    target = Path(file).resolve()
    name = ""
    try:
        if target.is_dir():
            raise ExportFault(f"{file}: expected a file name, got a folder; add a name ending in .json")
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            counts = _write(stream, info, licenses, (images, annotations, categories))
            stream.flush()
            os.fsync(stream.fileno())
        fault = verify(Path(name), counts[0], counts[1])
        if fault:
            raise ExportFault(f"{file}: not written, its check failed: {fault}; please report this")
        size = os.path.getsize(name)
        _put(name, target)
        name = ""
    except OSError as error:
        raise ExportFault(
            f"{file}: not written: {error.strerror}; free space or choose another place"
        ) from error
    finally:
        if name:
            with contextlib.suppress(OSError):
                os.unlink(name)
    return size


def _write(stream: TextIO, info: object, licenses: object, arrays: tuple[Iterable[Row], ...]) -> list[int]:
    counts = []
    stream.write(f'{{"info": {_dump(info)},\n"licenses": {_dump(licenses)}')
    for name, rows in zip(("images", "annotations", "categories"), arrays, strict=True):
        count = 0
        stream.write(f',\n"{name}": [')
        for row in rows:
            stream.write(",\n" if count else "\n")
            stream.write(_dump(row))
            count += 1
        stream.write("]")
        counts.append(count)
    stream.write("}\n")
    return counts


def _dump(value: object) -> str:
    return _ENCODER.encode(value)


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _put(name: str, target: Path) -> None:
    """Under its name, with the rights that any new file has here; and so after a power cut, too."""
    umask = os.umask(0)
    os.umask(umask)
    os.chmod(name, 0o666 & ~umask)  # mkstemp's are for their owner only
    os.replace(name, target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

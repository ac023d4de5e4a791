"""Writing a COCO file: streamed into a file beside it, checked, then put in its place. Never half-written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from app.errors import ExportFault
from app.formats.coco_check import verify
from model.atomic import replacing

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
    try:
        if target.is_dir():
            raise ExportFault(f"{file}: expected a file name, got a folder; add a name ending in .json")
        with replacing(target) as stream:
            counts = _write(stream, info, licenses, (images, annotations, categories))
            stream.flush()
            fault = verify(Path(stream.name), counts[0], counts[1])
            if fault:
                raise ExportFault(f"{file}: not written, its check failed: {fault}; please report this")
            return stream.tell()
    except OSError as error:
        raise ExportFault(
            f"{file}: not written: {error.strerror}; free space or choose another place"
        ) from error


def _write(stream: BinaryIO, info: object, licenses: object, arrays: tuple[Iterable[Row], ...]) -> list[int]:
    counts = []
    stream.write(b'{"info": ' + _dump(info) + b',\n"licenses": ' + _dump(licenses))
    for name, rows in zip((b"images", b"annotations", b"categories"), arrays, strict=True):
        count = 0
        stream.write(b',\n"' + name + b'": [')
        for row in rows:
            stream.write(b",\n" if count else b"\n")
            stream.write(_dump(row))
            count += 1
        stream.write(b"]")
        counts.append(count)
    stream.write(b"}\n")
    return counts


def _dump(value: object) -> bytes:
    return _ENCODER.encode(value).encode("ascii")


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))

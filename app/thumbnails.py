"""Small pictures of images, kept as JPEGs in the project's cache. Any thread may ask.

A thumbnail is found by the image's path, size and time: a changed file gets a new one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.image_io import read_header, read_image
from model.opencv import cv2

SIDE = 160  # pixels of the longer side
LIMIT = 256 * 2**20  # bytes of all thumbnails together


def thumbnail(path: Path, cache: Path, *, side: int = SIDE) -> NDArray[np.uint8]:
    """A picture of at most `side` x `side`, (h, w, 3) RGB, from the cache or made now. Raises ImageError."""
    stat = path.stat() if path.exists() else None
    key = f"{path}|{stat.st_size if stat else 0}|{stat.st_mtime_ns if stat else 0}|{side}"
    kept = cache / f"{hashlib.blake2b(os.fsencode(key), digest_size=12).hexdigest()}.jpg"
    if kept.is_file():
        pixels = cv2.imdecode(np.frombuffer(kept.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
        if pixels is not None:
            return np.asarray(pixels, np.uint8)
    pixels = _make(path, side)
    _keep(pixels, kept)
    return pixels


def _make(path: Path, side: int) -> NDArray[np.uint8]:
    header = read_header(path)
    longer = max(header.width, header.height)
    reduce = max((step for step in (1, 2, 4, 8) if longer // step >= side), default=1)
    pixels = read_image(path, reduce=reduce)
    scale = side / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = max(round(pixels.shape[1] * scale), 1), max(round(pixels.shape[0] * scale), 1)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _keep(pixels: NDArray[np.uint8], kept: Path) -> None:
    done, data = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    if not done:
        return
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=kept.parent, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(data.tobytes())
        os.replace(name, kept)
        if kept.name.startswith("00"):  # one in 256: often enough, and it looks at all of them
            prune(kept.parent)
    except OSError:  # a full or read-only disk: the cache is a convenience, the picture is there
        return


def prune(cache: Path, limit: int = LIMIT) -> None:
    """Remove the oldest thumbnails until the rest fits in `limit` bytes."""
    files = []
    for file in cache.glob("*.jpg"):
        with contextlib.suppress(OSError):  # another thread removed it
            stat = file.stat()
            files.append((stat.st_mtime, stat.st_size, file))
    total = 0
    for _, size, file in sorted(files, reverse=True):
        total += size
        if total > limit:
            file.unlink(missing_ok=True)

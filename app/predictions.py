"""The cache of predictions: what the network said of an image is asked once and then read from disk.

One file for each image content and model version, under the project's cache/ (which may be deleted at any
time): a CRC-32 of the rest, then the arrays as safetensors. Only predictions with the default floor of scores
are kept. A file that is damaged, or of another image or version, counts as absent and is removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import safetensors.numpy

from model.messages import Prediction

if TYPE_CHECKING:
    from app.project import Project

LIMIT = 2 << 30  # bytes of the whole cache; the longest unused go first
KEEP = 0.9  # share of the limit that is left after a clearing
_ARRAYS = ("prototypes", "boxes", "scores", "classes", "coefficients", "qualities")
_CHECK = struct.Struct("<I")


class Predictions:
    """A folder of predictions. Usable from several threads and processes: files appear and go whole."""

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        """`folder` is made by the first `save`. `limit`: bytes."""
        self.folder = folder
        self.limit = limit
        self._bytes: int | None = None  # an estimate; counted again when it passes the limit

    def path(self, key: str, version: str) -> Path:
        """Where the prediction of the image with content `key` by model `version` lies."""
        name = hashlib.blake2b(f"{key}\0{version}".encode(), digest_size=16).hexdigest()
        return self.folder / name[:2] / f"{name}.prediction"

    def load(self, key: str, version: str) -> Prediction | None:
        """What `version` said of the image with content `key`, or None. Counts as use."""
        path = self.path(key, version)
        try:
            prediction = _read(path, key)
        except FileNotFoundError:
            return None
        except OSError:
            prediction = None
        if prediction is None or prediction.model_version != version:
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):  # a cache that cannot be written can still be read
            os.utime(path)
        return prediction

    def save(self, key: str, prediction: Prediction) -> bool:
        """Keep a prediction; False when the disk does not take it, which costs only time later.

        Its anchors are left out (they would double the file and cost one run of the network), and one of a
        region is not kept at all.
        """
        if prediction.region is not None:
            return False
        path = self.path(key, prediction.model_version)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        except OSError:
            return False
        try:
            with os.fdopen(handle, "wb") as file:
                size = file.write(_packed(key, prediction))
            os.replace(name, path)  # no fsync: what a power cut spoils is found by its checksum
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(name)
            return False
        self._make_room(size)
        return True

    def shrink(self) -> None:
        """Remove what is too much, after the limit was lowered."""
        self._bytes = None
        self._make_room(0)

    def clear(self) -> None:
        """Remove everything."""
        for _, _, path in self._files():
            with contextlib.suppress(OSError):
                path.unlink()
        self._bytes = 0

    def _make_room(self, added: int) -> None:
        if self._bytes is not None:
            self._bytes += added
            if self._bytes <= self.limit:
                return
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        if total > self.limit:
            for _, size, path in files:
                with contextlib.suppress(OSError):
                    path.unlink()
                total -= size
                if total <= self.limit * KEEP:
                    break
        self._bytes = total

    def _files(self) -> list[tuple[int, int, Path]]:
        """(last used, bytes, path) of every file."""
        found = []
        for path in self.folder.glob("*/*"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
        return found


def _packed(key: str, prediction: Prediction) -> bytes:
    head = {
        "key": key,
        "model_version": prediction.model_version,
        "categories": prediction.categories,
        "image_width": prediction.image_width,
        "image_height": prediction.image_height,
    }
    arrays = {name: np.ascontiguousarray(getattr(prediction, name)) for name in _ARRAYS}
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    body = safetensors.numpy.save(arrays)
    return _CHECK.pack(zlib.crc32(body)) + body


def _read(path: Path, key: str) -> Prediction | None:
    """The prediction in a file; None if it is damaged or of another image."""
    data = memoryview(path.read_bytes())
    body = data[_CHECK.size :]
    if len(data) < _CHECK.size or _CHECK.unpack(data[: _CHECK.size]) != (zlib.crc32(body),):
        return None
    arrays = safetensors.numpy.load(bytes(body))
    head = json.loads(arrays["head"].tobytes())
    if head["key"] != key:
        return None
    return Prediction(
        model_version=head["model_version"],
        categories=tuple(head["categories"]),
        image_width=head["image_width"],
        image_height=head["image_height"],
        prototypes=arrays["prototypes"],
        boxes=arrays["boxes"],
        scores=arrays["scores"],
        classes=arrays["classes"],
        coefficients=arrays["coefficients"],
        qualities=arrays["qualities"],
    )


def of_project(project: Project) -> Predictions:
    """The project's cache, with the limit that the person chose."""
    return Predictions(project.folder / "cache" / "predictions", limit=project.cache_limit or LIMIT)

"""Work on many files shared between processes that never speak to each other, and survives any of them.

Which process does what follows from a hash of each name, so all agree without talking. Each writes what it
finds, a line an image, into a part file of its own; a process that is killed loses the image under way, and
goes on where it was when it is started again, also with another number of processes. Whoever finds, under a
lock, that every image is there puts the parts together.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.folder_lock import FolderLock, Taken


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `world` processes, counted from 0."""

    rank: int = 0
    world: int = 1

    @staticmethod
    def here() -> Shard:
        """Our place among the processes that torchrun started; alone without it."""
        return Shard(int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1")))

    def has(self, key: str) -> bool:
        """Whether an image is ours."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=8).digest()
        return int.from_bytes(digest, "big") % self.world == self.rank


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands."""

    file: Path
    offset: int
    stamp: Any  # what the image was like then
    failed: bool


class Parts:
    """The part files of one job, in a folder of its own. This process writes one of them."""

    def __init__(self, folder: Path, shard: Shard) -> None:
        self.folder, self._shard = folder, shard
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _presence(shard.rank, shard.world)).touch()
        self._path = folder / f"part-{shard.rank}-of-{shard.world}.jsonl"
        self._file = self._path.open("ab")
        size = self._path.stat().st_size
        whole = _whole_bytes(self._path, size)
        if whole != size:  # a kill cut the last line short
            self._file.truncate(whole)

    @property
    def started(self) -> bool:
        """Whether anybody has written anything that is worth keeping."""
        return any(path.stat().st_size for path in self.folder.glob("part-*.jsonl"))

    def add(self, key: str, stamp: Any, values: Mapping[str, Any]) -> None:
        """Write one image's line; it is safe from our own end when this returns."""
        line = json.dumps({"key": key, "stamp": stamp, **values}, ensure_ascii=True)
        self._file.write(line.encode() + b"\n")
        self._file.flush()

    def fail(self, key: str, stamp: Any, reason: str) -> None:
        """Write that an image cannot be done; a later run tries it again."""
        self.add(key, stamp, {"failed": reason})

    def places(self) -> dict[str, Place]:
        """Where each image's last line stands, in any part."""
        found: dict[str, Place] = {}
        for path in sorted(self.folder.glob("part-*.jsonl")):
            offset = 0
            with path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n") and (values := _values(line)):
                        place = Place(path, offset, values.get("stamp"), "failed" in values)
                        if not (place.failed and values["key"] in found):
                            found[values["key"]] = place
                    offset += len(line)
        return found

    def read(self, places: Sequence[Place]) -> Iterator[dict[str, Any]]:
        """The lines at these places, one after another."""
        with contextlib.ExitStack() as stack:
            files = {path: stack.enter_context(path.open("rb")) for path in {one.file for one in places}}
            for place in places:
                file = files[place.file]
                file.seek(place.offset)
                yield json.loads(file.readline())

    @property
    def all_present(self) -> bool:
        """Whether every process of this start has begun, so that none comes after the parts are gone."""
        world = self._shard.world
        return all((self.folder / _presence(rank, world)).exists() for rank in range(world))

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """One process at a time. False when another one has put the parts together meanwhile."""
        while True:
            try:
                lock = FolderLock.take(self.folder)
                break
            except Taken:
                time.sleep(0.1)
            except FileNotFoundError:
                yield False
                return
        try:
            yield self._path.exists()
        finally:
            lock.release()

    def close(self) -> None:
        """Close our file; the parts stay for the next start."""
        self._file.close()

    def remove(self) -> None:
        """The job is over: nothing of it stays."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def digest(*what: Any) -> str:
    """A short name for a job: the same for the same arguments."""
    return hashlib.blake2b(repr(what).encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()


def stamp_of(path: Path) -> list[int] | None:
    """What tells that a file was changed; None when it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _presence(rank: int, world: int) -> str:
    names = ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT", "TORCHELASTIC_RESTART_COUNT")
    start = digest(*(os.environ.get(name, "") for name in names))
    return f"begun-{rank}-of-{world}-{start}"


def _values(line: bytes) -> dict[str, Any] | None:
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) and isinstance(values.get("key"), str) else None


def _whole_bytes(path: Path, size: int) -> int:
    """Bytes up to the end of the last whole line."""
    with path.open("rb") as file:
        step, end = 1 << 16, size
        while end > 0:
            start = max(end - step, 0)
            file.seek(start)
            place = file.read(end - start).rfind(b"\n")
            if place >= 0:
                return start + place + 1
            end = start
    return 0

"""One file of a hub: what the hub says of it, and its bytes, appended to those that are here already.

The hub is spoken to through `huggingface_hub`: its addresses, its client, its errors. Bytes come on a thread
of their own, so that whoever waits is told of them as they come and can stop at once, however slow the line.
"""

from __future__ import annotations

import os
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from app.errors import InputError
from app.folder_lock import FolderLock, Taken

TIMEOUT = 10.0  # seconds for the hub to answer, or to send more
AHEAD = 64  # pieces that may have come and are not written yet
TRY_AGAIN = (408, 429, 500, 502, 503, 504)  # answers of a hub that is busy
PAUSES = (1.0, 2.0, 4.0)  # seconds before the line is tried again; then it counts as gone
POLL = 0.1  # seconds between looks at whether to stop
Progress = Callable[[int, int], None]  # bytes here, of how many (0: not known)
Cancelled = Callable[[], bool]
T = TypeVar("T")
_fetching: set[Path] = set()  # by this process
_fetching_lock = threading.Lock()


class Stopped(Exception):
    """Somebody asked for it; what came is kept."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """What the hub says of a file. `digest`: its SHA-256 for large files, else something else, or ''."""

    size: int | None
    digest: str
    location: str  # where the bytes are


def ask(url: str, cancelled: Cancelled) -> HubFile:
    """What the hub says of the file at `url`. Raises `faults()` and Stopped."""

    def tell() -> Iterator[HubFile]:
        from huggingface_hub import get_hf_file_metadata

        told = get_hf_file_metadata(url, timeout=TIMEOUT, token=False)
        yield HubFile(told.size, told.etag or "", told.location)

    return next(_beside(tell, cancelled))


def fetch(file: HubFile, part: Path, progress: Progress, cancelled: Cancelled) -> None:
    """Append to `part` what is missing. A line that breaks is taken up again a few times.

    Raises `faults()`, OSError for the disk, and Stopped; what came by then is on the disk.
    """
    if part.exists() and (file.size is None or part.stat().st_size > file.size):
        part.unlink()
    with part.open("ab") as out:
        pauses = iter(PAUSES)
        try:
            while True:
                before = out.tell()
                fault = _append(file, out, progress, cancelled)
                if fault is None:
                    return
                if out.tell() > before:
                    pauses = iter(PAUSES)
                _wait(next(pauses, None), fault, cancelled)
        finally:
            out.flush()
            os.fsync(out.fileno())


def _append(file: HubFile, out: BinaryIO, progress: Progress, cancelled: Cancelled) -> Exception | None:
    """One go; None when all is there, else why not, where another go may help."""
    have = out.tell()
    try:
        for piece in _beside(lambda: _pieces(file, have), cancelled):
            if piece is None:  # the hub sends all of it again
                out.seek(0)
                out.truncate()
                continue
            out.write(piece)
            progress(out.tell(), file.size or 0)
    except faults() as error:
        if not _passing(error):
            raise
        return error
    short = file.size is not None and out.tell() < file.size
    return ConnectionError("the connection ended before the file did") if short else None


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Nobody else fetches it meanwhile, here or in another process. InputError where somebody does."""
    place = file.with_name(f".{file.name}.lock")
    busy = InputError(
        f"{file.name}: expected that nobody else fetches it into {file.parent}, got a download under way: "
        "wait for it, or stop it"
    )
    with _fetching_lock:
        if place in _fetching:
            raise busy
        _fetching.add(place)
    try:
        place.mkdir(exist_ok=True)
        try:
            lock = FolderLock.take(place)
        except Taken:
            raise busy from None
        try:
            yield
        finally:
            lock.release()
            shutil.rmtree(place, ignore_errors=True)
    finally:
        _fetching.discard(place)


def faults() -> tuple[type[Exception], ...]:
    """What the hub's client raises for faults of the world; OSErrors are the disk's, too."""
    from huggingface_hub.errors import HTTPError

    return OSError, HTTPError


def _passing(error: Exception) -> bool:
    """Whether it may be over in a while: of the line or of a busy hub, not of the disk nor a refusal."""
    from huggingface_hub.errors import HfHubHTTPError, HTTPError

    if isinstance(error, HfHubHTTPError):
        return error.response is not None and error.response.status_code in TRY_AGAIN
    return isinstance(error, HTTPError | ConnectionError)


def _wait(seconds: float | None, fault: Exception, cancelled: Cancelled) -> None:
    if seconds is None:
        raise fault
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if cancelled():
            raise Stopped
        time.sleep(POLL)


def _pieces(file: HubFile, have: int) -> Iterator[bytes | None]:
    """The bytes from number `have` on; None first where the hub begins at 0 all the same."""
    from huggingface_hub.utils import get_session, hf_raise_for_status

    if have and have == file.size:
        return
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with get_session().stream("GET", file.location, headers=headers, timeout=TIMEOUT) as response:
        hf_raise_for_status(response)
        if have and response.status_code != 206:
            yield None
        yield from response.iter_bytes()  # as they come: none is lost when the line breaks


def _beside(make: Callable[[], Iterator[T]], cancelled: Cancelled) -> Iterator[T]:
    """What `make` gives, made on another thread. Stopped as soon as `cancelled` says so.

    The thread may wait for the hub then; it ends with that, or with the program.
    """
    ready: queue.Queue[T | _End] = queue.Queue(AHEAD)
    over = threading.Event()

    def put(value: T | _End) -> None:
        while not over.is_set():
            try:
                ready.put(value, timeout=POLL)
                return
            except queue.Full:
                continue

    def run() -> None:
        try:
            for value in make():
                put(value)
                if over.is_set():
                    return
        except faults() as error:
            put(_End(error))
        else:
            put(_End(None))

    thread = threading.Thread(target=run, name="hub", daemon=True)
    thread.start()
    try:
        while True:
            if cancelled():
                raise Stopped
            try:
                value = ready.get(timeout=POLL)
            except queue.Empty:
                if thread.is_alive() or not ready.empty():
                    continue
                raise RuntimeError("the thread that fetches has ended without a word") from None
            if isinstance(value, _End):
                if value.fault is not None:
                    raise value.fault
                return
            yield value
    finally:
        over.set()


@dataclass(frozen=True, slots=True)
class _End:
    """Nothing more comes, and why."""

    fault: Exception | None

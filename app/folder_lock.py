"""One process edits a project at a time: a lock on a file in its folder.

The system lets go of the lock when the process ends, however it ends, so a crash never locks anybody out.
Within one process the lock may be taken several times. Where the file system knows no locks, there is none.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
from pathlib import Path

NAME = "project.lock"
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}

_held: dict[str, tuple[int, int]] = {}  # file -> (descriptor, how often it was taken)


class Taken(Exception):
    """Another process holds the lock; `str` says which."""


class FolderLock:
    """The lock of one folder, until `release`."""

    def __init__(self, file: str) -> None:
        self._file: str | None = file

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        """Take it. Raises Taken, or PermissionError where the folder cannot be written to."""
        file = os.path.realpath(folder / NAME)
        descriptor, count = _held.get(file, (-1, 0))
        if not count:
            descriptor = _open(file)
        _held[file] = descriptor, count + 1
        return cls(file)

    def release(self) -> None:
        """Let go; a second call does nothing."""
        if self._file is None:
            return
        descriptor, count = _held.pop(self._file)
        if count > 1:
            _held[self._file] = descriptor, count - 1
        elif descriptor >= 0:
            os.close(descriptor)
        self._file = None


def _open(file: str) -> int:
    """A descriptor that holds the lock, -1 where there are no locks."""
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        if error.errno in _READ_ONLY:
            raise PermissionError(error.errno, error.strerror) from error
        if error.errno == errno.ENOSPC:  # a full disk is told when something is written
            return -1
        raise
    try:
        _lock(descriptor)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return descriptor
        owner = _owner(descriptor)
        os.close(descriptor)
        raise Taken(owner) from error
    with contextlib.suppress(OSError):  # only for people
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, f"process {os.getpid()} on {platform.node()}\n".encode())
    return descriptor


def _owner(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        return os.read(descriptor, 200).decode("utf-8", "replace").strip() or "another process"
    except OSError:
        return "another process"


def _lock(descriptor: int) -> None:
    """Raises OSError when another process has it."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # far behind the text, which others read
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

"""One child process that serves a model: start, send, wait for an answer, end. No queue, no policy.

The child is spawned and finds its serve function by name ("model.host:serve"), so that nothing heavy is ever
imported here. It ignores Ctrl-C (the parent decides), ends when the parent is gone, whatever it is doing, and
writes what it would print on stderr to a file, whose last line explains a crash.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path

from app import processes
from app.errors import HostError
from model.messages import Answer, Request, Shutdown

GRACE = 1.0  # seconds an idle child is given to end by itself


class HostDied(HostError):
    """The child ended, or was ended because it gave no answer. `str()` says how, as half a sentence."""


class HostProcess:
    """A running child. Used by one thread, except `kill`, which any thread may call."""

    def __init__(self, serve: str) -> None:
        """Start the child; `serve` is "module:function", called with its end of the pipe."""
        handle, name = tempfile.mkstemp(prefix="protolabel-host-", suffix=".log")
        os.close(handle)
        self._log = Path(name)
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_child, args=(serve, theirs, name), name="protolabel-model", daemon=True
        )
        if hasattr(signal, "pthread_sigmask"):  # inherited: Ctrl-C never reaches the child, not even at start
            resource_tracker.ensure_running()  # it would let Ctrl-C through again, before the child is made
            before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            self._process.start()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        else:
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def send(self, request: Request) -> None:
        """Hand over a request. Raises HostDied when nobody is there to take it."""
        try:
            self._connection.send(request)
        except OSError:
            raise HostDied(self._obituary()) from None

    def receive(self, patience: float) -> Answer:
        """The next answer. Raises HostDied when the child ends, or is silent for `patience` seconds."""
        ready = wait([self._connection, self._process.sentinel], timeout=patience)
        if not ready:
            self.kill()
            raise HostDied(f"gave no answer for {patience:g} s and was stopped")
        try:
            if self._connection.poll():
                return self._connection.recv()
        except (EOFError, OSError):
            pass
        raise HostDied(self._obituary())

    def kill(self) -> None:
        """End the child now."""
        self._process.kill()

    def close(self) -> None:
        """End the child, by asking if it listens, else by force; afterwards nothing of it is left."""
        with contextlib.suppress(OSError):  # it may be gone already
            self._connection.send(Shutdown())
        self._process.join(GRACE)
        if self._process.is_alive():
            self._process.kill()
        self._process.join()
        self._process.close()
        self._connection.close()
        self._log.unlink(missing_ok=True)

    def _obituary(self) -> str:
        self._process.join(GRACE)
        code = self._process.exitcode
        words = _last_line(self._log)
        if code is not None and code < 0:
            words = words or ("often: out of memory" if code == -9 else "")
            how = f"was ended by {_signal_name(-code)}"
        else:
            how = "closed its pipe" if code is None else f"ended with status {code}"
        return f"{how} ({words})" if words else how


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:200] if lines else ""


def _child(serve: str, connection: Connection, log: str) -> None:
    """The child's main: guard rails first, then the serve function until it returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault(*processes.SHARE_THE_CORES)
    _redirect_stderr(log)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module, _, name = serve.partition(":")
    getattr(importlib.import_module(module), name)(connection)


def _redirect_stderr(log: str) -> None:
    """Send the child's stderr, C libraries' included, to `log`."""
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(handle, 2)
    os.close(handle)
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    while parent is not None and parent.is_alive():
        parent.join(1.0)
        time.sleep(0.05)
    os._exit(1)

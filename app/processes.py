"""Processes that outlive us: start one on its own, and find out later whether it still runs.

A process id alone can be another program's by now, so a marker that stands in the command line is compared
where the system tells it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# Threads of OpenMP that wait do not spin: beside another busy process that costs five times the work's time.
SHARE_THE_CORES = ("OMP_WAIT_POLICY", "PASSIVE")
MODEST = 10  # niceness of a process in the background

_started: dict[int, subprocess.Popen[bytes]] = {}  # ours, so that their endings are collected


def start_detached(command: Sequence[str], *, log: Path, folder: Path) -> int:
    """Start `command` so that it goes on when we end; what it prints goes to `log`. Its process id.

    It yields to whatever a person does meanwhile.
    """
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        flags |= subprocess.BELOW_NORMAL_PRIORITY_CLASS
    with log.open("ab") as out:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd=folder,
            env={**dict([SHARE_THE_CORES]), **os.environ},
            start_new_session=sys.platform != "win32",
            creationflags=flags,
        )
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # it may have ended, or we may be more modest already
            os.setpriority(os.PRIO_PROCESS, process.pid, MODEST)
    _started[process.pid] = process
    return process.pid


def alive(pid: int, marker: str) -> bool:
    """Whether process `pid` runs and has `marker` in its command line (where that can be told)."""
    ours = _started.get(pid)
    if ours is not None:
        return ours.poll() is None
    if sys.platform == "win32":
        return _alive_on_windows(pid)
    words = _command_line(pid)
    if words is not None:
        return bool(words) and marker in words
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's: not the one we started
        return False
    return True


def _command_line(pid: int) -> str | None:
    """The command line; '' for no such process (or only its zombie), None when it cannot be told."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    try:
        run = subprocess.run(
            ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return "" if run.stdout.startswith("(") else run.stdout


def _alive_on_windows(pid: int) -> bool:
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 (other systems' type stubs do not have it)
    handle = kernel.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
    if not handle:
        return False
    code = ctypes.c_ulong()
    known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return bool(known) and code.value == 259  # STILL_ACTIVE

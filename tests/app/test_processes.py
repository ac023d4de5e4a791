"""Detached processes: they run on, and are known to run or not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import processes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sessions and signals of POSIX")

ROOT = Path(__file__).parents[2]


def sleeper(folder: Path, marker: str) -> int:
    command = [sys.executable, "-c", "import time; print('hello', flush=True); time.sleep(60)", marker]
    return processes.start_detached(command, log=folder / "log.txt", folder=folder)


def wait_until_dead(pid: int, marker: str) -> bool:
    end = time.monotonic() + 10
    while processes.alive(pid, marker) and time.monotonic() < end:
        time.sleep(0.02)
    return not processes.alive(pid, marker)


def test_a_detached_process_runs_until_it_is_ended(tmp_path: Path) -> None:
    pid = sleeper(tmp_path, "run-7")
    assert processes.alive(pid, "run-7")
    assert os.getsid(pid) != os.getsid(0)
    assert os.getpriority(os.PRIO_PROCESS, pid) >= min(10, os.getpriority(os.PRIO_PROCESS, 0) + 10)
    os.kill(pid, signal.SIGKILL)
    assert wait_until_dead(pid, "run-7")


def test_it_outlives_who_started_it_and_is_found_again(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tests.app.test_processes import sleeper\n"
        f"print(sleeper(Path({str(tmp_path)!r}), 'run-8'))"
    )
    started = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    pid = int(started.stdout)
    try:
        assert processes.alive(pid, "run-8")
        assert not processes.alive(pid, "run-9"), "another program has its number now"
    finally:
        os.kill(pid, signal.SIGKILL)
    assert wait_until_dead(pid, "run-8")


def test_a_number_that_nobody_has_is_dead() -> None:
    assert not processes.alive(2**22 + 1, "")


def test_what_it_prints_is_in_the_log(tmp_path: Path) -> None:
    pid = sleeper(tmp_path, "run-10")
    end = time.monotonic() + 10
    while "hello" not in (tmp_path / "log.txt").read_text() and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)
    assert wait_until_dead(pid, "run-10")
    assert "hello" in (tmp_path / "log.txt").read_text()

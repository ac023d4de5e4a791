"""A run as its folder tells it: events as they come, the state also of dead runs, cancelling."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from app import processes
from app.runs import Run, RunState, list_runs


@pytest.fixture
def run(tmp_path: Path) -> Run:
    folder = tmp_path / "20260101-1"
    folder.mkdir()
    return Run(folder)


def tell(run: Run, *events: dict[str, object], tail: str = "") -> None:
    with (run.folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)
        file.write(tail)


def start(run: Run, pid: int) -> None:
    (run.folder / "process.json").write_text(json.dumps({"pid": pid}))


def test_events_come_as_they_are_written(run: Run) -> None:
    assert run.events() == []
    tell(run, {"event": "step", "n": 1})
    assert run.events() == [{"event": "step", "n": 1}]
    tell(run, {"event": "step", "n": 2})
    assert run.events(1) == [{"event": "step", "n": 2}]
    assert len(run.events()) == 2


def test_a_line_that_is_being_written_waits(run: Run) -> None:
    tell(run, {"n": 1}, tail='{"n": ')
    assert run.events() == [{"n": 1}]
    tell(run, tail="2}\n")
    assert run.events() == [{"n": 1}, {"n": 2}]


def test_a_line_cut_short_by_a_kill_is_passed_over(run: Run) -> None:
    tell(run, {"n": 1}, tail='{"n": 2, "lo\n')
    tell(run, {"n": 3})
    assert run.events() == [{"n": 1}, {"n": 3}]


def test_a_file_begun_anew_is_read_anew(run: Run) -> None:
    tell(run, {"n": 1}, {"n": 2})
    assert len(run.events()) == 2
    (run.folder / "events.jsonl").write_text('{"n": 9}\n')
    assert run.events() == [{"n": 9}]


@pytest.mark.parametrize("ending", ["done", "failed", "cancelled"])
def test_the_last_word_says_how_it_ended(run: Run, ending: str) -> None:
    tell(run, {"event": "step"}, {"event": ending, "reason": "no room"})
    assert run.state == ending


def test_a_run_without_process_or_last_word_was_interrupted(run: Run) -> None:
    assert run.state is RunState.INTERRUPTED
    start(run, 2**22 + 1)
    tell(run, {"event": "step"})
    (run.folder / "log.txt").write_text("Traceback ...\nMemoryError: no room\n")
    assert run.state is RunState.INTERRUPTED
    assert run.failure == "MemoryError: no room"
    for usual in ("note: val: category without an instance", "iterations 25/200 (12%), 12:01 left", ""):
        (run.folder / "log.txt").write_text(usual)
        assert "without a word" in run.failure


@pytest.mark.parametrize("before", ["cancelled", "failed"])
def test_a_run_that_went_on_and_was_killed_was_interrupted(run: Run, before: str) -> None:
    tell(run, {"event": "start"}, {"event": before, "reason": "x"}, {"event": "start"}, {"event": "progress"})
    assert run.state is RunState.INTERRUPTED
    assert run.resumable


def test_another_program_with_the_number_is_not_the_run(run: Run) -> None:
    start(run, os.getpid())
    assert run.state is RunState.INTERRUPTED


def test_a_live_process_is_running_until_it_ends(run: Run) -> None:
    command = [sys.executable, "-c", "import sys, time; time.sleep(60)", str(run.folder)]
    pid = processes.start_detached(command, log=run.folder / "log.txt", folder=run.folder)
    start(run, pid)
    tell(run, {"event": "cancelled"})  # of an earlier process: this one goes on with it
    assert run.state is RunState.RUNNING
    os.kill(pid, 9)
    assert run.wait(10) is RunState.CANCELLED


def test_asking_to_stop_leaves_a_file(run: Run) -> None:
    run.cancel()
    assert (run.folder / "cancel").exists()


def test_the_result_is_what_the_last_event_brought(run: Run) -> None:
    assert run.result is None
    tell(run, {"event": "done", "weights": "weights.safetensors"})
    assert run.result == {"event": "done", "weights": "weights.safetensors"}


def test_runs_are_listed_and_other_folders_are_not(tmp_path: Path) -> None:
    for name in ("20260102-1", "20260101-1", "notes"):
        (tmp_path / name).mkdir()
    start(Run(tmp_path / "20260101-1"), 1)
    start(Run(tmp_path / "20260102-1"), 1)
    assert [run.name for run in list_runs(tmp_path)] == ["20260101-1", "20260102-1"]
    assert list_runs(tmp_path / "absent") == []

"""The command line's manners: which sub-command, one line for what is wrong, and its status."""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app import cli
from app.commands import arguments, context, export
from app.errors import InputError


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["frobnicate"], "expected one of "),
        (["init"], "expected PROJECT, --images, which did not come; see 'protolabel init --help'"),
        (["init", "p", "--images", "d", "q"], "expected no more arguments, got q"),
        (["export", "p", "f.json", "--format", "xml"], "expected one of 'coco'; got 'xml'"),
        (["export", "p", "f.json", "--states", "ready"], "expected states of new, prelabelled"),
        (["--frobnicate"], "expected no more arguments, got --frobnicate"),
        (["export", "p", "f.json", "--stat", "done"], "expected no more arguments, got --stat done"),
    ],
)
def test_bad_use_is_one_line_and_status_2(
    argv: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(lines(err)) == 1
    assert words in err


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_sub_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert f"protolabel {name}" in capsys.readouterr().out


def test_without_a_sub_command_the_window_opens(tmp_path: Path) -> None:
    (tmp_path / cli.PROJECT_FILE).touch()
    opened: list[Path | None] = []

    def open_window(project: Path | None) -> int:
        opened.append(project)
        return 7

    assert cli.main([], open_window=open_window) == 7
    assert cli.main([str(tmp_path)], open_window=open_window) == 7
    assert opened == [None, tmp_path]


def test_a_folder_that_is_no_project_is_told_how_to_become_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([str(tmp_path)], open_window=lambda _: 0) == 2
    assert f"init PROJECT --images {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (InputError("expected a,\ngot b"), 2, "protolabel: expected a, got b"),
        (KeyboardInterrupt(), 130, "stopped"),
        (PermissionError(13, "Permission denied", "/locked"), 2, "/locked: Permission denied"),
        (OSError(28, "No space left on device"), 2, "No space left"),
    ],
)
def test_errors_of_the_world_are_one_line(
    error: BaseException, status: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Path | None) -> int:
        raise error

    assert cli.main([], open_window=fail) == status
    err = capsys.readouterr().err
    assert len(lines(err)) == 1
    assert words in err


def test_a_bug_keeps_its_traceback() -> None:
    def fail(_: Path | None) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cli.main([], open_window=fail)


def test_the_command_line_starts_without_heavy_libraries() -> None:
    code = (
        "import sys, app.cli; app.cli.build_parser('export')\n"
        "print([name for name in ('torch', 'cv2', 'numpy', 'sqlalchemy', 'PySide6') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_rewrites_one_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr(context, "LIVELY", 0.0)
    console = context.Console(out=io.StringIO(), err=err)
    tell = console.progress("images")
    tell(1, 2)
    tell(2, 2)
    assert err.getvalue().count("\n") == 1
    assert err.getvalue().startswith("\rimages 1/2 (50%), 0:00 left")


def test_progress_is_sparse_elsewhere() -> None:
    err = io.StringIO()
    tell = context.Console(out=io.StringIO(), err=err).progress("images")
    for done in range(1, 101):
        tell(done, 100)
    tell(100, 100)
    assert lines(err.getvalue()) == ["images 100/100 (100%), 0:00"]


def test_an_error_stands_alone_after_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    err = Terminal()
    monkeypatch.setattr(context, "LIVELY", 0.0)
    console = context.Console(out=io.StringIO(), err=err)
    console.progress("images")(1, 2)
    console.fail("expected this")
    assert err.getvalue().endswith("\rprotolabel: expected this\n")


def test_with_json_stdout_is_one_object() -> None:
    out = io.StringIO()
    console = context.Console(as_json=True, out=out, err=io.StringIO())
    console.say("for people")
    console.result({"file": Path("a/b"), "n": 1})
    assert json.loads(out.getvalue()) == {"file": str(Path("a/b")), "n": 1}


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (605, "10:05"), (3723, "1:02:03")]
)
def test_a_clock_reads_as_a_person_would_write_it(seconds: float, text: str) -> None:
    assert context.clock(seconds) == text


def test_the_time_left_follows_from_the_time_spent() -> None:
    assert context.progress_line("images", 25, 100, 10.0) == "images 25/100 (25%), 0:30 left"
    assert context.progress_line("images", 7, 0, 10.0) == "images 7"
    assert context.progress_line("MB", 60, 100, 10.0, 50) == "MB 60/100 (60%), 0:40 left"


@pytest.mark.parametrize("text", ["auto", "cpu", "cuda", "cuda:1", "mps"])
def test_devices_by_name(text: str) -> None:
    assert arguments.device(text) == text


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (arguments.device, "cuda:"),
        (arguments.device, "gpu"),
        (arguments.fraction, "1.1"),
        (arguments.fraction, "nan"),
        (arguments.fraction, "x"),
        (arguments.positive, "0"),
        (arguments.positive, "-3"),
        (arguments.positive, "1.5"),
        (arguments.words, "a,,b"),
        (export.states, "done,unknown"),
    ],
)
def test_a_bad_value_says_what_was_expected_and_what_came(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"expected .*got "):
        parse(text)


def test_states_may_be_typed_with_underscores() -> None:
    assert export.states("done,in_progress") == ("done", "in progress")


def test_time_is_not_wasted_between_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    err = io.StringIO()
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    tell = context.Console(out=io.StringIO(), err=err).progress("images")
    for second in range(1, 26):
        now[0] = float(second)
        tell(second, 100)
    assert [line.split(",")[0] for line in lines(err.getvalue())] == [
        "images 10/100 (10%)",
        "images 20/100 (20%)",
    ]

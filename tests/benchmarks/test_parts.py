"""Benchmarks in parts: a part that fails costs only itself; a record keeps what was not measured anew."""

import sys
from pathlib import Path

import pytest

from benchmarks.parts import Benchmark, NotMeasuredError, in_a_process, recorded, same_machines
from benchmarks.report import Report


def measure(part: str) -> Report:
    report = Report(part, "")
    report.add(f"{part}: a thing", [1.23456789, 2.0], unit="s", target="3 s")
    report.notes.append(f"{part}: said")
    return report


BENCHMARK = Benchmark("some", "Some things", ("a", "b", "c"), measure, ("of all",))


def values(part: str, seconds: float, where: str) -> dict:
    row = {"what": f"{part}: a thing", "values": [seconds], "unit": "s", "target": ""}
    return {"rows": [row], "notes": [], "where": where}


def test_a_part_is_printed_as_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    BENCHMARK.main(lambda: ("a",), ["--part", "b"])
    assert capsys.readouterr().out == (
        '{"rows": [{"what": "b: a thing", "values": [1.2346, 2.0], "unit": "s", "target": "3 s"}], '
        '"notes": ["b: said"]}\n'
    )


def test_a_record_keeps_what_was_not_measured_anew_in_the_pages_order(tmp_path: Path) -> None:
    BENCHMARK.record({"c": values("c", 3, "here"), "a": values("a", 1, "here")}, tmp_path)
    path = BENCHMARK.record({"b": values("b", 2, "there"), "c": values("c", 9, "there")}, tmp_path)
    assert list(recorded("some", tmp_path)) == ["a", "b", "c"]
    page = path.read_text()
    assert [line.split(" | ")[1] for line in page.splitlines() if "a thing" in line] == ["1 s", "2 s", "9 s"]
    assert page.endswith("- of all\n\na: here.\n\nb, c: there.\n")


def test_one_machine_is_said_once(tmp_path: Path) -> None:
    path = BENCHMARK.record({"a": values("a", 1, "here"), "b": values("b", 2, "here")}, tmp_path)
    assert path.read_text().endswith("- of all\n\nhere.\n")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("raise SystemExit('no room')", "no room"),
        ("import os; os.kill(os.getpid(), 9)", "status -9"),
        ("import time; time.sleep(60)", "more than 1 s"),
        ("print('hello')", "no figures"),
    ],
)
def test_a_part_that_fails_says_why_in_one_line(program: str, words: str) -> None:
    with pytest.raises(NotMeasuredError, match=words):
        in_a_process([sys.executable, "-c", program], patience=1 if "sleep" in program else 300)


def test_the_other_parts_are_measured_and_the_status_says_that_one_was_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(command: list[str]) -> dict:
        if command[-1] == "a":
            raise NotMeasuredError("it ended with status -9")
        return {key: value for key, value in values(command[-1], 2, "").items() if key != "where"}

    monkeypatch.setattr("benchmarks.parts.in_a_process", run)
    with pytest.raises(SystemExit, match="a: not measured, it ended with status -9"):
        BENCHMARK.main(lambda: ("a", "b"), [])
    assert "| b: a thing | 2 s |" in capsys.readouterr().out


def test_machines_that_differ_in_their_load_are_one() -> None:
    places = {"a": "X, load 0.4 at the end, Y", "b": "X, load 12.0 at the end, Y", "c": "Z, load 1.0, Y"}
    assert same_machines(places) == [
        ("X, load 0.4 to 12.0 at the end, Y", ["a", "b"]),
        ("Z, load 1.0, Y", ["c"]),
    ]

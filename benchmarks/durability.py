"""SIGKILL at random instants while editing: committed edits lost, projects that open."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.report import Report, main
from tests.builders import make_project
from tests.killing import kill_while_editing

NAME = "durability"
TITLE = "SIGKILL while editing"
KILLS = 200


def measure() -> Report:
    """Kill one editing process after the other over the same project."""
    report = Report(TITLE, "python -m benchmarks.durability")
    with tempfile.TemporaryDirectory() as folder:
        make_project(Path(folder), images=1).close()
        kills = [kill_while_editing(Path(folder) / "project", seed) for seed in range(KILLS)]
    report.add("kills", [len(kills)], unit="")
    report.add("edits committed before a kill", [kill.committed for kill in kills], unit="")
    report.add(
        "kills after which a committed edit was missing", [sum(k.lost for k in kills)], unit="", target="0"
    )
    report.add(
        "kills after which the project opened", [sum(k.opened for k in kills)], unit="", target=str(KILLS)
    )
    return report


if __name__ == "__main__":
    main(NAME, measure)

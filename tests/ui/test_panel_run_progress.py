"""What a run has told: curves without what is no number, and lines for people."""

from __future__ import annotations

from typing import Any

import pytest

from ui.panels.run_progress import LINES, Progress, duration, log_line, number

START = {"event": "start", "iteration": 0, "iterations": 40, "images": 4, "instances": 9, "parent": "starter"}
STEP = {"event": "progress", "iteration": 10, "iterations": 40, "losses": {"B": 2.0, "M": None}, "eta_s": 75}
EVAL = {"event": "eval", "iteration": 20, "iterations": 40, "ap": {"mask": 0.3, "mask50": 0.5, "box": -1}}

NO_NUMBER = "its loss is no number"


def test_events_become_curves_without_what_is_no_number() -> None:
    progress = Progress()
    progress.take([START, STEP])
    progress.take([EVAL])
    assert dict(progress.losses) == {"box": [(10, 2.0)]}
    assert dict(progress.scores) == {"mask AP": [(20, 0.3)], "mask AP50": [(20, 0.5)]}
    assert (progress.iteration, progress.iterations, progress.seen) == (20, 40, 3)
    assert progress.log[0].startswith("Started on 4 images with 9 instances, from starter")


@pytest.mark.parametrize(("seconds", "words"), [(5, "5 s"), (75, "1 min 15 s"), (7260, "2 h 1 min")])
def test_durations_are_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (EVAL, "Step 20: mask AP 0.300, box AP –"),
        (STEP, ""),
        ({"event": "skipped-image", "reason": "a.png: cannot be read"}, "Passed over: a.png: cannot be read"),
        (
            {"event": "skipped-step", "iteration": 7},
            "Step 7 was left out, its loss is no number (its images)",
        ),
        ({"event": "failed", "reason": "disk full"}, "Failed: disk full"),
        ({"event": "done"}, "Done"),
    ],
)
def test_events_as_lines(event: dict[str, Any], words: str) -> None:
    assert log_line(event) == words


def test_a_long_log_keeps_its_end() -> None:
    progress = Progress()
    progress.take([{"event": "failed", "reason": str(count)} for count in range(LINES + 5)])
    assert len(progress.log) == LINES
    assert progress.log[-1] == f"Failed: {LINES + 4}"


@pytest.mark.parametrize(("value", "words"), [(0.25, "0.250"), (0, "0.000"), (-1, "–"), (None, "–")])
def test_a_score_in_words(value: object, words: str) -> None:
    assert number(value) == words

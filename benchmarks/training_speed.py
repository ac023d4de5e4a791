"""How fast training goes and how long it waits for data: images a second and the share of waiting.

    python -m benchmarks.training_speed [--record]

`main.py train` on generated scenes of 640 x 480, in a process of its own, with its own defaults for threads.
The share is the time in which a step that could begin had no batch yet, the first batch left out, of the
time of all steps; both are what the run itself says (events.jsonl, result.json). About two minutes on two
idle cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Report, main

NAME = "training_speed"
ROOT = Path(__file__).parents[1]
RUNS = (("lite", "small", 4, 30), ("yolact_resnet50", "yolact", 4, 8))  # network, preset, batch, steps
IMAGES = 40


def measure() -> Report:
    """Both networks on this machine's best device."""
    from model.scenes import generate

    report = Report("Training speed and waiting for data", "python -m benchmarks.training_speed")
    with tempfile.TemporaryDirectory() as folder:
        data = generate(Path(folder) / "train", IMAGES, seed=1, size=(640, 480))
        val = generate(Path(folder) / "val", 2, seed=2, size=(640, 480))
        for network, preset, batch, steps in RUNS:
            run = Path(folder) / network
            _train(data, val, network, preset, batch, steps, run)
            result = json.loads((run / "result.json").read_text(encoding="utf-8"))
            events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
            told = [event for event in events if event["event"] == "progress"]
            waited = 100 * result["waiting_seconds"] / max(result["step_seconds"], 1e-9)
            what = f"{network}, preset {preset}, batch {batch}"
            report.add(
                f"{what}: images a second",
                [each["images_per_s"] for each in told[1:] or told],
                unit="images/s",
            )
            report.add(f"{what}: time waiting for data", [waited], unit="%", target="below 5 %")
    report.notes.append(f"{os.cpu_count()} cores; `small` augments with copy-paste, `yolact` as published.")
    return report


def _train(data: Path, val: Path, network: str, preset: str, batch: int, steps: int, run: Path) -> None:
    command = [sys.executable, str(ROOT / "main.py"), "train", "--data", str(data)]
    command += ["--images", str(data.parent / "images"), "--val", str(val)]
    command += ["--val-images", str(val.parent / "images"), "--init", network, "--run", str(run)]
    command += ["--preset", preset, "--batch-size", str(batch), "--iterations", str(steps)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(NAME, measure)

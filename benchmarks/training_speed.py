"""How fast training goes and how long it waits for data: images a second and the share of waiting.

    python -m benchmarks.training_speed [--record]

`main.py train` on generated scenes of 640 x 480, in a process of its own, with its own defaults for threads.
The share is the time in which a step that could begin had no batch yet, the first batch left out, of the
time of all steps; both are what the run itself says (events.jsonl, result.json). About three minutes on two
idle cores.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.parts import Benchmark
from benchmarks.report import Report

NAME = "training_speed"
ROOT = Path(__file__).parents[1]
RUNS = {"lite": ("small", 4, 30), "yolact_resnet50": ("yolact", 4, 8)}  # network: preset, batch, steps
IMAGES = 40


def measure(network: str) -> Report:
    """One network on this machine's best device."""
    from model.scenes import generate

    preset, batch, steps = RUNS[network]
    what = f"{network}, preset {preset}, batch {batch}"
    report = Report(network, "")
    with tempfile.TemporaryDirectory() as folder:
        data = generate(Path(folder) / "train", IMAGES, seed=1, size=(640, 480))
        val = generate(Path(folder) / "val", 2, seed=2, size=(640, 480))
        run = Path(folder) / network
        _train(data, val, network, run)
        result = json.loads((run / "result.json").read_text(encoding="utf-8"))
        events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    told = [event for event in events if event["event"] == "progress"]
    waited = 100 * result["waiting_seconds"] / max(result["step_seconds"], 1e-9)
    report.add(
        f"{what}: images a second", [each["images_per_s"] for each in told[1:] or told], unit="images/s"
    )
    report.add(f"{what}: time waiting for data", [waited], unit="%", target="below 5 %")
    report.notes.append(f"{network}: {steps} steps; n: what the run said, about once a second")
    return report


def _train(data: Path, val: Path, network: str, run: Path) -> None:
    preset, batch, steps = RUNS[network]
    command = [sys.executable, str(ROOT / "main.py"), "train", "--data", str(data)]
    command += ["--images", str(data.parent / "images"), "--val", str(val)]
    command += ["--val-images", str(val.parent / "images"), "--init", network, "--run", str(run)]
    command += ["--preset", preset, "--batch-size", str(batch), "--iterations", str(steps)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.strip().splitlines()[-1])


def chosen() -> list[str]:
    """The networks to measure, by the environment."""
    wanted = os.environ.get("PROTOLABEL_BENCH_CONFIGS", ",".join(RUNS)).split(",")
    if unknown := [each for each in wanted if each not in RUNS]:
        raise SystemExit(f"expected configurations of {', '.join(RUNS)}; got {', '.join(unknown)}")
    return wanted


NOTES = ("`small` augments with copy-paste, `yolact` as published",)
ABOUT = "Images a second and the share of waiting. PROTOLABEL_BENCH_CONFIGS=a,b chooses networks."

if __name__ == "__main__":
    Benchmark(NAME, "Training speed and waiting for data", tuple(RUNS), measure, NOTES, ABOUT).main(chosen)

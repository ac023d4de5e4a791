"""Two gloo processes against one with the same global batch: how far the weights are apart after 20 steps.

    python -m benchmarks.two_processes [--record]

Each run is a `Training` of model/train.py on generated scenes in single precision: one process on one
thread, two processes with half of the images each, and one process on two threads. Inputs are small so that
it takes minutes; nothing else is changed. Expected is 0: see model/lanes.py.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import RECORDS, machine

if TYPE_CHECKING:
    from model.distributed import Processes

NAME = "two_processes"
ROOT = Path(__file__).parents[1]
STEPS = 20
LIMIT = 1e-5  # what was promised


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison. `batch` counts the images of all processes."""

    init: str
    preset: str
    batch: int = 4
    what: str = ""
    steps: int = STEPS

    def __str__(self) -> str:
        return f"{self.init}, preset {self.preset}, {self.batch} images{self.what}"


CASES = (
    Case("lite input_size=224", "small"),
    Case("starter", "small"),
    Case("lite input_size=224", "yolact", what=", norms frozen"),
    Case("lite input_size=160", "yolact", 8, ", norms trained"),
    Case("yolact_resnet50 input_size=160", "yolact", what=", norms frozen"),
    Case("yolact_plus_resnet50 input_size=256", "yolact", what=", norms frozen"),
)


def train(case: Case, scenes: Path, out: Path, processes: Processes) -> None:
    """This process' part of one run; the first one keeps the weights in `out`."""
    import torch

    from model.run_folder import RunFolder
    from model.train import Training, TrainSettings

    scratch = out.with_suffix(f".{processes.rank}")
    settings = TrainSettings(
        data=scenes / "scenes.json",
        images=scenes / "images",
        val=scenes / "scenes.json",
        init=case.init,
        run=scratch,
        iterations=case.steps,
        batch_size=case.batch // processes.world,
        device="cpu",
        preset=case.preset,
    )
    training = Training(settings, RunFolder(scratch), processes)
    try:
        for _, examples in zip(range(case.steps), training.loader, strict=False):
            training._step(examples)
        if processes.first:
            torch.save(training.network.state_dict(), out)
    finally:
        training.close()


def launch(cases: Sequence[Case], scenes: Path, out: Path, *, world: int, threads: int = 1) -> None:
    """All cases in `world` new processes; case number i's weights go to `out`/i.pt."""
    out.mkdir(parents=True)
    command = [sys.executable, "-m", "benchmarks.two_processes"]
    if world > 1:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command = [*launcher, f"--nproc-per-node={world}", *command[1:]]
    told = json.dumps([asdict(case) for case in cases])
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [*command, "--child", told, str(scenes), str(out)],
        cwd=ROOT,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{world} processes: {done.stderr[-2000:]}")


def child(told: str, scenes: Path, out: Path) -> None:
    """One process of a run."""
    from model.distributed import Processes

    processes = Processes.join("cpu")
    try:
        for number, values in enumerate(json.loads(told)):
            train(Case(**values), scenes, out / f"{number}.pt", processes)
    finally:
        processes.leave()


def difference(a: Path, b: Path) -> float:
    """The largest difference between two states' values; batch norms' statistics count, too."""
    import torch

    one, two = (torch.load(path, weights_only=True) for path in (a, b))
    return max(float((one[key].double() - two[key].double()).abs().max()) for key in one)


def measure(cases: Sequence[Case], work: Path) -> list[tuple[Case, float, float]]:
    """For each case (two processes against one, one process on two threads against one)."""
    from model.scenes import generate

    scenes = work / "scenes"
    generate(scenes, 8, seed=9, size=(320, 240))
    launch(cases, scenes, work / "one", world=1)
    launch(cases, scenes, work / "two", world=2)
    launch(cases, scenes, work / "threads", world=1, threads=2)

    def apart(other: str, number: int) -> float:
        return difference(work / "one" / f"{number}.pt", work / other / f"{number}.pt")

    return [(case, apart("two", number), apart("threads", number)) for number, case in enumerate(cases)]


def main() -> None:
    """Run all cases and print the table. Exit 1 when one is further apart than promised."""
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.two_processes", description=__doc__)
    parser.add_argument("--record", action="store_true", help="into docs/benchmarks")
    parser.add_argument("--steps", type=int, default=STEPS, metavar="N")
    arguments: Any = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cases = [Case(one.init, one.preset, one.batch, one.what, arguments.steps) for one in CASES]
        found = measure(cases, Path(folder))
    lines = ["| network, preset, images a step | two processes against one | two threads against one |"]
    lines += ["|---|---|---|"]
    lines += [f"| {case} | {two:.1e} | {threads:.1e} |" for case, two, threads in found]
    text = "\n".join(lines)
    print(text)
    if arguments.record:
        page = "# Two processes against one\n\n"
        page += f"Largest difference of any weight after {arguments.steps} steps; promised: {LIMIT:.0e}.\n\n"
        notes = " ".join((__doc__ or "").split("\n\n", 2)[2].split())
        (RECORDS / "two_processes.md").write_text(
            f"{page}`python -m benchmarks.two_processes`\n\n{text}\n\n{notes}\n\n{machine()}.\n",
            encoding="utf-8",
        )
    if max(two for _, two, _ in found) > LIMIT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

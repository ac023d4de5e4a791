"""Two gloo processes against one with the same global batch: how far the weights are apart after some steps.

    python -m benchmarks.two_processes [--record]

Each run is a `Training` of model/train.py on generated scenes, one process with 4 images a step and two with
2, on one thread each. In double precision rounding is out of the way, and what is left would be a fault. In
single precision a network magnifies rounding from step to step (a ReLU or an Adam step turns over near 0);
one process with another number of threads, in the same table, shows by how much without any distribution.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.report import RECORDS, machine

NAME = "two processes against one"
ROOT = Path(__file__).parents[1]
STEPS = 20


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison."""

    init: str
    preset: str
    precision: str  # "double" or "single"

    def __str__(self) -> str:
        return f"{self.init}, preset {self.preset}, {self.precision} precision"


CASES = (
    Case("lite", "small", "double"),
    Case("lite", "yolact", "double"),
    Case("starter", "small", "single"),
    Case("starter", "yolact", "single"),
    Case("yolact_resnet50", "yolact", "single"),
)


def run(case: Case, scenes: Path, out: Path, world: int, steps: int = STEPS, threads: int = 1) -> None:
    """Train `steps` steps in `world` processes and keep the weights in `out`."""
    arguments = [str(scenes), str(out), case.init, case.preset, case.precision, str(4 // world), str(steps)]
    command = [sys.executable, "-m", "benchmarks.two_processes", "--child", *arguments]
    if world > 1:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command = [*launcher, f"--nproc-per-node={world}", "-m", *command[2:]]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{case}: {done.stderr[-2000:]}")


def child(scenes: Path, out: Path, init: str, preset: str, precision: str, batch: int, steps: int) -> None:
    """One process of a run."""
    import torch

    from model import train
    from model.distributed import Processes
    from model.run_folder import RunFolder

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    if precision == "double":
        _use_double()
    processes = Processes.join("cpu")
    scratch = out.with_suffix(f".{processes.rank}")
    settings = train.TrainSettings(
        data=scenes / "scenes.json",
        images=scenes / "images",
        val=scenes / "scenes.json",
        init=init,
        run=scratch,
        iterations=steps,
        batch_size=batch,
        device="cpu",
        preset=preset,
    )
    training = train.Training(settings, RunFolder(scratch), processes)
    try:
        for _, examples in zip(range(steps), training.loader, strict=False):
            training._step(examples)
        if processes.first:
            torch.save(training.network.state_dict(), out)
    finally:
        training.close()
        processes.leave()


def _use_double() -> None:
    """Let networks, images and targets be of double precision."""
    from model import train

    start, to_batch = train.start, train.to_batch

    def doubled(*arguments: object, **more: object) -> object:
        origin = start(*arguments, **more)  # type: ignore[arg-type]
        origin.model.double()
        return origin

    def batch(*arguments: object) -> object:
        images, targets = to_batch(*arguments)  # type: ignore[arg-type]
        return images.double(), [
            replace(
                one, boxes=one.boxes.double(), masks=one.masks.double(), crowd_boxes=one.crowd_boxes.double()
            )
            for one in targets
        ]

    train.start, train.to_batch = doubled, batch  # type: ignore[assignment]


def difference(a: Path, b: Path) -> float:
    """The largest difference between two states' weights; batch norms' statistics count, too."""
    import torch

    one, two = (torch.load(path, weights_only=True) for path in (a, b))
    return max(float((one[key] - two[key]).abs().max()) for key in one if one[key].is_floating_point())


def measure(case: Case, scenes: Path, work: Path, steps: int = STEPS) -> tuple[float, float]:
    """(two processes against one, one process with two threads against one)."""
    one, two, threads = (work / f"{name}.pt" for name in ("one", "two", "threads"))
    run(case, scenes, one, 1, steps)
    run(case, scenes, two, 2, steps)
    run(case, scenes, threads, 1, steps, threads=2)
    return difference(one, two), difference(one, threads)


def main() -> None:
    """Run all cases and print the table."""
    if sys.argv[1:2] == ["--child"]:
        scenes, out, init, preset, precision, batch, steps = sys.argv[2:]
        child(Path(scenes), Path(out), init, preset, precision, int(batch), int(steps))
        return
    parser = argparse.ArgumentParser(prog="python -m benchmarks.two_processes", description=__doc__)
    parser.add_argument("--record", action="store_true", help="into docs/benchmarks")
    record = parser.parse_args().record
    from model.scenes import generate

    lines = [
        "| network, preset | two processes against one | the same process on two threads against one |",
        "|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        scenes = Path(folder) / "scenes"
        generate(scenes, 8, seed=9, size=(320, 240))
        for number, case in enumerate(CASES):
            work = Path(folder) / str(number)
            work.mkdir()
            apart, noise = measure(case, scenes, work)
            lines.append(f"| {case} | {apart:.1e} | {noise:.1e} |")
            print(lines[-1], flush=True)
    text = "\n".join(lines)
    if record:
        page = f"# Two processes against one\n\nLargest difference of any weight after {STEPS} steps.\n\n"
        notes = " ".join((__doc__ or "").split("\n\n", 2)[2].split())
        path = RECORDS / "two_processes.md"
        path.write_text(
            f"{page}`python -m benchmarks.two_processes`\n\n{text}\n\n{notes}\n\n{machine()}.\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()

"""Several processes train as one with the same global batch would, and go on after one was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from benchmarks.two_processes import Case, difference, launch, train
from model.card import ModelCard
from model.checkpoint import save
from model.distributed import Processes
from model.scenes import generate
from model.sync_norm import SharedNorm, share_norms
from model.yolact import build
from tests.model.tiny import NAMES, TINY

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenes")
    generate(folder, 6, seed=9, size=(96, 72))
    torch.manual_seed(0)
    path = folder / "tiny" / "weights.safetensors"
    save(build(TINY), ModelCard("tiny", TINY, NAMES), path)
    return folder


def test_two_processes_train_as_one_to_the_last_bit(scenes: Path, tmp_path: Path) -> None:
    """Whatever the number of threads; norms frozen (4 images, published) and trained (6, and our own)."""
    tiny = str(scenes / "tiny")
    cases = [Case(tiny, "small", 4), Case(tiny, "yolact", 4), Case(tiny, "yolact", 6)]
    cases = [replace(case, steps=5) for case in cases]
    launch(cases, scenes, tmp_path / "two", world=2)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for number, case in enumerate(cases):
            alone = Processes(0, 1, torch.device("cpu"))
            train(case, scenes, tmp_path / f"{number}.pt", alone)
            assert difference(tmp_path / f"{number}.pt", tmp_path / "two" / f"{number}.pt") == 0
    finally:
        torch.set_num_threads(threads)


def test_alone_shared_norms_are_ordinary_ones() -> None:
    torch.manual_seed(0)
    plain, shared = nn.BatchNorm2d(3).double(), nn.Sequential(nn.BatchNorm2d(3).double())
    share_norms(shared)
    assert isinstance(shared[0], SharedNorm)
    images = torch.randn(4, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    other = images.detach().clone().requires_grad_()
    weight = torch.randn(4, 3, 5, 6, dtype=torch.float64)
    a, b = plain(images), shared(other)
    (a * weight).sum().backward()
    (b * weight).sum().backward()
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(images.grad, other.grad)
    for key, value in plain.state_dict().items():
        torch.testing.assert_close(shared.state_dict()[f"0.{key}"], value)


def test_frozen_norms_stay_ordinary() -> None:
    norm = nn.BatchNorm2d(3).eval()
    share_norms(norm)
    assert type(norm) is nn.BatchNorm2d


def test_the_divisor_counts_at_least_one() -> None:
    alone = Processes(0, 1, torch.device("cpu"))
    assert float(alone.normaliser(torch.tensor(0.0))) == 1
    assert float(alone.normaliser(torch.tensor(7.0))) == 7


def command(scenes: Path, folder: Path, *more: str) -> list[str]:
    data = ["--data", str(scenes / "scenes.json"), "--images", str(scenes / "images")]
    data += ["--val", str(scenes / "scenes.json"), "--init", str(scenes / "tiny"), "--run", str(folder)]
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "--"]
    start = [*launcher, str(ROOT / "tests" / "model" / "train_child.py"), "train", *data]
    return [*start, "--batch-size", "2", "--iterations", "12", "--device", "cpu", *more]


@pytest.mark.slow
def test_a_killed_process_costs_nothing_but_time(scenes: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    done = subprocess.run(
        command(scenes, whole), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with subprocess.Popen(
        command(scenes, killed), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        kill_one_at(killed, 5)
        assert process.wait(60) != 0
    assert not (killed / "result.json").exists()
    again = subprocess.run(
        command(scenes, killed, "--resume"), env=environment, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr[-2000:]
    assert difference_of(whole, killed) == 0
    told = [event["iteration"] for event in events(killed) if event["event"] == "progress"]
    assert told == sorted(set(told))  # nothing twice
    assert [event["event"] for event in events(killed)].count("done") == 1
    assert told[-1] == 12


def kill_one_at(run_folder: Path, iteration: int) -> None:
    """kill -9 the second process when the run has come so far; the child script wrote its id."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (run_folder / "checkpoint.pt").exists() and any(
            e.get("iteration", 0) >= iteration for e in events(run_folder)
        ):
            os.kill(int((run_folder / "pid-1").read_text()), signal.SIGKILL)
            return
        time.sleep(0.02)
    raise AssertionError("the run never came so far")


def events(run_folder: Path) -> list[dict[str, Any]]:
    path = run_folder / "events.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


def difference_of(a: Path, b: Path) -> float:
    one, two = (torch.load(path / "checkpoint.pt", weights_only=True)["network"] for path in (a, b))
    return max(float((one[key].double() - two[key].double()).abs().max()) for key in one)

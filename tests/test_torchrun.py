"""torchrun's own options don't swallow `--run`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from protolabel_torchrun import keep_run_option, spelt_out

RUN = ["--nproc-per-node", "2", "main.py", "train", "--data", "a.json", "--run", "x", "--resume"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["python", "/venv/bin/torchrun", *RUN], ["/venv/bin/torchrun", *RUN]),
        (["python", "-m", "torch.distributed.run", *RUN], ["-m", *RUN]),
        (["python", "-B", "-m", "torch.distributed.run", *RUN], ["-m", *RUN]),
    ],
)
def test_the_launcher_gets_the_long_name(command: list[str], words: list[str]) -> None:
    assert spelt_out(command, words)[1:] == [
        "--run-folder" if word == "--run" else word for word in words[1:]
    ]


def test_with_an_equals_sign() -> None:
    assert (
        spelt_out(["python", "torchrun"], ["torchrun", "main.py", "train", "--run=x"])[-1] == "--run-folder=x"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["main.py", "train", "--run", "x"],  # no launcher
        ["torchrun", "other.py", "train", "--run", "x"],  # not our program
        ["torchrun", "--run-path", "main.py", "prelabel", "--run", "x"],  # not its training
    ],
)
def test_other_commands_stay_as_they_are(words: list[str]) -> None:
    assert spelt_out(["python", *words], words) == words


def test_torch_is_imported_where_a_folder_has_a_model_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("own = True", encoding="utf-8")
    program = "import torch, model, sys; print(model.own, 'protolabel_torchrun' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["True", "True"], done.stderr[-2000:]


def test_an_interpreter_without_a_command_line_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "argv")
    keep_run_option()
    assert not hasattr(sys, "argv")


@pytest.mark.slow
def test_torchrun_hands_the_option_on(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text("import sys; print(sys.argv[1:])", encoding="utf-8")
    launcher = Path(sys.executable).with_name("torchrun")
    done = subprocess.run(
        [launcher, "--standalone", "--nproc-per-node", "1", script, "train", "--run", "x"],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == "['train', '--run-folder', 'x']"

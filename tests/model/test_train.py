"""Whole training runs of a tiny network on generated scenes."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model import bad_steps, checkpoint, train
from model.errors import InputError
from model.run_folder import RunFolder
from model.scenes import SCENE_CATEGORIES
from model.targets import Example
from model.train import Cancelled, Training
from tests.model.tiny import TINY, tiny_model
from tests.model.tiny_runs import make_scenes, settings

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_scenes(tmp_path_factory.mktemp("scenes"))


def events(run: Path, kind: str | None = None) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [line for line in lines if kind is None or line["event"] == kind]


def weights(run: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(run / "weights.safetensors")[0].state_dict()


def test_a_run_ends_with_weights_that_know_the_categories(scenes: Path, tmp_path: Path) -> None:
    result = train.train(settings(scenes, tmp_path))
    model, card = checkpoint.load(tmp_path / "weights.safetensors")
    assert card.categories == SCENE_CATEGORIES
    assert card.parent == "tiny-1"
    assert card.scores["mask"]["AP"] == result["scores"]["mask"]["AP"]
    assert model.config.classes == len(SCENE_CATEGORIES)
    kinds = [event["event"] for event in events(tmp_path)]
    assert kinds[0] == "start"
    assert kinds[-1] == "done"
    assert {"progress", "checkpoint", "eval"} <= set(kinds)
    progress = events(tmp_path, "progress")[-1]
    assert progress["iteration"] == progress["iterations"] == 6
    assert set(progress["losses"]) == {"B", "C", "M", "D", "S"}
    assert {"lr", "images_per_s", "eta_s"} <= set(progress)
    assert events(tmp_path, "start")[0]["kept_categories"] == ["star"]
    assert json.loads((tmp_path / "result.json").read_text())["iterations"] == 6
    assert json.loads((tmp_path / "config.json").read_text())["recipe"]["name"] == "small"
    assert not list(tmp_path.glob("part*"))


def test_learning_lowers_the_loss(scenes: Path, tmp_path: Path) -> None:
    run = Training(settings(scenes, tmp_path, iterations=16), RunFolder(tmp_path), alone())
    try:
        totals = [
            sum(run._step(examples).values()) for examples, _ in zip(run.loader, range(16), strict=False)
        ]
    finally:
        run.close()
    assert sum(totals[-4:]) < 0.8 * sum(totals[:4])


def alone() -> train.Processes:
    return train.Processes(0, 1, torch.device("cpu"))


def test_a_resumed_run_equals_one_that_never_stopped(
    scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train.train(settings(scenes, tmp_path / "whole"))
    ask_to_stop_after(monkeypatch, 3, tmp_path / "parts")
    with pytest.raises(Cancelled, match="--resume"):
        train.train(settings(scenes, tmp_path / "parts"))
    monkeypatch.undo()
    assert events(tmp_path / "parts")[-1]["event"] == "cancelled"
    assert events(tmp_path / "parts")[-1]["iteration"] == 3
    assert not (tmp_path / "parts" / "weights.safetensors").exists()
    train.train(settings(scenes, tmp_path / "parts", resume=True))
    whole, parts = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(whole[key], parts[key]) for key in whole)
    assert events(tmp_path / "parts", "start")[-1]["iteration"] == 3


def ask_to_stop_after(monkeypatch: pytest.MonkeyPatch, steps: int, run: Path) -> None:
    """Make the file `cancel` when that many steps were made."""
    step = Training._step

    def counted(self: Training, examples: list[Example]) -> Any:
        losses = step(self, examples)
        if self.iteration == steps:
            (run / "cancel").touch()
        return losses

    monkeypatch.setattr(Training, "_step", counted)


def test_a_loss_that_is_no_number_changes_nothing_and_is_counted(
    scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = break_losses(monkeypatch, range(2, 4))
    result = train.train(settings(scenes, tmp_path))
    assert broken == [2, 3]
    assert result["skipped_steps"] == 2
    assert all(value.isfinite().all() for value in weights(tmp_path).values())


def test_losses_that_are_never_numbers_end_the_run_in_words(
    scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bad_steps, "MOST", 3)
    break_losses(monkeypatch, range(1000))
    with pytest.raises(InputError, match="3 in a row"):
        train.train(settings(scenes, tmp_path))
    assert "3 in a row" in events(tmp_path, "failed")[0]["reason"]


def break_losses(monkeypatch: pytest.MonkeyPatch, steps: Sequence[int]) -> list[int]:
    """Let the losses of these steps be no numbers."""
    step, calls, broken = train.step, [0], []

    class Broken(torch.nn.Module):
        def __init__(self, inner: torch.nn.Module) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, *arguments: Any) -> dict[str, torch.Tensor]:
            return {name: value * float("nan") for name, value in self.inner(*arguments).items()}

    def maybe(model: torch.nn.Module, *arguments: Any) -> Any:
        if calls[0] in steps:
            broken.append(calls[0])
            model = Broken(model)
        calls[0] += 1
        return step(model, *arguments)

    monkeypatch.setattr(train, "step", maybe)
    return broken


def test_a_broken_image_file_is_passed_over(scenes: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for path in (scenes / "images").iterdir():
        (images / path.name).write_bytes(path.read_bytes())
    (images / "scene_00002.jpg").write_bytes(b"\xff\xd8 cut short")
    result = train.train(settings(scenes, tmp_path / "run", images=images, iterations=4))
    assert any("scene_00002" in reason for reason in result["skipped_images"])


def test_data_without_annotations_is_refused(scenes: Path, tmp_path: Path) -> None:
    content = json.loads((scenes / "scenes.json").read_text())
    (tmp_path / "empty.json").write_text(json.dumps({**content, "annotations": []}))
    with pytest.raises(InputError, match="expected annotations"):
        train.train(settings(scenes, tmp_path / "run", data=tmp_path / "empty.json"))
    assert events(tmp_path / "run", "failed")


def test_a_checkpoint_of_another_network_is_refused(scenes: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "checkpoint.pt").write_bytes(b"PK no checkpoint")
    with pytest.raises(InputError, match="checkpoint"):
        train.train(settings(scenes, run, resume=True))


def test_a_finished_run_stays_one_when_going_on_is_refused(scenes: Path, tmp_path: Path) -> None:
    train.train(settings(scenes, tmp_path / "run", iterations=2))
    told = (tmp_path / "run" / "events.jsonl").read_bytes()
    with pytest.raises(InputError, match="images a step as begun"):
        train.train(settings(scenes, tmp_path / "run", iterations=4, batch_size=1, resume=True))
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == told


def test_the_published_recipe_trains(scenes: Path, tmp_path: Path) -> None:
    result = train.train(settings(scenes, tmp_path, preset="yolact", iterations=3))
    assert result["iterations"] == 3
    assert set(events(tmp_path, "progress")[-1]["losses"]) == {"B", "C", "M", "S"}


def test_mask_rescoring_trains_with_its_own_term(scenes: Path, tmp_path: Path) -> None:
    config = replace(TINY, rescoring=True, input_size=256, anchor_scales=((32,), (64,), (128,)))
    path = tmp_path / "plus" / "weights.safetensors"
    card = checkpoint.ModelCard("plus", config, ("star", "ring", "ball"))
    checkpoint.save(tiny_model(config=config), card, path)
    train.train(settings(scenes, tmp_path / "run", init=str(path), preset="yolact", iterations=1))
    assert "I" in events(tmp_path / "run", "progress")[-1]["losses"]


@pytest.mark.slow
def test_two_processes_share_a_run(scenes: Path, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\nfrom model.train import TrainSettings, train\n"
        "s, r = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "train(TrainSettings(data=s / 'scenes.json', images=s / 'images', val=s / 'scenes.json', "
        "init=str(s / 'tiny'), run=r, iterations=3, batch_size=1, device='cpu'))\n"
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*command, str(script), str(scenes), str(tmp_path / "run")],
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert [event["event"] for event in events(tmp_path / "run")].count("done") == 1
    assert json.loads((tmp_path / "run" / "result.json").read_text())["batch_size"] == 2
    assert json.loads((tmp_path / "run" / "config.json").read_text())["processes"] == 2

"""Data that is wrong or goes wrong: said, counted, replaced; a run does not end for one bad image."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from model import dataset, train
from model.augment import AugmentOptions, augment
from model.config import CONFIGS
from model.errors import InputError, WeightsError
from model.published_augment import augment_published
from model.run_folder import RunFolder
from model.samples import Sample, SampleMask, SampleStore, make_sample
from model.steps import NormGuard, culprits
from model.train import Training
from tests.model.tiny_runs import make_scenes, settings

SQUARE = [[10, 10, 50, 10, 50, 50, 10, 50]]
short = partial(settings, iterations=4)


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    return make_scenes(tmp_path / "scenes")


def coco(folder: Path, annotations: list[dict[str, Any]], size: tuple[int, int] = (100, 80)) -> Path:
    (folder / "images").mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 150)).save(folder / "images" / "a.png")
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": 100, "height": 80}],
        "categories": [{"id": 1, "name": "thing"}, {"id": 7, "name": "never"}],
        "annotations": [
            {"id": number, "image_id": 1, "category_id": 1, "iscrowd": 0, **each}
            for number, each in enumerate(annotations, 1)
        ],
    }
    (folder / "data.json").write_text(json.dumps(content))
    return folder / "data.json"


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        ({"segmentation": SQUARE, "bbox": [500, 500, 20, 20]}, "outside the image"),
        ({"segmentation": SQUARE, "bbox": [10, 10, -5, 5]}, "empty"),
        ({"segmentation": [], "bbox": [10, 10, 40, 40]}, "without a usable mask"),
        ({"segmentation": SQUARE, "bbox": [10, 10, 40, 40], "category_id": 99}, "unknown category"),
        ({"segmentation": SQUARE, "bbox": [10, 10, 40, 40]}, "category without an instance (never)"),
    ],
)
def test_what_is_wrong_with_annotations_is_said(
    annotation: Mapping[str, Any], said: str, tmp_path: Path
) -> None:
    data = dataset.load(coco(tmp_path, [dict(annotation)]), tmp_path / "images")
    assert any(said in line for line in data.report()), data.report()


@pytest.mark.parametrize("bbox", [[500, 500, 20, 20], [10, 10, -5, 5], [60, 60, 10, 10]])
def test_a_box_that_does_not_fit_its_mask_gives_way(bbox: list[float], tmp_path: Path) -> None:
    data = dataset.load(coco(tmp_path, [{"segmentation": SQUARE, "bbox": bbox}]), tmp_path / "images")
    mask = make_sample(data.images[0], 512).masks[0]
    assert mask.box == (10, 10, 50, 50)


def test_a_mask_without_a_pixel_is_left_out(tmp_path: Path) -> None:
    empty = {"segmentation": {"size": [80, 100], "counts": [8000]}, "bbox": [10, 10, 20, 20]}
    whole = {"segmentation": SQUARE, "bbox": [10, 10, 40, 40]}
    data = dataset.load(coco(tmp_path, [empty, whole]), tmp_path / "images")
    assert len(make_sample(data.images[0], 512).masks) == 1


def test_an_image_of_another_size_is_refused_in_words(tmp_path: Path) -> None:
    path = coco(tmp_path, [{"segmentation": SQUARE, "bbox": [10, 10, 40, 40]}], size=(64, 64))
    with pytest.raises(InputError, match=r"expected 100 x 80 pixels .* got 64 x 64"):
        make_sample(dataset.load(path, tmp_path / "images").images[0], 512)


def test_images_that_vanish_while_training_are_passed_over(
    scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "SampleStore", partial(SampleStore, cache_bytes=1))
    step = Training._step

    def vanish(self: Training, examples: list[Any]) -> Any:
        if self.iteration == 2:
            for path in sorted((scenes / "images").iterdir())[:2]:
                path.unlink(missing_ok=True)
        return step(self, examples)

    monkeypatch.setattr(Training, "_step", vanish)
    result = train.train(short(scenes, tmp_path / "run", iterations=12))
    assert result["iterations"] == 12
    assert any("scene_0000" in reason for reason in result["skipped_images"])
    told = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    reasons = [event["reason"] for event in told if event["event"] == "skipped-image"]
    assert reasons
    assert len(reasons) == len(set(reasons))
    assert set(reasons) <= set(result["skipped_images"])


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (2000, 2), (3, 3)])
@pytest.mark.parametrize("published", [True, False])
def test_strange_sizes_become_examples_or_are_passed_over(size: tuple[int, int], published: bool) -> None:
    width, height = size
    mask = SampleMask(0, False, 0, 0, np.ones((height, width), np.uint8), (0.0, 0.0, width, height))
    sample = Sample(np.zeros((height, width, 3), np.uint8), (mask,), "strange.png")
    for seed in range(30):
        rng = np.random.default_rng(seed)
        if published:
            example = augment_published(sample, rng, CONFIGS["lite"])
        else:
            example = augment(sample, rng, 96, 24, AugmentOptions(), lambda: sample)
        if example is not None:
            assert np.isfinite(example.boxes).all()
            assert (example.boxes[:, 2:] > example.boxes[:, :2]).all()


def test_the_image_whose_loss_is_no_number_is_named(scenes: Path, tmp_path: Path) -> None:
    run = Training(short(scenes, tmp_path), RunFolder(tmp_path), alone())
    try:
        examples = next(iter(run.loader))
        bad = examples[1].boxes.copy()
        bad[:] = np.nan
        assert len(bad)
        run._step([examples[0], replace(examples[1], boxes=bad)])
    finally:
        run.close()
    assert run.bad.count == 1
    assert list(run.bad.images) == [examples[1].name]
    assert examples[1].name.startswith("scene_")
    told = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert told[-1]["event"] == "skipped-step"
    assert told[-1]["images"] == [examples[1].name]
    assert all(bool(torch.isfinite(value).all()) for value in run.network.state_dict().values())


def alone() -> train.Processes:
    return train.Processes(0, 1, torch.device("cpu"))


def test_norms_keep_nothing_of_a_step_that_was_no_number() -> None:
    norm = torch.nn.Sequential(torch.nn.BatchNorm2d(2))
    guard = NormGuard(norm)
    before = {key: value.clone() for key, value in norm.state_dict().items()}
    guard.keep()
    norm(torch.full((2, 2, 3, 3), float("nan")))
    guard.restore()
    assert all(torch.equal(value, before[key]) for key, value in norm.state_dict().items())


def test_nobody_is_blamed_for_a_batch_that_is_well(scenes: Path, tmp_path: Path) -> None:
    run = Training(short(scenes, tmp_path), RunFolder(tmp_path), alone())
    try:
        images, targets = train.to_batch(next(iter(run.loader)), run.network, run.device)
        assert culprits(run.network, run.recipe, images, targets) == []
    finally:
        run.close()


def test_a_run_is_never_overwritten(scenes: Path, tmp_path: Path) -> None:
    train.train(short(scenes, tmp_path / "run"))
    events = (tmp_path / "run" / "events.jsonl").read_bytes()
    with pytest.raises(InputError, match="--resume"):
        train.train(short(scenes, tmp_path / "run"))
    again = train.train(short(scenes, tmp_path / "run", resume=True))
    assert again["iterations"] == 4
    assert (tmp_path / "run" / "events.jsonl").read_bytes() == events


def test_going_on_with_another_batch_is_refused(scenes: Path, tmp_path: Path) -> None:
    train.train(short(scenes, tmp_path / "run"))
    with pytest.raises(InputError, match="expected to go on with 2 images a step"):
        train.train(short(scenes, tmp_path / "run", resume=True, batch_size=4, iterations=8))


def test_a_checkpoint_that_is_none_is_refused_in_one_line(scenes: Path, tmp_path: Path) -> None:
    train.train(short(scenes, tmp_path / "run", iterations=1))
    path = tmp_path / "run" / "checkpoint.pt"
    good = path.read_bytes()
    spoilt = torch.load(path, weights_only=True)
    key = next(key for key in spoilt["network"] if key.endswith("weight"))
    spoilt["network"][key][0] = float("nan")
    others: list[tuple[object, str]] = [
        (spoilt, f"{key} holds values that are no numbers"),
        ([1, 2], "no checkpoint of a run"),
        ({"batch": 2}, "no checkpoint of a run"),
        (good[: len(good) // 2], "cut short"),
        (b"", "cut short"),
    ]
    for content, words in others:
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            torch.save(content, path)
        with pytest.raises(WeightsError, match=words) as refused:
            train.train(short(scenes, tmp_path / "run", resume=True, iterations=3))
        assert "\n" not in str(refused.value)

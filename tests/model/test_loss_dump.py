"""`train --dump-losses`: the batch file's conventions, and the terms against loops in double precision."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from model import loss_dump
from model.card import ModelCard
from model.checkpoint import save
from model.config import CONFIGS
from model.errors import InputError
from model.loss_dump import dump_losses
from model.optim import freeze
from model.recipes import RECIPES
from model.yolact import RawOutput, Yolact
from tests.model.tiny import tiny_model

CONFIG = replace(
    CONFIGS["yolact_plus_resnet50"],
    name="small_plus",
    backbone="mobilenetv2",
    classes=3,
    input_size=256,
    anchor_scales=((32, 48), (64, 96), (128, 160)),
    pyramid_channels=8,
    proto_channels=8,
    head_channels=8,
    prototypes=4,
)
SIZE = CONFIG.input_size
NAMES = ("a", "b", "c")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "weights.safetensors"
    save(tiny_model(1, CONFIG), ModelCard("small", CONFIG, NAMES), path)
    return path


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONFIGS, CONFIG.name, CONFIG)


def batch() -> dict[str, NDArray[Any]]:
    """Two images: crowds last, twins that tie, one object that steals another's best anchor."""
    random = np.random.default_rng(5)
    arrays: dict[str, NDArray[Any]] = {"images": random.normal(size=(2, 3, SIZE, SIZE)).astype(np.float32)}
    rows = [
        [
            (0.1, 0.1, 0.6, 0.6, 0),
            (0.1, 0.1, 0.6, 0.6, 2),  # a tie over every anchor
            (0.12, 0.1, 0.61, 0.6, 1),
            (0.5, 0.5, 0.52, 0.53, 1),  # smaller than any anchor
            (0.0, 0.5, 1.0, 1.0, -1),
        ],
        [(0.4, 0.3, 0.9, 0.95, 1)],
    ]
    y, x = (np.mgrid[0:SIZE, 0:SIZE] + 0.5) / SIZE
    for index, boxes in enumerate(rows):
        arrays[f"boxes_{index}"] = np.array(boxes, np.float32)
        arrays[f"masks_{index}"] = np.array(
            [
                ((x - (a + c) / 2) / (c - a)) ** 2 + ((y - (b + d) / 2) / (d - b)) ** 2 <= 0.3
                for a, b, c, d, _ in boxes
            ],
            np.float32,
        )
        arrays[f"num_crowds_{index}"] = np.array(sum(row[4] < 0 for row in boxes))
    return arrays


def dumped(tmp_path: Path, weights: Path, arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    np.savez(tmp_path / "batch.npz", **arrays)  # type: ignore[arg-type]
    dump_losses(CONFIG.name, weights, tmp_path / "batch.npz", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as file:
        return {name: file[name] for name in file.files}


def network(weights: Path) -> Yolact:
    model = loss_dump._network(CONFIG.name, weights)
    freeze(model, RECIPES["yolact"], 2)
    return model


def test_matching_agrees_with_loops(weights: Path, tmp_path: Path) -> None:
    arrays = batch()
    found = dumped(tmp_path, weights, arrays)
    priors = network(weights).priors.numpy()
    for index in range(2):
        labels, objects = match(arrays, index, priors)
        assert found[f"matched_class_{index}"].tolist() == labels
        assert found[f"matched_gt_{index}"].tolist() == objects
    assert {-1, 0, 1, 2, 3} == set(found["matched_class_0"].tolist())


def match(arrays: dict[str, NDArray[Any]], index: int, priors: NDArray[Any]) -> tuple[list[int], list[int]]:
    """Section by section after the published rule; float32 overlaps, since ties hang on them."""
    crowds = int(arrays[f"num_crowds_{index}"])
    rows = arrays[f"boxes_{index}"]
    own, crowd = rows[: len(rows) - crowds], rows[len(rows) - crowds :]
    corners = np.concatenate((priors[:, :2] - priors[:, 2:] / 2, priors[:, :2] + priors[:, 2:] / 2), 1)
    table = np.array([[overlap(box, prior)[0] for prior in corners] for box in own])
    best, objects = table.max(0), table.argmax(0)
    left = table.copy()
    for _ in own:
        number, anchor = np.unravel_index(int(left.argmax()), left.shape)
        left[number], left[:, anchor] = -1, -1
        best[anchor], objects[anchor] = 2, number
    labels = []
    for place, value in enumerate(best):
        label = 0 if value < 0.4 else -1 if value < 0.5 else int(own[objects[place], 4]) + 1
        inside = max((overlap(box, corners[place])[1] for box in crowd), default=0.0)
        labels.append(-1 if label <= 0 and inside > 0.7 else label)
    return labels, objects.tolist()


def overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> tuple[np.float32, np.float32]:
    """IoU, and the share of b that lies in a."""
    zero = np.float32(0)
    width = max(min(a[2], b[2]) - max(a[0], b[0]), zero)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), zero)
    common = width * height
    area_a, area_b = (a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])
    return common / (area_a + area_b - common), common / area_b


def test_every_term_agrees_with_loops(weights: Path, tmp_path: Path) -> None:
    arrays = batch()
    found = dumped(tmp_path, weights, arrays)
    model = network(weights)
    with torch.no_grad():
        raw = model(torch.from_numpy(arrays["images"]))
    expected = terms(raw, arrays, model)
    assert set(expected) == {"B", "C", "M", "S", "I"}
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value, rel=1e-5), name


def terms(raw: RawOutput, arrays: dict[str, NDArray[Any]], model: Yolact) -> dict[str, float]:
    priors = model.priors.double().numpy()
    side = raw.prototypes.shape[1]
    sums = dict.fromkeys("BCMSI", 0.0)
    count = 0
    assert raw.semantic is not None
    for index in range(2):
        labels, objects = match(arrays, index, model.priors.numpy())
        rows = arrays[f"boxes_{index}"].astype(np.float64)
        masks = torch.from_numpy(arrays[f"masks_{index}"])
        positives = [place for place, label in enumerate(labels) if label > 0]
        count += len(positives)
        logits = raw.class_logits[index].double().numpy()
        costs = np.log(np.exp(logits).sum(1)) - logits[np.arange(len(logits)), np.maximum(labels, 0)]
        negatives = sorted((costs[place] for place, label in enumerate(labels) if label == 0), reverse=True)
        sums["C"] += sum(costs[place] for place in positives) + sum(negatives[: 3 * len(positives)])
        grid = shrunk(masks, side)
        for place in positives:
            x1, y1, x2, y2, category = rows[objects[place]]
            cx, cy, w, h = priors[place]
            wanted = [((x1 + x2) / 2 - cx) / (0.1 * w), ((y1 + y2) / 2 - cy) / (0.1 * h)]
            wanted += [math.log((x2 - x1) / w) / 0.2, math.log((y2 - y1) / h) / 0.2]
            said = raw.boxes_raw[index, place].double().tolist()
            sums["B"] += sum(smooth(a - b) for a, b in zip(said, wanted, strict=True))
            linear = raw.prototypes[index].double().numpy() @ raw.coefficients[index, place].double().numpy()
            cells = np.arange(side)
            window = np.outer(
                (cells >= max(y1 * side - 1, 0)) & (cells < min(y2 * side + 1, side)),
                (cells >= max(x1 * side - 1, 0)) & (cells < min(x2 * side + 1, side)),
            )
            soft = window / (1 + np.exp(-linear))
            truth = grid[objects[place]]
            with np.errstate(divide="ignore"):
                yes, no = np.maximum(np.log(soft), -100), np.maximum(np.log(1 - soft), -100)
            cost = -np.where(truth > 0, yes, no).sum()
            sums["M"] += cost / ((x2 - x1) * side) / ((y2 - y1) * side)
            if truth.sum() > 25:
                hard = soft > 0.5
                common = (hard * truth).sum()
                iou = common / (hard.sum() + truth.sum() - common)
                assert model.maskiou_net is not None
                with torch.no_grad():
                    guess = model.maskiou_net(torch.from_numpy(soft.astype(np.float32))[None])[0]
                sums["I"] += smooth(float(guess[int(category)]) - iou)
        maps = raw.semantic[index].double().numpy()
        union = np.zeros_like(maps)
        for row, mask in zip(rows, shrunk(masks, maps.shape[1]), strict=True):
            if row[4] >= 0:
                union[int(row[4])] = np.maximum(union[int(row[4])], mask)
        chance = 1 / (1 + np.exp(-maps))
        sums["S"] -= np.where(union > 0, np.log(chance), np.log(1 - chance)).sum() / maps[0].size / 2
    weights = {"B": 1.5 / count, "C": 1 / count, "M": 6.125 / count, "S": 1.0, "I": 25 / count}
    return {name: value * weights[name] for name, value in sums.items()}


def smooth(distance: float) -> float:
    return 0.5 * distance**2 if abs(distance) < 1 else abs(distance) - 0.5


def shrunk(masks: torch.Tensor, side: int) -> NDArray[np.float64]:
    """Bilinear with centres at +0.5, then above one half."""
    place = np.clip((np.arange(side) + 0.5) * SIZE / side - 0.5, 0, SIZE - 1)
    low = np.floor(place).astype(int)
    high, share = np.minimum(low + 1, SIZE - 1), place - np.floor(place)
    values = masks.double().numpy()
    rows = values[:, low] * (1 - share)[:, None] + values[:, high] * share[:, None]
    return (rows[:, :, low] * (1 - share) + rows[:, :, high] * share > 0.5).astype(np.float64)


def test_labels_that_are_no_class_are_refused(weights: Path, tmp_path: Path) -> None:
    arrays = batch()
    arrays["boxes_1"][0, 4] = 3
    with pytest.raises(InputError, match="labels 0 to 2"):
        dumped(tmp_path, weights, arrays)


def test_crowds_that_are_not_last_are_refused(weights: Path, tmp_path: Path) -> None:
    arrays = batch()
    arrays["boxes_0"] = arrays["boxes_0"][::-1].copy()
    with pytest.raises(InputError, match="last"):
        dumped(tmp_path, weights, arrays)


@pytest.mark.parametrize("name", ["images", "boxes_1", "masks_0"])
def test_a_missing_array_is_named(name: str, weights: Path, tmp_path: Path) -> None:
    arrays = batch()
    del arrays[name]
    with pytest.raises(InputError, match=name):
        dumped(tmp_path, weights, arrays)


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("boxes_1", lambda boxes: boxes * [SIZE, SIZE, SIZE, SIZE, 1], "in 0..1"),
        ("boxes_1", lambda boxes: boxes + np.array((0, 0, 0, 0, 0.5)), "whole numbers"),
        ("boxes_1", lambda boxes: boxes.astype(str), "expected numbers in 'boxes_1'"),
        ("masks_1", lambda masks: masks * np.nan, "finite masks_1"),
        ("images", lambda images: images.astype(np.complex64), "expected numbers in 'images'"),
    ],
)
def test_values_that_mean_something_else_are_refused(
    weights: Path, tmp_path: Path, name: str, values: Callable[[NDArray], NDArray], words: str
) -> None:
    arrays = batch()
    with pytest.raises(InputError, match=words) as caught:
        dumped(tmp_path, weights, arrays | {name: values(arrays[name])})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.uint8, np.bool_])
def test_the_type_of_masks_does_not_matter(weights: Path, tmp_path: Path, kind: type) -> None:
    arrays = batch()
    others = {name: values.astype(kind) for name, values in arrays.items() if name.startswith("masks")}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before, after = dumped(tmp_path / "a", weights, arrays), dumped(tmp_path / "b", weights, arrays | others)
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values, err_msg=name)


def test_images_of_another_size_are_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="256"):
        dumped(tmp_path, weights, batch() | {"images": np.zeros((2, 3, 64, 64), np.float32)})


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"no archive"])
def test_a_file_that_is_no_batch_is_refused(content: bytes, weights: Path, tmp_path: Path) -> None:
    (tmp_path / "batch.npz").write_bytes(content)
    with pytest.raises(InputError, match="npz"):
        dump_losses(CONFIG.name, weights, tmp_path / "batch.npz", tmp_path / "out.npz")
    assert not (tmp_path / "out.npz").exists()


def test_an_image_without_objects_teaches_background(weights: Path, tmp_path: Path) -> None:
    arrays = batch() | {"boxes_1": np.zeros((0, 5), np.float32), "masks_1": np.zeros((0, SIZE, SIZE))}
    found = dumped(tmp_path, weights, arrays)
    assert set(found["matched_class_1"].tolist()) == {0}
    assert all(np.isfinite(found[name]) for name in "BCMS")


def test_batch_norms_are_frozen_below_six_images(weights: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "batch.npz", **batch())  # type: ignore[arg-type]
    where = tmp_path / "batch.npz", tmp_path / "out.npz"
    auto = dump_losses(CONFIG.name, weights, *where)
    assert dump_losses(CONFIG.name, weights, *where, norms="frozen") == auto
    assert dump_losses(CONFIG.name, weights, *where, norms="batch") != auto

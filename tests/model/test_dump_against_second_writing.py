"""`dump` of published checkpoints against the second writing: every array, all suppressions, odd images.

The network runs in float32 here and in doubles there, so its maps agree within float noise of their size.
What follows from the maps is compared on the dumped maps: choices and masks exactly, numbers to 1e-5.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from model.config import CONFIGS, ModelConfig
from model.dump import dump
from model.opencv import cv2
from tests.model import second_writing as second
from tests.model.published_files import lively
from tests.model.second_writing import FAMILY, Published

CLASSES = 6
NAMES = ["yolact_edge_mobilenetv2", "yolact_resnet50_pascal", "yolact_plus_resnet50"]
ROUNDED_PLACES = 5e-4  # of the published resizing, which works out in single precision where to look
SIZES = {"yolact_plus_resnet50": 270}  # its re-scoring halves the prototypes five times
Checkpoint = tuple[Path, ModelConfig, Published, dict[str, torch.Tensor]]


@pytest.fixture(scope="module", params=NAMES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """A checkpoint of the published keys for a small input, and what is not in it."""
    name = request.param
    size = SIZES.get(name, 150)
    config = replace(CONFIGS[name], input_size=size, classes=CLASSES)
    state = lively(config, side=size + 10).state_dict()
    path = tmp_path_factory.mktemp("pth") / f"{name}_1_2.pth"
    torch.save(state, path)
    return path, config, replace(FAMILY[name], size=size, classes=CLASSES), state


def scene(width: int, height: int) -> np.ndarray:
    rng = np.random.default_rng(width)
    blocks = rng.integers(0, 256, (max(height // 20, 1), max(width // 20, 1), 3), dtype=np.uint8)
    return cv2.resize(blocks, (width, height), interpolation=cv2.INTER_NEAREST)


def write_image(folder: Path, kind: str) -> Path:
    sizes = {"one pixel": (1, 1), "flat": (500, 3), "tall": (131, 340), "large": (620, 430)}
    image = Image.fromarray(scene(*sizes.get(kind, (233, 150))))
    path = folder / "a.png"
    if kind == "grey":
        image = image.convert("L")
    elif kind == "opaque":
        image.putalpha(255)
    elif kind == "turned":
        path = folder / "a.jpg"
        exif = Image.Exif()
        exif[274] = 6
        image.save(path, quality=95, exif=exif)
        return path
    image.save(path)
    return path


def dumped(checkpoint: Checkpoint, image: Path, out: Path, **options: object) -> dict[str, np.ndarray]:
    dump(checkpoint[0], image, out, config=checkpoint[1], **options)  # type: ignore[arg-type]
    with np.load(out) as file:
        return dict(file)


@pytest.mark.parametrize("nms", ["fast", "cross-class", "traditional"])
def test_every_array_agrees(checkpoint: Checkpoint, tmp_path: Path, nms: str) -> None:
    _, _, published, state = checkpoint
    image = write_image(tmp_path, "usual")
    found = dumped(checkpoint, image, tmp_path / "d.npz", nms=nms, features=True)
    wanted_input = second.network_input(cv2.imread(str(image)), published)
    np.testing.assert_allclose(found["input"], wanted_input, atol=ROUNDED_PLACES)
    np.testing.assert_allclose(found["priors"], second.anchors(published), atol=1e-6)
    doubles = {key: value.double() for key, value in state.items()}
    given = torch.from_numpy(found["input"].astype(np.float64))[None]
    maps = second.network(doubles, given, published.network, CLASSES)
    maps["class_scores"] = maps.pop("class_logits").softmax(-1)
    for key, value in maps.items():
        wanted = value[0].numpy()
        np.testing.assert_allclose(found[key], wanted, atol=1e-3 * np.abs(wanted).max(), err_msg=key)
    height, width = cv2.imread(str(image)).shape[:2]
    check_detections(found, published, doubles, nms, width, height)
    assert len(found["det_scores"]) > 10


@pytest.mark.parametrize("kind", ["one pixel", "flat", "tall", "large", "grey", "opaque", "turned"])
def test_odd_images_agree(checkpoint: Checkpoint, tmp_path: Path, kind: str) -> None:
    if "plus" in checkpoint[0].name:
        pytest.skip("one network is enough for what happens before it")
    image = write_image(tmp_path, kind)
    found = dumped(checkpoint, image, tmp_path / "d.npz")
    pixels = cv2.imread(str(image))  # turned by EXIF, three channels: what the authors' code sees
    wanted = second.network_input(pixels, checkpoint[2])
    np.testing.assert_allclose(found["input"], wanted, atol=ROUNDED_PLACES)
    check_detections(found, checkpoint[2], {}, "fast", pixels.shape[1], pixels.shape[0])


def check_detections(
    found: dict[str, np.ndarray],
    published: Published,
    state: dict[str, torch.Tensor],
    nms: str,
    width: int,
    height: int,
) -> None:
    """The detections that follow from the dumped maps."""
    maps = {key: value.astype(np.float64) for key, value in found.items()}
    boxes = second.decoded(maps["boxes_raw"], maps["priors"])
    chosen = second.suppressed(nms, boxes, maps["class_scores"], published.size)
    priors = np.array([one[0] for one in chosen], int)
    classes = np.array([one[1] for one in chosen], int)
    scores = np.array([one[2] for one in chosen], float)
    np.testing.assert_array_equal(found["det_classes"], classes)
    np.testing.assert_array_equal(found.get("det_class_scores", found["det_scores"]), scores)
    np.testing.assert_array_equal(found["det_coefficients"], maps["coefficients"][priors])
    np.testing.assert_allclose(found["det_boxes_rel"], boxes[priors], atol=1e-5, rtol=1e-5)
    pixel_boxes = second.pixel_boxes(found["det_boxes_rel"].astype(np.float64), width, height)
    assert np.abs(found["det_boxes"] - pixel_boxes).max(initial=0) <= 1
    assert (found["det_boxes"] != pixel_boxes).mean() < 0.01 if len(pixel_boxes) else True
    soft = second.soft_masks(maps["prototypes"], maps["coefficients"][priors], maps["det_boxes_rel"])
    if len(soft):
        full = second.image_soft_masks(soft, width, height)
        certain = np.abs(full - 0.5) > 1e-5
        np.testing.assert_array_equal(found["det_masks"][certain], (full > 0.5)[certain])
    if "det_class_scores" in found:
        quality = second.predicted_iou(state, torch.from_numpy(soft)).numpy()
        wanted = scores * quality[np.arange(len(classes)), classes]
        np.testing.assert_allclose(found["det_scores"], wanted, atol=1e-5)
        assert wanted.max() > 0

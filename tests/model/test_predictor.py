"""Predictions end to end: folding changes nothing, results fit the plain path, re-scoring counts."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from model.backbones import BACKBONES
from model.checkpoint import load
from model.config import CONFIGS
from model.detect import detect
from model.devices import choose_device
from model.errors import InputError, WeightsError
from model.fusing import fold_batch_norms
from model.messages import Prediction
from model.predictor import Predictor
from model.rescoring import MaskIouNet, soft_masks
from model.transforms import to_input
from tests.model.tiny import NAMES, TINY, tiny_weights

IMAGE = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def predictor(weights: Path) -> Predictor:
    return Predictor(weights, "cpu")


def test_a_prediction_says_what_the_network_says(predictor: Predictor, weights: Path) -> None:
    found = predictor.predict(IMAGE, min_score=0.3)
    model, card = load(weights)
    with torch.inference_mode():
        raw = model(to_input(IMAGE, card.config))
        plain = detect(raw, model.priors, card.config, min_score=0.3, limit=200)
    count = int((plain.scores >= 0.3).sum())
    assert 0 < len(found) == count
    np.testing.assert_allclose(found.scores, plain.scores[:count], atol=1e-4)
    np.testing.assert_allclose(found.boxes, plain.boxes[:count], atol=1e-4)
    np.testing.assert_allclose(found.prototypes, raw.prototypes[0].half(), atol=1e-3)


def test_a_prediction_carries_names_sizes_and_seconds(predictor: Predictor) -> None:
    found = predictor.predict(IMAGE, min_score=0.3)
    assert (found.model_version, found.categories) == ("tiny-1", NAMES)
    assert (found.image_width, found.image_height) == (80, 60)
    assert found.prototypes.shape == (24, 24, 4)
    assert (np.diff(found.scores) <= 0).all()
    assert set(found.seconds) == {"transform", "forward", "detect"}
    assert min(found.seconds.values()) > 0


def test_a_higher_threshold_gives_the_first_of_the_same_detections(predictor: Predictor) -> None:
    low, high = predictor.predict(IMAGE, min_score=0.2), predictor.predict(IMAGE, min_score=0.5)
    assert 0 < len(high) < len(low)
    np.testing.assert_array_equal(high.boxes, low.boxes[: len(high)])


def test_there_are_at_most_as_many_as_asked_for(predictor: Predictor) -> None:
    assert len(predictor.predict(IMAGE, min_score=0.0, max_detections=3)) == 3


def test_nothing_found_is_an_empty_prediction(predictor: Predictor) -> None:
    found = predictor.predict(IMAGE, min_score=1.0)
    assert isinstance(found, Prediction)
    assert len(found) == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 500, 3), (300, 2, 3)])
def test_any_size_of_image_is_predicted(predictor: Predictor, shape: tuple[int, ...]) -> None:
    found = predictor.predict(np.zeros(shape, np.uint8))
    assert (found.image_height, found.image_width) == shape[:2]


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_other_arrays_are_refused(predictor: Predictor, image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="expected"):
        predictor.predict(image)


def test_weights_that_are_not_there_are_refused() -> None:
    with pytest.raises(WeightsError, match="nothing there"):
        Predictor(Path("nowhere") / "weights.safetensors")


@pytest.mark.gpu
def test_a_gpu_says_the_same(weights: Path, predictor: Predictor) -> None:
    here, there = predictor.predict(IMAGE, min_score=0.5), Predictor(weights, "cuda").predict(IMAGE, 0.5)
    assert len(here) == len(there)
    np.testing.assert_allclose(there.boxes, here.boxes, atol=1e-2)


def randomise_norms(module: nn.Module) -> int:
    norms = [each for each in module.modules() if isinstance(each, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, std=0.1)
        nn.init.normal_(norm.running_mean, std=0.1)
        nn.init.uniform_(norm.running_var, 0.5, 1.5)
    return len(norms)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet50_dcn", "darknet53", "mobilenetv2"])
def test_folding_keeps_a_backbones_numbers(name: str) -> None:
    torch.manual_seed(0)
    backbone = BACKBONES[name]().eval()
    norms = randomise_norms(backbone)
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        before = backbone(image)
        assert fold_batch_norms(backbone) == norms
        for old, new in zip(before, backbone(image), strict=True):
            torch.testing.assert_close(new, old, atol=1e-4 * float(old.abs().max()), rtol=1e-3)


def test_rescoring_multiplies_scores_by_predicted_quality(tmp_path: Path) -> None:
    config = replace(TINY, rescoring=True, input_size=256, classes=3)
    predictor = Predictor(tiny_weights(tmp_path, config=config), "cpu")
    found = predictor.predict(IMAGE, min_score=0.3)
    masks = soft_masks(
        *(
            torch.from_numpy(each)
            for each in (found.prototypes.astype(np.float32), found.coefficients, found.boxes)
        )
    )
    with torch.inference_mode():
        ious = predictor._maskiou_net(masks).numpy()
    expected = found.scores * ious[np.arange(len(found)), found.classes]
    assert len(found) > 0
    np.testing.assert_allclose(found.qualities, expected, atol=1e-3)


def test_the_rescoring_network_shrinks_138_cells_to_one_number() -> None:
    net = MaskIouNet(80)
    masks = torch.rand(2, 138, 138)
    sides = []
    maps = masks[:, None]
    for layer in net.maskiou_net:
        maps = layer(maps)
        sides.append(maps.shape[-1])
    assert sides[::2] == [68, 33, 16, 7, 3, 3]  # as published
    assert net(masks).shape == (2, 80)
    assert net(masks).min() >= 0


def test_auto_finds_a_device_and_others_are_refused_in_words() -> None:
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    assert choose_device("cpu").type == "cpu"
    for name in ("gpu", "cuda:99", "cuda:x"):
        with pytest.raises(InputError, match="expected a"):
            choose_device(name)


def test_the_built_in_configuration_is_small_enough() -> None:
    with torch.device("meta"):
        from model.yolact import build

        model = build(CONFIGS["lite"])
    assert sum(each.numel() for each in model.state_dict().values()) * 2 < 15e6

"""The composed network: published keys and shapes, and outputs that fit each other."""

from pathlib import Path

import pytest
import torch

from model.config import CONFIGS
from model.published import rename
from model.yolact import build
from tests.model.tiny import TINY, tiny_model

KEYS = Path(__file__).parent / "data" / "state_dict_keys"
SAME_NETWORK = {"yolact_im400": "yolact_base", "yolact_im700": "yolact_base"}
PARAMETERS = {
    "yolact_base": 50_157_071,
    "yolact_darknet53": 47_783_087,
    "yolact_resnet50": 31_164_943,
    "yolact_resnet50_pascal": 30_734_623,
    "yolact_plus_base": 52_571_142,
    "yolact_plus_resnet50": 33_766_460,
    "yolact_edge_mobilenetv2": 9_028_815,
}


def published_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """From a copy of the list of a released checkpoint's keys, YolactEdge's renamed to YOLACT's."""
    shapes = {}
    for line in (KEYS / f"{name}.txt").read_text().splitlines():
        key, _, sizes = line.partition(" ")
        shapes[rename(key)] = tuple(int(size) for size in sizes.split("x") if size)
    return shapes


@pytest.mark.parametrize("listed", sorted(path.stem for path in KEYS.glob("*.txt")))
def test_keys_and_shapes_are_the_published_ones(listed: str) -> None:
    with torch.device("meta"):
        model = build(CONFIGS[listed])
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    assert shapes == published_shapes(listed)


@pytest.mark.parametrize(("name", "count"), PARAMETERS.items())
def test_there_are_as_many_parameters_as_published(name: str, count: int) -> None:
    with torch.device("meta"):
        model = build(CONFIGS[name])
    assert sum(each.numel() for each in model.parameters()) == count


@pytest.mark.parametrize(
    "name",
    ["yolact_resnet50", "yolact_plus_resnet50", "yolact_darknet53", "yolact_edge_mobilenetv2", "lite"],
)
def test_outputs_have_a_row_for_each_anchor(name: str) -> None:
    config = CONFIGS[name]
    with torch.device("meta"):
        model = build(config).eval()
        raw = model(torch.zeros(1, 3, config.input_size, config.input_size), features=True)
    anchors, side = len(model.priors), config.prototype_size
    assert raw.boxes_raw.shape == (1, anchors, 4)
    assert raw.class_logits.shape == (1, anchors, config.classes + 1)
    assert raw.coefficients.shape == (1, anchors, config.prototypes)
    assert raw.prototypes.shape == (1, side, side, config.prototypes)
    assert [raw.features[f"P{3 + i}"].shape[2] for i in range(5)] == list(config.level_sizes)


def test_prototypes_are_not_negative_and_coefficients_lie_within_one() -> None:
    raw = tiny_model()(torch.randn(1, 3, 96, 96))
    assert raw.prototypes.min() >= 0
    assert raw.coefficients.abs().max() <= 1


def test_an_image_alone_equals_itself_in_a_batch() -> None:
    model, images = tiny_model(), torch.randn(3, 3, 96, 96)
    with torch.inference_mode():
        alone, together = model(images[1:2]), model(images)
    torch.testing.assert_close(alone.prototypes[0], together.prototypes[1], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(alone.class_logits[0], together.class_logits[1], atol=1e-4, rtol=1e-4)


def test_semantic_maps_come_in_training_only() -> None:
    model = tiny_model()
    assert model(torch.zeros(1, 3, 96, 96)).semantic is None
    semantic = model.train()(torch.randn(2, 3, 96, 96)).semantic
    assert semantic.shape == (2, TINY.classes, 12, 12)


def test_rows_run_over_the_map_then_the_anchors() -> None:
    model = build(CONFIGS["lite"]).eval()
    head = model.prediction_layers[0]
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        head.bbox_layer.bias.copy_(torch.arange(12.0))  # channel = anchor * 4 + value
    boxes, _, _ = head(torch.zeros(1, 96, 2, 2))
    assert boxes[0, :3].flatten().tolist() == list(range(12))
    assert boxes.shape == (1, 12, 4)

"""Backbones: strides, pretrained weights, TensorFlow's padding, deformable convolution by plain loops."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from model.backbones import BACKBONES
from model.backbones.deformable import DeformableConv2d
from model.backbones.efficientnet_lite import EfficientNetLite, SameConv2d
from model.config import CONFIGS
from model.errors import InputError
from model.yolact import build


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("size", [64, 75])
def test_features_have_strides_8_16_and_32(name: str, size: int) -> None:
    with torch.device("meta"):
        backbone = BACKBONES[name]()
        maps = backbone(torch.zeros(1, 3, size, size))
    sides = [-(-size // 8), -(-size // 16), -(-size // 32)]
    assert [tuple(each.shape[1:]) for each in maps] == [
        (channels, side, side) for channels, side in zip(backbone.channels, sides, strict=True)
    ]


def test_imagenet_weights_of_the_package_load() -> None:
    fresh, backbone = EfficientNetLite(), EfficientNetLite()
    backbone.load_pretrained()
    assert not torch.equal(fresh._conv_stem.weight, backbone._conv_stem.weight)
    assert backbone._blocks[15]._bn2.running_var.min() > 0


def test_a_backbone_without_installed_weights_says_so() -> None:
    with pytest.raises(InputError, match="efficientnet_lite0"), torch.device("meta"):
        build(CONFIGS["yolact_darknet53"], pretrained_backbone=True)


@pytest.mark.parametrize(
    ("size", "kernel", "stride"), [(8, 3, 2), (9, 3, 2), (8, 5, 2), (9, 5, 1), (7, 5, 2)]
)
def test_same_padding_puts_the_odd_pixel_last(size: int, kernel: int, stride: int) -> None:
    layer = SameConv2d(1, 1, kernel, stride=stride, bias=False)
    image = torch.randn(1, 1, size, size)
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    padded = np.pad(image[0, 0].numpy(), ((total // 2, total - total // 2),) * 2)
    weight = layer.weight.detach()[0, 0].numpy()
    expected = [
        [(padded[y : y + kernel, x : x + kernel] * weight).sum() for x in range(0, out * stride, stride)]
        for y in range(0, out * stride, stride)
    ]
    np.testing.assert_allclose(layer(image)[0, 0].detach().numpy(), expected, atol=1e-5)


def sample(plane: np.ndarray, y: float, x: float) -> float:
    """Bilinear, zeros outside."""
    y0, x0 = int(np.floor(y)), int(np.floor(x))
    total = 0.0
    for row, weight_y in ((y0, 1 - (y - y0)), (y0 + 1, y - y0)):
        for column, weight_x in ((x0, 1 - (x - x0)), (x0 + 1, x - x0)):
            if 0 <= row < plane.shape[0] and 0 <= column < plane.shape[1]:
                total += plane[row, column] * weight_y * weight_x
    return total


@pytest.mark.parametrize("stride", [1, 2])
def test_deformable_convolution_equals_plain_loops(stride: int) -> None:
    torch.manual_seed(0)
    layer = DeformableConv2d(2, 3, stride=stride).double()
    nn.init.normal_(layer.conv_offset_mask.weight, std=0.5)
    nn.init.normal_(layer.bias)
    image = torch.randn(1, 2, 5, 6, dtype=torch.float64)
    maps = layer.conv_offset_mask(image)[0].detach().numpy()
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    rows, columns = maps.shape[1:]
    expected = np.zeros((3, rows, columns))
    for i in range(rows):
        for j in range(columns):
            expected[:, i, j] = bias
            for tap in range(9):
                dy, dx = maps[2 * tap, i, j], maps[2 * tap + 1, i, j]
                gain = 1 / (1 + np.exp(-maps[18 + tap, i, j]))
                y, x = i * stride - 1 + tap // 3 + dy, j * stride - 1 + tap % 3 + dx
                for channel in range(2):
                    value = sample(image[0, channel].numpy(), y, x) * gain
                    expected[:, i, j] += weight[:, channel, tap // 3, tap % 3] * value
    np.testing.assert_allclose(layer(image)[0].detach().numpy(), expected, atol=1e-9)


def test_a_fresh_deformable_convolution_has_half_strength() -> None:
    layer, image = DeformableConv2d(2, 3), torch.randn(1, 2, 6, 6)
    expected = 0.5 * F.conv2d(image, layer.weight, padding=1)
    torch.testing.assert_close(layer(image), expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("resnet50_dcn", [(1, range(4)), (2, range(6)), (3, range(3))]),
        ("resnet101_dcn", [(1, (0, 3)), (2, range(0, 22, 3)), (3, (0,))]),
    ],
)
def test_deformable_blocks_stand_where_published(name: str, places: list) -> None:
    with torch.device("meta"):
        backbone = BACKBONES[name]()
    found = [
        (stage, block)
        for stage, blocks in enumerate(backbone.layers)
        for block, unit in enumerate(blocks)
        if isinstance(unit.conv2, DeformableConv2d)
    ]
    assert found == [(stage, block) for stage, blocks in places for block in blocks]

"""The whole network against a second writing of it: functions over a published state dict, in doubles.

Written from the description of the released models, without the modules, so that a wrong stride, order,
upsampling or activation in either shows.
"""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import CONFIGS
from model.yolact import build

State = dict[str, Tensor]


def conv(state: State, key: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = state[f"{key}.weight"]
    return F.conv2d(x, weight, state.get(f"{key}.bias"), stride, weight.shape[-1] // 2)


def norm(state: State, key: str, x: Tensor) -> Tensor:
    mean, var, weight, bias = (
        state[f"{key}.{name}"][:, None, None] for name in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / (var + 1e-5).sqrt() * weight + bias


def resnet(state: State, x: Tensor) -> list[Tensor]:
    x = norm(state, "backbone.bn1", conv(state, "backbone.conv1", x, 2)).relu()
    x = F.max_pool2d(x, 3, 2, 1)
    maps = []
    for stage, blocks in enumerate((3, 4, 6, 3)):
        for block in range(blocks):
            at = f"backbone.layers.{stage}.{block}"
            stride = 2 if stage > 0 and block == 0 else 1
            y = norm(state, f"{at}.bn1", conv(state, f"{at}.conv1", x)).relu()
            y = norm(state, f"{at}.bn2", conv(state, f"{at}.conv2", y, stride)).relu()
            y = norm(state, f"{at}.bn3", conv(state, f"{at}.conv3", y))
            if block == 0:
                x = norm(state, f"{at}.downsample.1", conv(state, f"{at}.downsample.0", x, stride))
            x = (x + y).relu()
        maps.append(x)
    return maps[1:]


def darknet(state: State, x: Tensor) -> list[Tensor]:
    def unit(at: str, x: Tensor, stride: int = 1) -> Tensor:
        return F.leaky_relu(norm(state, f"{at}.1", conv(state, f"{at}.0", x, stride)), 0.1)

    x = unit("backbone._preconv", x)
    maps = []
    for stage, blocks in enumerate((1, 2, 8, 8, 4)):
        x = unit(f"backbone.layers.{stage}.0", x, 2)
        for block in range(1, blocks + 1):
            at = f"backbone.layers.{stage}.{block}"
            x = x + unit(f"{at}.conv2", unit(f"{at}.conv1", x))
        maps.append(x)
    return maps[2:]


def mobilenet(state: State, x: Tensor) -> list[Tensor]:
    def unit(at: str, x: Tensor, stride: int = 1) -> Tensor:
        weight = state[f"{at}.0.weight"]
        groups = x.shape[1] if weight.shape[1] == 1 else 1
        x = F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=groups)
        return norm(state, f"{at}.1", x).clamp(0, 6)

    maps = [unit("backbone.layers.0", x, 2)]
    for group, (repeats, stride) in enumerate(((1, 1), (2, 2), (3, 2), (4, 2), (3, 1), (3, 2)), start=1):
        x = maps[-1]
        for repeat in range(repeats):
            at = f"backbone.layers.{group}.{repeat}.conv"
            y, index = x, 0
            if group > 1:
                y, index = unit(f"{at}.0", y), 1
            y = unit(f"{at}.{index}", y, stride if repeat == 0 else 1)
            y = norm(state, f"{at}.{index + 2}", conv(state, f"{at}.{index + 1}", y))
            x = y if repeat == 0 else x + y
        maps.append(x)
    return [maps[3], maps[4], maps[6]]


def enlarged(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def rest(state: State, maps: list[Tensor], classes: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    c3, c4, c5 = maps
    top = conv(state, "fpn.lat_layers.0", c5)
    middle = conv(state, "fpn.lat_layers.1", c4) + enlarged(top, c4.shape[2:])
    fine = conv(state, "fpn.lat_layers.2", c3) + enlarged(middle, c3.shape[2:])
    p5, p4, p3 = (
        conv(state, f"fpn.pred_layers.{number}", sums).relu()
        for number, sums in enumerate((top, middle, fine))
    )
    p6 = conv(state, "fpn.downsample_layers.0", p5, 2)
    p7 = conv(state, "fpn.downsample_layers.1", p6, 2)
    x = p3
    for number in (0, 2, 4):
        x = conv(state, f"proto_net.{number}", x).relu()
    x = enlarged(x, (2 * x.shape[2], 2 * x.shape[3]))
    x = conv(state, "proto_net.8", x).relu()
    prototypes = conv(state, "proto_net.10", x).relu().permute(0, 2, 3, 1)
    rows: list[list[Tensor]] = [[], [], []]
    for level in (p3, p4, p5, p6, p7):
        shared = conv(state, "prediction_layers.0.upfeature.0", level).relu()
        for out, (name, values) in zip(rows, (("bbox", 4), ("conf", classes + 1), ("mask", 32)), strict=True):
            maps_ = conv(state, f"prediction_layers.0.{name}_layer", shared)
            out.append(maps_.permute(0, 2, 3, 1).reshape(len(maps_), -1, values))
    boxes, logits, coefficients = (torch.cat(each, 1) for each in rows)
    return boxes, logits, coefficients.tanh(), prototypes


@pytest.mark.parametrize(
    ("name", "backbone"),
    [("yolact_resnet50", resnet), ("yolact_darknet53", darknet), ("yolact_edge_mobilenetv2", mobilenet)],
)
def test_the_network_equals_the_second_writing(name: str, backbone: object) -> None:
    torch.manual_seed(0)
    config = replace(CONFIGS[name], classes=5, input_size=75)  # odd sizes at every level
    model = build(config).eval().double()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.7, 1.3)
            nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.normal_(module.bias, std=0.1)
    image = torch.randn(1, 3, 75, 75, dtype=torch.float64)
    with torch.inference_mode():
        raw = model(image)
        expected = rest(model.state_dict(), backbone(model.state_dict(), image), 5)
    for found, wanted in zip(raw[:4], expected, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-9 * (1 + float(wanted.abs().max())), rtol=1e-9)

"""The fused network says what the plain one says, for every kind of part."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import CONFIGS, ModelConfig
from model.fast_conv import FastConv, available
from model.fused_graph import fuse
from model.fusing import fold_batch_norms
from model.winograd import WinogradConv
from model.yolact import Yolact, build

pytestmark = pytest.mark.skipif(not available(), reason="this torch has no oneDNN operators")


def lively(config: ModelConfig) -> Yolact:
    """A network whose batch norms do something, in evaluation mode."""
    torch.manual_seed(0)
    model = build(config).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
    return model


@pytest.mark.parametrize(
    "name", ["lite", "yolact_resnet50", "yolact_darknet53", "yolact_edge_mobilenetv2", "yolact_plus_resnet50"]
)
@pytest.mark.parametrize("batch", [1, 2])
def test_every_configuration_agrees_with_plain_pytorch(name: str, batch: int) -> None:
    model = lively(replace(CONFIGS[name], input_size=140, rescoring=False))
    images = torch.randn(batch, 3, 140, 140)
    with torch.inference_mode():
        plain = model(images)
        fold_batch_norms(model)
        fused = fuse(model.to(memory_format=torch.channels_last), features=False)
        for _ in range(2):  # the second time with weights as the first has laid them out
            found = fused(images)
    assert type(found) is type(plain)
    for name, before, after in zip(plain._fields[:4], plain, found, strict=False):
        scale = max(float(before.abs().max()), 1e-6)
        torch.testing.assert_close(after, before, atol=1e-4 * scale, rtol=0, msg=name)


def test_a_map_large_enough_for_winograd_agrees_too() -> None:
    model = lively(replace(CONFIGS["yolact_resnet50"], input_size=400))
    images = torch.randn(1, 3, 400, 400)
    with torch.inference_mode():
        plain = model(images)
        fold_batch_norms(model)
        found = fuse(model.to(memory_format=torch.channels_last), features=False)(images)
    for before, after in zip(plain[:4], found[:4], strict=True):
        torch.testing.assert_close(after, before, atol=1e-4 * float(before.abs().max()), rtol=0)


def test_convolution_sum_and_activation_become_one_step() -> None:
    model = build(CONFIGS["yolact_resnet50"]).eval()
    fold_batch_norms(model)
    fused = fuse(model, features=False)
    steps = [node for node in fused.graph.nodes if node.op == "call_module"]
    kinds = {type(fused.get_submodule(str(node.target))) for node in steps}
    assert kinds == {FastConv, WinogradConv, nn.Upsample}
    assert not any(node.target is F.relu for node in fused.graph.nodes)


class Odd(nn.Module):
    """Sums and activations that must not be drawn into a convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        twice = self.first(x)
        twice = twice + twice
        shared = self.second(x)
        return F.relu(shared) + shared * 2 + F.relu(twice + 1)


def test_what_is_used_twice_stays_as_it_is() -> None:
    torch.manual_seed(0)
    model = Odd().eval()
    x = torch.randn(2, 3, 9, 7)
    with torch.inference_mode():
        before = model(x)
        torch.testing.assert_close(fuse(model)(x), before, atol=1e-5, rtol=1e-5)

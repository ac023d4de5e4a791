"""DarkNet-53, YOLOv3's backbone; keys `_preconv` and `layers.<stage>.<block>...`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from model.backbones.base import Backbone

BLOCKS = (1, 2, 8, 8, 4)


def unit(inputs: int, outputs: int, kernel: int, *, stride: int = 1) -> nn.Sequential:
    """Convolution without bias, batch norm, leaky ReLU of slope 0.1."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(0.1, inplace=True),
    )


class Block(nn.Module):
    """1x1 to half the channels, 3x3 back, plus the input; no activation after the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = unit(channels, channels // 2, 1)
        self.conv2 = unit(channels // 2, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x)) + x


class DarkNet(Backbone):
    """Five stages, each starting with a stride-2 unit; the last three are given."""

    channels = (256, 512, 1024)

    def __init__(self) -> None:
        super().__init__()
        self._preconv = unit(3, 32, 3)
        self.layers = nn.ModuleList()
        inputs = 32
        for count in BLOCKS:
            outputs = 2 * inputs
            blocks = (Block(outputs) for _ in range(count))
            self.layers.append(nn.Sequential(unit(inputs, outputs, 3, stride=2), *blocks))
            inputs = outputs

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, s, s) -> C3 (B, 256, ...), C4, C5."""
        x = self._preconv(images)
        features = []
        for stage in self.layers:
            x = stage(x)
            features.append(x)
        return features[2:]

    def load_classifier(self, state: Mapping[str, Tensor]) -> None:
        """Take the ImageNet weights that YOLACT's authors publish (darknet53.pth): the same keys."""
        self.load_state_dict(dict(state))

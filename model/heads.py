"""The prediction head, one for all pyramid levels: boxes, class scores and mask coefficients.

Output channel = anchor x values + value; rows of the result run over map rows, columns, anchors.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from model.config import ModelConfig
from model.layers import conv3x3


class Head(nn.Module):
    """Shared 3x3 + ReLU, then one convolution for each of the three outputs."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = config.pyramid_channels
        for _ in range(config.head_depth):
            layers += [conv3x3(inputs, config.head_channels, config.head_conv), nn.ReLU()]
            inputs = config.head_channels
        self.upfeature = nn.Sequential(*layers)
        self.classes = config.classes + 1
        self.prototypes = config.prototypes

        def output(values: int) -> nn.Conv2d:
            kernel = config.head_kernel
            return nn.Conv2d(inputs, config.anchors_per_cell * values, kernel, padding=kernel // 2)

        self.bbox_layer = output(4)
        self.conf_layer = output(self.classes)
        self.mask_layer = output(self.prototypes)

    def forward(self, level: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, c, h, w) -> boxes (B, h*w*a, 4) raw, class logits (B, h*w*a, C), coefficients (B, h*w*a, k)."""
        shared = self.upfeature(level)
        return (
            _rows(self.bbox_layer(shared), 4),
            _rows(self.conf_layer(shared), self.classes),
            torch.tanh(_rows(self.mask_layer(shared), self.prototypes)),
        )


def _rows(maps: Tensor, values: int) -> Tensor:
    # (B, a*values, h, w) -> (B, h, w, a*values) -> (B, h*w*a, values)
    return maps.permute(0, 2, 3, 1).reshape(maps.shape[0], -1, values)

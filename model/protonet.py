"""The prototype network: P3 -> k non-negative maps of twice its size."""

from __future__ import annotations

from torch import nn

from model.config import ModelConfig
from model.layers import conv3x3


def protonet(config: ModelConfig) -> nn.Sequential:
    """(B, pyramid, h, w) -> (B, k, 2h, 2w) before the last ReLU. Indices are the published ones.

    The ReLU after the upsampling has no effect; it holds index 7 of the published layout.
    """
    channels = config.proto_channels
    layers: list[nn.Module] = []
    inputs = config.pyramid_channels

    def convolution() -> None:
        nonlocal inputs
        layers.extend([conv3x3(inputs, channels, config.proto_conv, config.pyramid_norm), nn.ReLU()])
        inputs = channels

    for _ in range(config.proto_before):
        convolution()
    layers.extend([nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False), nn.ReLU()])
    for _ in range(config.proto_after):
        convolution()
    layers.append(nn.Conv2d(inputs, config.prototypes, 1))
    return nn.Sequential(*layers)

"""The 3x3 convolution of pyramid, protonet and head: as published, or light."""

from __future__ import annotations

from torch import nn

from model.config import ConvKind


def conv3x3(
    inputs: int, outputs: int, kind: ConvKind = "plain", norm: bool = False, stride: int = 1
) -> nn.Module:
    """A 3x3 convolution, padding 1, no activation. Plain without norm is one `nn.Conv2d` (published keys)."""
    if kind == "plain" and not norm:
        return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
    if kind == "plain":
        return nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs)
        )
    depthwise = nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs, bias=False)
    pointwise = nn.Conv2d(inputs, outputs, 1, bias=not norm)
    return nn.Sequential(depthwise, pointwise, *([nn.BatchNorm2d(outputs)] if norm else []))

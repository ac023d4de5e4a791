"""The backbones: image -> features of stride 8, 16 and 32 (C3, C4, C5).

A backbone is a module whose `forward(images)` gives the three maps and whose `channels` names their widths.
Key names inside are those of the published checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable

from model.backbones.base import Backbone
from model.backbones.efficientnet_lite import EfficientNetLite
from model.backbones.resnet import ResNet

BACKBONES: dict[str, Callable[[], Backbone]] = {
    "efficientnet_lite0": EfficientNetLite,
    "resnet50": lambda: ResNet((3, 4, 6, 3)),
    "resnet101": lambda: ResNet((3, 4, 23, 3)),
}

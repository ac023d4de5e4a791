"""The backbones: image -> features of stride 8, 16 and 32 (C3, C4, C5).

A backbone is a module whose `forward(images)` gives the three maps and whose `channels` names their widths.
Key names inside are those of the published checkpoints. Any ResNet, MobileNet or EfficientNet of torchvision
can be named too.
"""

from __future__ import annotations

from collections.abc import Callable

from model.backbones.base import Backbone
from model.backbones.darknet import DarkNet
from model.backbones.efficientnet_lite import EfficientNetLite
from model.backbones.mobilenet import MobileNetV2
from model.backbones.resnet import ResNet
from model.backbones.torchvision_body import TorchvisionBackbone

BACKBONES: dict[str, Callable[[], Backbone]] = {
    "efficientnet_lite0": EfficientNetLite,
    "resnet50": lambda: ResNet((3, 4, 6, 3)),
    "resnet101": lambda: ResNet((3, 4, 23, 3)),
    "resnet50_dcn": lambda: ResNet((3, 4, 6, 3), deformable=(0, 4, 6, 3)),
    "resnet101_dcn": lambda: ResNet((3, 4, 23, 3), deformable=(0, 4, 23, 3), interval=3),
    "darknet53": DarkNet,
    "mobilenetv2": MobileNetV2,
}


def build_backbone(name: str) -> Backbone:
    """A backbone with fresh weights: one of `BACKBONES`, else torchvision's. WeightsError if unknown."""
    return BACKBONES[name]() if name in BACKBONES else TorchvisionBackbone(name)

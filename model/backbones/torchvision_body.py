"""Any ResNet, MobileNet or EfficientNet of torchvision as a backbone, by its name there.

The trunk is torchvision's list of stages up to stride 32, under its own key names below `body.`; which stages
give C3, C4 and C5 and how wide they are is found by a dry run without memory. Pixels: RGB, torchvision's
ImageNet mean and spread.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from functools import cache

import torch
from torch import Tensor, nn
from torchvision import models

from model.backbones.base import Backbone
from model.errors import WeightsError

FAMILIES = re.compile(r"(wide_)?resnet\d|resnext\d|mobilenet_v|efficientnet_")
STRIDES = (8, 16, 32)
_SIDE = 256  # of the dry run's image


def names() -> list[str]:
    """The torchvision models that can be a backbone."""
    return [name for name in models.list_models(module=models) if FAMILIES.match(name)]


class TorchvisionBackbone(Backbone):
    """The stages of a torchvision classifier; the last one of each stride 8, 16 and 32 is given."""

    def __init__(self, name: str) -> None:
        """Raises WeightsError for a name that torchvision does not have."""
        super().__init__()
        if name not in names():
            raise WeightsError(f"backbone: expected one of {', '.join(names())}, got {name!r}")
        self.name = name
        self.selected, self.channels = _layout(name)
        stages = _stages(models.get_model(name, weights=None))
        self.body = nn.Sequential(OrderedDict(stages[: self.selected[-1] + 1]))

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, s, s) -> C3, C4, C5."""
        x = images
        features = []
        for index, stage in enumerate(self.body):
            x = stage(x)
            if index in self.selected:
                features.append(x)
        return features

    def load_pretrained(self) -> None:
        """Take torchvision's default ImageNet weights; downloaded once. InputError without network."""
        from model.backbones.imagenet import default_weights

        self.load_classifier(default_weights(self.name))

    def load_classifier(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of the whole torchvision classifier; what stands behind the trunk is left out."""
        prefix = "" if any(key.startswith("layer1.") for key in state) else "features."
        self.body.load_state_dict(
            {
                key: state.get(prefix + key, value)
                for key, value in self.body.state_dict().items()
                if prefix + key in state or key.endswith("num_batches_tracked")
            }
        )


def _stages(classifier: nn.Module) -> list[tuple[str, nn.Module]]:
    """The classifier's stages in order, without the 1x1 convolution, pooling and classifier at its end."""
    features = getattr(classifier, "features", None)
    if features is None:
        return [(name, child) for name, child in classifier.named_children() if name not in ("avgpool", "fc")]
    return list(features.named_children())[:-1]


@cache
def _layout(name: str) -> tuple[tuple[int, ...], tuple[int, int, int]]:
    """Which stages give C3, C4, C5, and how many channels they have."""
    with torch.device("meta"):
        stages = _stages(models.get_model(name, weights=None).eval())
        x = torch.zeros(1, 3, _SIDE, _SIDE)
        last: dict[int, tuple[int, int]] = {}
        for index, (_, stage) in enumerate(stages):
            x = stage(x)
            last[_SIDE // x.shape[2]] = index, x.shape[1]
    fine, middle, coarse = (last[stride] for stride in STRIDES)
    return (fine[0], middle[0], coarse[0]), (fine[1], middle[1], coarse[1])

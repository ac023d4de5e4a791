"""A configuration in one line: a known name, and what is different: `lite backbone=resnet18 input_size=320`.

Everything after the name is field=value of `ModelConfig`; `backbone` takes any ResNet, MobileNet or
EfficientNet of torchvision. `backbone_weights=imagenet` fetches its ImageNet weights, `=FILE.pth` reads them.
Importing this imports no torch. The result is a plain ModelConfig, which a model card holds in full.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from typing import Any

from model.config import CONFIGS, ModelConfig
from model.errors import WeightsError

# torchvision's classifiers were trained with these, of values 0..255
TORCHVISION_MEAN = (123.675, 116.28, 103.53)
TORCHVISION_STD = (58.395, 57.12, 57.375)
OWN_BACKBONES = frozenset(config.backbone for config in CONFIGS.values())


@dataclass(frozen=True, slots=True)
class ConfigLine:
    """What a line says."""

    config: ModelConfig
    backbone_weights: str = ""  # '', 'imagenet' or a file


def parse(text: str) -> ConfigLine | None:
    """The configuration of a line, None where it begins with no known name. WeightsError for the rest."""
    name, *parts = text.split() or [""]
    if name not in CONFIGS:
        return None
    base = CONFIGS[name]
    values: dict[str, Any] = {}
    weights = ""
    for part in parts:
        field, equals, value = part.partition("=")
        if not equals or field == "name":
            raise WeightsError(f"expected field=value after {name}, as in backbone=resnet18, got {part!r}")
        if field == "backbone_weights":
            weights = value
        else:
            values[field] = _value(value)
    if not values:
        return ConfigLine(base, weights)
    backbone = values.get("backbone", base.backbone)
    pixels = {} if backbone in OWN_BACKBONES else {"mean": TORCHVISION_MEAN, "std": TORCHVISION_STD}
    words = [re.sub(r"[^\w.]+", "-", str(value)).strip("-") for value in values.values()]
    known = base.to_dict()
    if unknown := [field for field in values if field not in known]:
        fields = ", ".join(field for field in known if field != "name")
        raise WeightsError(f"expected fields of a configuration ({fields}), got {', '.join(unknown)}")
    config = ModelConfig.from_dict(known | pixels | values, repr(text))
    return ConfigLine(replace(config, name="-".join([name, *words])), weights)


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text

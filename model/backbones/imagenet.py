"""ImageNet weights of torchvision's classifiers: fetched by torchvision where it can, or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError

import torch
from torch import Tensor
from torchvision import models

from model.backbones.base import Backbone
from model.errors import InputError, WeightsError


def default_weights(name: str) -> Mapping[str, Tensor]:
    """torchvision's default weights of a model, checked by hash. InputError where there is no network."""
    weights = models.get_model_weights(name).DEFAULT
    try:
        return torch.hub.load_state_dict_from_url(
            weights.url, map_location="cpu", check_hash=True, weights_only=True, progress=False
        )
    except (URLError, OSError, RuntimeError) as error:
        words = str(getattr(error, "reason", error)).splitlines()[0][:80]
        raise InputError(
            f"expected to fetch {weights.url}, got: {words}; fetch it elsewhere and name the file "
            f"(backbone_weights=FILE.pth for a backbone, {name}:FILE.pth for a detector)"
        ) from None


def take_file(backbone: Backbone, path: Path) -> None:
    """Fill a backbone from a classifier's `.pth`, as torchvision publishes it. WeightsError otherwise."""
    from model.published import read_tensors

    state = read_tensors(path)
    try:
        backbone.load_classifier(state)
    except RuntimeError as error:
        words = " ".join(str(error).split())[:160]
        raise WeightsError(
            f"{path}: expected the classifier's weights of this backbone, got: {words}"
        ) from None

"""The network that a run starts from: a configuration with its backbone's weights, or trained weights.

From trained weights everything is taken over; the outputs for categories are found by name, so that a new
list of categories keeps what was known of the old ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from model import checkpoint, config_line
from model.backbones import imagenet
from model.yolact import Yolact, build


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A network for the wanted categories, and where it comes from."""

    model: Yolact
    parent: str  # the version's name, '' for a fresh network
    kept: tuple[str, ...]  # categories that it already knows


def start(init: str, categories: Sequence[str], *, prior: float | None = None) -> Start:
    """`init`: a configuration's name or line (`config_line`), or weights as `checkpoint.load` takes them.

    Raises InputError.

    `prior`: the probability of an object that fresh class outputs begin with.
    """
    if (line := config_line.parse(init)) is not None:
        config = replace(line.config, classes=len(categories))
        # Only this backbone's ImageNet weights come with the program; others start from nothing.
        installed = config.backbone == "efficientnet_lite0"
        model = build(config, pretrained_backbone=installed or line.backbone_weights == "imagenet")
        if line.backbone_weights not in ("", "imagenet"):
            imagenet.take_file(model.trunk, Path(line.backbone_weights))
        if prior is not None:
            _set_prior(model, prior, range(len(categories)))
        return Start(model, "", ())
    old, card = checkpoint.load(init)
    if tuple(card.categories) == tuple(categories):
        return Start(old, card.name, tuple(categories))
    places = {name.casefold(): index for index, name in reversed(list(enumerate(card.categories)))}
    source = [places.get(name.casefold()) for name in categories]
    model = build(replace(card.config, classes=len(categories)))
    _copy(old, model, source)
    fresh = [index for index, found in enumerate(source) if found is None]
    if prior is not None:
        _set_prior(model, prior, fresh)
    kept = tuple(name for name, found in zip(categories, source, strict=True) if found is not None)
    return Start(model, card.name, kept)


@torch.no_grad()
def _copy(old: Yolact, new: Yolact, source: Sequence[int | None]) -> None:
    """Take over every tensor; rows of class outputs by `source`, fresh where it is None."""
    anchors = old.config.anchors_per_cell
    state = new.state_dict()
    for key, value in old.state_dict().items():
        if state[key].shape == value.shape and not _by_class(key):
            state[key].copy_(value)
            continue
        per_anchor = anchors if ".conf_layer." in key else 1
        known = value.unflatten(0, (per_anchor, -1))
        rows = state[key].unflatten(0, (per_anchor, -1))
        first = 1 if ".conf_layer." in key else 0  # the background's row
        rows[:, :first] = known[:, :first]
        for index, found in enumerate(source):
            if found is not None:
                rows[:, first + index] = known[:, first + found]


def _by_class(key: str) -> bool:
    return ".conf_layer." in key or key.startswith(("semantic_seg_conv.", "maskiou_net.maskiou_net.10."))


@torch.no_grad()
def _set_prior(model: Yolact, prior: float, classes: Sequence[int] | range) -> None:
    """Let these classes start at `prior` together, against a background whose logit is 0 or as learnt."""
    bias = model.get_parameter("prediction_layers.0.conf_layer.bias").view(model.config.anchors_per_cell, -1)
    for index in classes:
        bias[:, index + 1] = bias[:, 0] - math.log((1 - prior) / prior * model.config.classes)

"""The network: backbone -> pyramid -> prototypes on P3, and one head on every level.

Shapes: B images, P priors, C = classes + 1 (background first), k prototypes, (h, w) prototype cells.
Attribute names are the published checkpoints' keys.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.anchors import priors
from model.backbones import build_backbone
from model.backbones.base import Backbone
from model.config import ModelConfig
from model.fpn import Pyramid
from model.heads import Head
from model.protonet import protonet
from model.rescoring import MaskIouNet


class RawOutput(NamedTuple):
    """What the network says, before any choice is made."""

    boxes_raw: Tensor  # (B, P, 4) offsets to the priors, see boxes.decode
    class_logits: Tensor  # (B, P, C)
    coefficients: Tensor  # (B, P, k) after tanh
    prototypes: Tensor  # (B, h, w, k) after ReLU
    semantic: Tensor | None = None  # (B, classes, h3, w3) logits, in training mode only
    features: dict[str, Tensor] | None = None  # C3 C4 C5 P3 ... on request, (B, c, h, w)


class Yolact(nn.Module):
    """The parts are built outside and passed in; `build` does that for a configuration."""

    priors: Tensor  # (P, 4) cxcywh, relative

    def __init__(
        self,
        config: ModelConfig,
        *,
        backbone: nn.Module,
        fpn: nn.Module,
        proto_net: nn.Module,
        head: nn.Module,
        maskiou_net: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone
        self.fpn = fpn
        self.proto_net = proto_net
        self.prediction_layers = nn.ModuleList([head])  # published weights have it as number 0
        self.maskiou_net = maskiou_net  # YOLACT++, see rescoring.MaskIouNet
        self.semantic_seg_conv = nn.Conv2d(config.pyramid_channels, config.classes, 1)
        self.register_buffer("priors", torch.from_numpy(priors(config)), persistent=False)

    @property
    def trunk(self) -> Backbone:
        """The backbone, by its type."""
        assert isinstance(self.backbone, Backbone)
        return self.backbone

    def forward(self, images: Tensor, features: bool = False) -> RawOutput:
        """`images`: (B, 3, s, s) float, RGB, normalised, s = config.input_size."""
        maps = self.backbone(images)
        levels = self.fpn(maps)
        prototypes = F.relu(self.proto_net(levels[0])).permute(0, 2, 3, 1)  # (B, k, h, w) -> (B, h, w, k)
        head = self.prediction_layers[0]
        boxes, logits, coefficients = (
            torch.cat(parts, 1) for parts in zip(*(head(level) for level in levels), strict=True)
        )
        named = None
        if features:
            named = {f"C{index + 3}": value for index, value in enumerate(maps)}
            named |= {f"P{index + 3}": value for index, value in enumerate(levels)}
        semantic = self.semantic_seg_conv(levels[0]) if self.training else None
        return RawOutput(boxes, logits, coefficients, prototypes, semantic, named)


def build(config: ModelConfig, pretrained_backbone: bool = False) -> Yolact:
    """A network with fresh weights: Xavier outside the backbone, biases zero, as published.

    `pretrained_backbone`: ImageNet weights, where an installed package brings them; else InputError.
    """
    backbone = build_backbone(config.backbone)
    if pretrained_backbone:
        backbone.load_pretrained()
    model = Yolact(
        config,
        backbone=backbone,
        fpn=Pyramid(
            backbone.channels,
            config.pyramid_channels,
            extra=len(config.anchor_scales) - 3,
            conv=config.pyramid_conv,
            norm=config.pyramid_norm,
        ),
        proto_net=protonet(config),
        head=Head(config),
        maskiou_net=MaskIouNet(config.classes) if config.rescoring else None,
    )
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and not name.startswith("backbone."):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model

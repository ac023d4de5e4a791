"""A network small enough for tests, of real parts, and weights of it on disk."""

from dataclasses import replace
from pathlib import Path

import torch

from model.card import ModelCard
from model.checkpoint import save
from model.config import CONFIGS, ModelConfig
from model.yolact import Yolact, build

TINY = replace(
    CONFIGS["lite"],
    name="tiny",
    classes=3,
    input_size=96,
    anchor_scales=((12,), (24,), (48,)),
    anchor_ratios=(1.0,),
    pyramid_channels=8,
    proto_channels=8,
    prototypes=4,
    head_channels=8,
)
NAMES = ("square", "disc", "star")


def tiny_model(seed: int = 0, config: ModelConfig = TINY) -> Yolact:
    """A fresh network, its outputs scaled so that noise gives detections; in evaluation mode."""
    torch.manual_seed(seed)
    model = build(config).eval()
    head = model.prediction_layers[0]
    noise = torch.randn(1, 3, config.input_size, config.input_size)
    with torch.inference_mode():
        shared = head.upfeature(model.fpn(model.backbone(noise))[0])
        spreads = {
            name: getattr(head, name)(shared).std() for name in ("bbox_layer", "conf_layer", "mask_layer")
        }
    for (name, spread), wanted in zip(spreads.items(), (1.0, 3.0, 1.0), strict=True):
        getattr(head, name).weight.data *= wanted / spread.item()
    model.proto_net[-1].bias.data.uniform_(-0.5, 1)
    return model


def tiny_weights(folder: Path, seed: int = 0, config: ModelConfig = TINY) -> Path:
    """weights.safetensors and card.json in a folder of their own."""
    path = folder / "weights.safetensors"
    save(tiny_model(seed, config), ModelCard("tiny-1", config, NAMES[: config.classes]), path)
    return path

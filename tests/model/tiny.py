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
    """A fresh network whose class scores differ enough to give detections, in evaluation mode."""
    torch.manual_seed(seed)
    model = build(config)
    for layer, spread in (("conf_layer", 60.0), ("bbox_layer", 30.0), ("mask_layer", 200.0)):
        getattr(model.prediction_layers[0], layer).weight.data *= spread
    model.proto_net[-1].bias.data.fill_(0.5)
    return model.eval()


def tiny_weights(folder: Path, seed: int = 0, config: ModelConfig = TINY) -> Path:
    """weights.safetensors and card.json in a folder of their own."""
    path = folder / "weights.safetensors"
    save(tiny_model(seed, config), ModelCard("tiny-1", config, NAMES[: config.classes]), path)
    return path

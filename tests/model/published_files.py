"""Checkpoints as the authors publish them, with random weights: names, shapes, old formats, renamed keys."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn

from model.config import CONFIGS, ModelConfig
from model.yolact import Yolact, build


def lively(config: ModelConfig, seed: int = 0, side: int = 160, images: Tensor | None = None) -> Yolact:
    """Random weights whose maps keep a usual size and whose head finds many things in noise.

    `images`: normalised ones to be lively with, instead of noise: the deepest networks magnify what differs
    from the batch that their statistics are of, until all scores are 1.
    """
    torch.manual_seed(seed)
    model = build(config)
    for name, module in model.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the statistics of the one batch below
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, nn.Conv2d) and module.bias is not None:
            nn.init.normal_(module.bias, std=0.05)
        if name.endswith("conv_offset_mask"):
            nn.init.normal_(module.weight, std=0.001)
            nn.init.normal_(module.bias, std=1.0)  # taps move by a cell or so
    if images is None:
        images = torch.nn.functional.interpolate(torch.randn(2, 3, side // 8, side // 8), scale_factor=8)
    head = model.prediction_layers[0]
    with torch.no_grad():
        levels = model.train().fpn(model.backbone(images))
        shared = [head.upfeature(level) for level in levels]
        for layer, wanted in ((head.bbox_layer, 1.0), (head.conf_layer, 1.5), (head.mask_layer, 0.7)):
            layer.weight *= wanted / torch.cat([layer(level).flatten() for level in shared]).std()
        logits = torch.cat(
            [head.conf_layer(level).permute(0, 2, 3, 1).reshape(-1, config.classes + 1) for level in shared]
        )
        # Raise the background so that about one anchor in fifty sees something at a score of 0.05.
        best = (logits[:, 1:].amax(1) - math.log(0.05)).quantile(0.98)
        head.conf_layer.bias.view(config.anchors_per_cell, -1)[:, 0] += best
        model.proto_net[-1].weight *= 0.7 / model.proto_net(levels[0]).std()
        if model.maskiou_net is not None:
            for layer in model.maskiou_net.maskiou_net[::2]:
                layer.weight *= 1.5
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1
    return model.eval()


def edge_key(key: str) -> str:
    """YolactEdge's names of the pyramid."""
    if key.startswith("fpn.lat_layers."):
        return key.replace("fpn.", "fpn_phase_1.", 1)
    return key.replace("fpn.", "fpn_phase_2.", 1)


def write_published(
    folder: Path, name: str, *, old: bool = False, seed: int = 0, images: Tensor | None = None
) -> tuple[Path, dict[str, Tensor]]:
    """`<name>_54_800000.pth` and its state under YOLACT's keys. `old`: the format and left-overs of 2019."""
    state = lively(CONFIGS[name], seed, images=images).state_dict()
    written = {edge_key(key) if "edge" in name else key: value for key, value in state.items()}
    if old:
        written["fpn.downsample_layers.2.weight"] = torch.zeros(256, 256, 3, 3)
        written["fpn.downsample_layers.2.bias"] = torch.zeros(256)
        written["backbone.layer1.0.conv1.weight"] = torch.zeros(64, 64, 1, 1)
    path = folder / f"{name}_54_800000.pth"
    torch.save(written, path, _use_new_zipfile_serialization=not old)
    return path, state

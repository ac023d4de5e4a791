"""Random weights that find things, and a picture to find them in: benchmarks that need no training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from model.yolact import RawOutput, Yolact

MIN_SCORE = 0.05
LOGITS = 4.0  # spread of the class logits
CANDIDATES = 400  # anchors above the threshold, about as many as a crowded photograph gives


def picture() -> NDArray[np.uint8]:
    """(480, 640, 3): blurred noise."""
    from model.opencv import cv2

    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    smooth = np.asarray(cv2.GaussianBlur(noise, (0, 0), 5), np.float32)
    return np.clip((smooth - smooth.mean()) / smooth.std() * 50 + 128, 0, 255).astype(np.uint8)


def save_picture(path: Path) -> None:
    """The picture as a JPEG."""
    from model.opencv import cv2

    cv2.imwrite(str(path), picture()[..., ::-1])


def lively_weights(folder: Path, config: str, pixels: NDArray[np.uint8] | None = None) -> Path:
    """Random weights of a configuration, its background so likely that some things are found in `pixels`."""
    import torch

    from model import checkpoint
    from model.card import WEIGHTS_FILE, ModelCard
    from model.categories import names
    from model.config import CONFIGS
    from model.transforms import to_input
    from model.yolact import build

    torch.manual_seed(0)
    chosen = CONFIGS[config]
    model = build(chosen).eval()
    with torch.inference_mode():
        image = to_input(picture() if pixels is None else pixels, chosen)
        raw = model(image)
        spread = raw.class_logits.std()
        _liven(model, raw)
        layer = model.prediction_layers[0].conf_layer
        assert isinstance(layer, torch.nn.Conv2d)
        assert layer.bias is not None
        layer.weight *= LOGITS / spread
        logits = model(image).class_logits[0]
        low, high = 0.0, 40.0  # of the background's lead
        for _ in range(12):
            lead = (low + high) / 2
            raised = torch.cat([logits[:, :1] + lead, logits[:, 1:]], 1)
            above = int((raised.softmax(1)[:, 1:].amax(1) > MIN_SCORE).sum())
            low, high = (lead, high) if above > CANDIDATES else (low, lead)
        layer.bias.view(chosen.anchors_per_cell, -1)[:, 0] += high
    path = folder / config / WEIGHTS_FILE
    checkpoint.save(model, ModelCard(config, chosen, names(chosen.classes)), path)
    return path


def _liven(model: Yolact, raw: RawOutput) -> None:
    """Prototypes and coefficients of about 1, so that masks have pixels."""
    import torch

    last, wanted = model.proto_net[-1], model.prediction_layers[0].mask_layer
    assert isinstance(last, torch.nn.Conv2d)
    assert isinstance(wanted, torch.nn.Conv2d)
    last.weight *= 1 / raw.prototypes.std().clamp(min=1e-30)
    wanted.weight *= 1 / raw.coefficients.std().clamp(min=1e-30)

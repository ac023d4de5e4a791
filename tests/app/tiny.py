"""A real network, as small and as untrained as can be, saved as a model version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path


def save_tiny(folder: Path, categories: Sequence[str] = ("cat", "dog"), *, size: int = 128) -> Path:
    """Weights and card in `folder`, which gives the version its name. The weights file's path."""
    import torch

    from model import checkpoint
    from model.card import WEIGHTS_FILE, ModelCard
    from model.config import CONFIGS
    from model.yolact import build

    torch.manual_seed(1)
    config = replace(CONFIGS["lite"], name="tiny", classes=len(categories), input_size=size)
    path = folder / WEIGHTS_FILE
    checkpoint.save(build(config), ModelCard(folder.name, config, tuple(categories)), path, half=True)
    return path

"""Which device to compute on: auto, cpu, cuda, cuda:n or mps."""

from __future__ import annotations

import re

import torch

from model.errors import InputError


def choose_device(name: str) -> torch.device:
    """The device meant; `auto` takes a GPU where there is one. Raises InputError, in one line."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        raise InputError(f"expected a device out of auto, cpu, cuda, cuda:n and mps, got {name!r}")
    device = torch.device(name)
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise InputError(f"expected a CUDA device below {count}, got {name!r}: use --device auto or cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise InputError("expected a device of this machine, got 'mps': use --device auto or cpu")
    return device

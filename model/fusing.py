"""Folds batch norms into the convolutions before them, for inference: fewer steps, the same numbers.

A batch norm that is registered directly after a convolution in the same module belongs to it; all of our
modules are written so.
"""

from __future__ import annotations

import torch
from torch import nn


def fold_batch_norms(module: nn.Module) -> int:
    """Fold in place, everywhere below `module` (in evaluation mode). Gives how many were folded."""
    folded = 0
    previous: nn.Module | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.BatchNorm2d) and isinstance(previous, nn.Conv2d):
            _fold(previous, child)
            setattr(module, name, nn.Identity())
            folded += 1
        else:
            folded += fold_batch_norms(child)
        previous = child
    return folded


@torch.no_grad()
def _fold(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    bias = norm.bias.double() - norm.running_mean.double() * scale
    if convolution.bias is not None:
        bias += convolution.bias.double() * scale
    weight = convolution.weight.double() * scale[:, None, None, None]
    convolution.weight = nn.Parameter(weight.float())
    convolution.bias = nn.Parameter(bias.float())

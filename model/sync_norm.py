"""Batch norm over all processes of a run, so that many train as one with the same global batch would.

torch's own SyncBatchNorm is for GPUs only; this one is plain tensor arithmetic and works on any device that
`torch.distributed` sums on. Every process must hold equally many values a channel.
"""

from __future__ import annotations

import torch
import torch.distributed as dist
from torch import Tensor, nn


class _Sum(torch.autograd.Function):
    """The sum over all processes; its gradient is summed likewise."""

    @staticmethod
    def forward(ctx: object, value: Tensor) -> Tensor:
        total = value.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: object, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


class SharedNorm(nn.BatchNorm2d):
    """nn.BatchNorm2d with the statistics of all processes while it trains."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, c, h, w) of this process -> the same, normalised by the mean and variance of all."""
        if not self.training or self.running_mean is None or self.running_var is None:
            return super().forward(input)
        world = dist.get_world_size()
        mean = _sum(input.mean((0, 2, 3))) / world
        centred = input - mean[:, None, None]
        variance = _sum(centred.square().mean((0, 2, 3))) / world
        count = input.numel() // input.shape[1] * world
        with torch.no_grad():
            momentum = self.momentum if self.momentum is not None else 0.1
            self.running_mean.lerp_(mean, momentum)
            self.running_var.lerp_(variance * count / max(count - 1, 1), momentum)
            if self.num_batches_tracked is not None:
                self.num_batches_tracked.add_(1)
        scale = self.weight / (variance + self.eps).sqrt()
        return centred * scale[:, None, None] + self.bias[:, None, None]


def _sum(value: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(value)
    return total


def share_norms(network: nn.Module) -> None:
    """Let the batch norms that train (are in training mode) take the statistics of all processes."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d and module.training:
            module.__class__ = SharedNorm  # the same parameters, buffers, hooks and keys

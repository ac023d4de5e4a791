"""Batch norm over all images of a step, whichever lanes (`model/lanes.py`) and processes hold them.

torch's own SyncBatchNorm is for GPUs only; this one works on any device that `torch.distributed` sums on.
Every lane and process must hold equally many values a channel. Statistics are gathered in double precision,
in one sum forward and one backward.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from model.lanes import copies, lane, total


class _Normalise(torch.autograd.Function):
    """(B, c, h, w), weight, bias, eps -> normalised, mean (c,), variance (c,), both of all images."""

    @staticmethod
    def forward(
        ctx: Any, given: Tensor, weight: Tensor, bias: Tensor, eps: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        own_mean, own_variance = (
            part.double() for part in torch.batch_norm_update_stats(given, None, None, 0)
        )
        sums = total(torch.stack((own_mean, own_variance + own_mean.square()))) / copies()
        mean = sums[0].to(given.dtype)
        variance = (sums[1] - sums[0].square()).clamp(min=0).to(given.dtype)
        ctx.save_for_backward(given, weight, mean, variance)
        ctx.eps = eps
        ctx.mark_non_differentiable(mean, variance)
        return torch.batch_norm(given, weight, bias, mean, variance, False, 0, eps, False), mean, variance

    @staticmethod
    def backward(ctx: Any, *outside: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        given, weight, mean, variance = ctx.saved_tensors
        # As if the statistics were constants; what they carry comes below.
        plain, for_weight, for_bias = torch.ops.aten.native_batch_norm_backward(
            outside[0], given, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
        )
        both = total(torch.stack((for_weight, for_bias)).double())
        count = given.numel() // given.shape[1] * copies()
        inverse = (variance.double() + ctx.eps).rsqrt()
        slope = -(weight * inverse * inverse * both[0]) / count
        offset = -(weight * inverse * both[1]) / count - slope * mean
        plain.addcmul_(given, _channels(slope, given)).add_(_channels(offset, given))
        return plain, for_weight, for_bias, None


def _channels(value: Tensor, like: Tensor) -> Tensor:
    return value.to(like.dtype)[:, None, None]


class SharedNorm(nn.BatchNorm2d):
    """nn.BatchNorm2d with the statistics of all images while it trains."""

    def forward(self, input: Tensor) -> Tensor:
        """(B, c, h, w) of this lane -> the same, normalised by the mean and variance of all."""
        if not self.training or self.running_mean is None or self.running_var is None:
            return super().forward(input)
        result, mean, variance = _Normalise.apply(input, self.weight, self.bias, self.eps)
        if lane() == 0:
            count = input.numel() // input.shape[1] * copies()
            with torch.no_grad():
                momentum = self.momentum if self.momentum is not None else 0.1
                self.running_mean.lerp_(mean, momentum)
                self.running_var.lerp_(variance * (count / max(count - 1, 1)), momentum)
                if self.num_batches_tracked is not None:
                    self.num_batches_tracked.add_(1)
        normalised: Tensor = result
        return normalised


def share_norms(network: nn.Module) -> None:
    """Let the batch norms that train (are in training mode) take the statistics of all images."""
    for module in network.modules():
        if type(module) is nn.BatchNorm2d and module.training:
            module.__class__ = SharedNorm  # the same parameters, buffers, hooks and keys

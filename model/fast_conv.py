"""A convolution for inference on CPUs: weights laid out once, sum and activation done in the same pass.

It calls the oneDNN operators that torch's own compiler calls, without needing a compiler. Maps are
(B, c, h, w) in channels-last memory; numbers are those of `nn.Conv2d` within float noise.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.backbones.efficientnet_lite import SameConv2d

Activation = tuple[str, tuple[float, ...]]  # oneDNN's name of it, and its numbers
NONE: Activation = ("none", ())


def available() -> bool:
    """Whether this torch has the operators."""
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_pointwise")


class FastConv(nn.Module):
    """What an `nn.Conv2d` does, and then `sum` with another map, and then an activation."""

    def __init__(self, convolution: nn.Conv2d, activation: Activation = NONE) -> None:
        super().__init__()
        self.same = isinstance(convolution, SameConv2d)
        self.weight: Tensor | None = convolution.weight.detach()
        self.bias = None if convolution.bias is None else convolution.bias.detach()
        self.kernel, self.stride = tuple(convolution.kernel_size), tuple(convolution.stride)
        self.padding, self.dilation = convolution.padding, tuple(convolution.dilation)
        self.groups = convolution.groups
        self.activation = activation
        self._packed: Tensor | None = None  # the weights in oneDNN's order for the first map seen

    def forward(self, x: Tensor, other: Tensor | None = None) -> Tensor:
        """x (B, c, h, w), `other` of the result's shape: activation(convolution(x) + other)."""
        x, padding = self._padded(x.contiguous(memory_format=torch.channels_last))
        packed = self._pack(x, padding) if self._packed is None else self._packed
        name, numbers = self.activation
        rest = (packed, self.bias, padding, self.stride, self.dilation, self.groups)
        if other is None:
            operator: Any = torch.ops.mkldnn._convolution_pointwise
            return operator(x, *rest, name, list(numbers), "")
        unary = (None, [], None) if name == "none" else (name, list(numbers), "")
        other = other.contiguous(memory_format=torch.channels_last)
        return torch.ops.mkldnn._convolution_pointwise.binary(x, other, *rest, "add", 1.0, *unary)

    def _padded(self, x: Tensor) -> tuple[Tensor, tuple[int, int]]:
        if not self.same:
            assert not isinstance(self.padding, str)
            return x, (self.padding[0], self.padding[1])
        totals = [
            max((-(-size // stride) - 1) * stride + kernel - size, 0)
            for size, stride, kernel in zip(x.shape[2:], self.stride, self.kernel, strict=True)
        ]
        if any(total % 2 for total in totals):
            down, across = totals
            sides = (across // 2, across - across // 2, down // 2, down - down // 2)
            return F.pad(x, sides), (0, 0)
        return x, (totals[0] // 2, totals[1] // 2)

    def _pack(self, x: Tensor, padding: tuple[int, int]) -> Tensor:
        assert self.weight is not None
        reorder: Any = torch._C._nn.mkldnn_reorder_conv2d_weight
        self._packed = reorder(
            self.weight.to_mkldnn(),
            list(padding),
            list(self.stride),
            list(self.dilation),
            self.groups,
            list(x.shape),
        )
        self.weight = None
        assert self._packed is not None
        return self._packed

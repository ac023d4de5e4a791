"""A 3x3 convolution by Winograd's minimal filtering, F(4 x 4, 3 x 3): a quarter of the multiplications.

Lavin and Gray, arXiv 1509.09308: an output tile of 4 x 4 comes from an input tile of 6 x 6 as
A' [ (G g G') * (B' d B) ] A. Here all tiles are one batch of 36 matrix products over the channels, and the
transforms are matrix products, too, so that everything runs at the speed of the machine's own library. The
points 0, +-3/4, +-3/2 and infinity keep float32's noise at a few 1e-6 of the result's spread.
Maps are (B, c, h, w) in channels-last memory.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.fast_conv import NONE, Activation, FastConv

POINTS = (0.0, 0.75, -0.75, 1.5, -1.5)
LEAST_CELLS = 2000  # of a map: below, there are too few tiles to pay for the transforms
LEAST_INPUTS, LEAST_OUTPUTS = 192, 96  # channels, likewise
TILES = 400  # worked on at once, so that they stay in the processor's cache


def transforms() -> tuple[Tensor, Tensor, Tensor]:
    """A' (4, 6), G (6, 3), B' (6, 6) of `POINTS` and infinity, float64."""
    outer = torch.tensor(POINTS, dtype=torch.float64)
    a = torch.stack([outer**power for power in range(4)])
    a = torch.cat([a, torch.tensor([[0.0], [0.0], [0.0], [1.0]], dtype=torch.float64)], 1)
    g, b = torch.zeros(6, 3, dtype=torch.float64), torch.zeros(6, 6, dtype=torch.float64)
    for row, point in enumerate(POINTS):
        others = [other for other in POINTS if other != point]
        share = math.prod(point - other for other in others)
        g[row] = torch.tensor([point**power / share for power in range(3)])
        b[row, :5] = _with_roots(others)
    g[5, 2] = 1
    b[5] = _with_roots(POINTS)
    return a, g, b


def _with_roots(roots: tuple[float, ...] | list[float]) -> Tensor:
    """Coefficients, lowest power first, of the polynomial with these roots."""
    found = torch.ones(1, dtype=torch.float64)
    for root in roots:
        found = F.pad(found, (1, 0)) - root * F.pad(found, (0, 1))
    return found


def worthwhile(convolution: nn.Conv2d) -> bool:
    """Whether a convolution is one that this makes faster, where its map is large enough."""
    return (
        type(convolution) is nn.Conv2d
        and convolution.kernel_size == (3, 3)
        and convolution.stride == (1, 1)
        and convolution.padding == (1, 1)
        and convolution.dilation == (1, 1)
        and convolution.groups == 1
        and convolution.in_channels >= LEAST_INPUTS
        and convolution.out_channels >= LEAST_OUTPUTS
    )


class Workspace:
    """Memory that all Winograd steps of one network use in turn."""

    def __init__(self) -> None:
        self._flat: dict[str, Tensor] = {}
        self._padded: dict[tuple[int, ...], Tensor] = {}

    def flat(self, name: str, count: int) -> Tensor:
        """(count,) float32, whatever it held before."""
        if name not in self._flat or len(self._flat[name]) < count:
            self._flat[name] = torch.empty(count)
        return self._flat[name][:count]

    def padded(self, height: int, width: int, channels: int) -> Tensor:
        """(height, width, channels) float32 with zeros wherever nobody wrote."""
        key = height, width, channels
        if key not in self._padded:
            self._padded[key] = torch.zeros(key)
        return self._padded[key]


class WinogradConv(nn.Module):
    """A 3x3 convolution with stride and padding 1, then an activation; small maps take the direct way."""

    def __init__(self, convolution: nn.Conv2d, activation: Activation, space: Workspace) -> None:
        super().__init__()
        self.direct = FastConv(convolution, activation)
        self.activation = activation
        self.space = space
        a, g, b = transforms()
        weight = convolution.weight.detach().double()
        spectrum = torch.einsum("ai,kcij,bj->abck", g, weight, g)
        self.inputs, self.outputs = convolution.in_channels, convolution.out_channels
        self.spectrum = spectrum.reshape(36, self.inputs, self.outputs).float().contiguous()
        self.forth, self.back = torch.kron(b, b).float(), torch.kron(a, a).float()  # (36, 36), (16, 36)
        bias = convolution.bias
        self.bias = torch.zeros(self.outputs) if bias is None else bias.detach().float()

    def forward(self, x: Tensor) -> Tensor:
        """x (B, c, h, w): activation(convolution(x))."""
        if x.shape[2] * x.shape[3] < LEAST_CELLS:
            return self.direct(x)
        shape = (len(x), self.outputs, *x.shape[2:])
        result = torch.empty(shape, memory_format=torch.channels_last)
        for image, target in zip(x, result, strict=True):
            self._one(image.permute(1, 2, 0), target.permute(1, 2, 0))
        return result

    def _one(self, image: Tensor, target: Tensor) -> None:
        """One image, (h, w, c), into (h, w, k)."""
        height, width, channels = image.shape
        down, across = -(-height // 4), -(-width // 4)  # tiles
        side = 4 * across + 2
        padded = self.space.padded(4 * down + 2, side, channels)
        padded[1 : height + 1, 1 : width + 1].copy_(image)
        rows = -(-down // -(-down * across // TILES))
        for first in range(0, down, rows):
            count = min(rows, down - first)
            tiles = count * across
            strides = side * channels, channels, 4 * side * channels, 4 * channels, 1
            cut = padded.as_strided((6, 6, count, across, channels), strides, 4 * first * side * channels)
            most = 36 * tiles * max(channels, self.outputs)
            here, there = self.space.flat("here", most), self.space.flat("there", most)
            taken = here[: 36 * tiles * channels]
            taken.view(6, 6, count, across, channels).copy_(cut)
            moved = there[: 36 * tiles * channels].view(36, -1)
            torch.mm(self.forth, taken.view(36, -1), out=moved)
            product = here[: 36 * tiles * self.outputs].view(36, tiles, self.outputs)
            torch.bmm(moved.view(36, tiles, channels), self.spectrum, out=product)
            back = there[: 16 * tiles * self.outputs].view(16, -1)
            torch.mm(self.back, product.view(36, -1), out=back)
            # (tile row, row, tile, column, channel) is the image's own order
            ordered = here[: 16 * tiles * self.outputs].view(count, 4, across, 4, self.outputs)
            sources = back.view(4, 4, count, across, self.outputs).permute(2, 0, 3, 1, 4)
            torch.add(sources, self.bias, out=ordered)
            piece = ordered.view(4 * count, 4 * across, self.outputs)
            end = min(4 * (first + count), height)
            self._activate(piece[: end - 4 * first, :width], target[4 * first : end])

    def _activate(self, values: Tensor, target: Tensor) -> None:
        name, numbers = self.activation
        if name == "relu":
            torch.clamp_min(values, 0, out=target)
        elif name == "hardtanh":
            torch.clamp(values, *numbers, out=target)
        elif name == "leaky_relu":
            target.copy_(F.leaky_relu(values, numbers[0]))
        else:
            assert self.activation == NONE
            target.copy_(values)

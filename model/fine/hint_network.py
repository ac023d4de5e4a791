"""The part of the network of fine prototypes that sees hints: what else they mean, beside what they touch.

Linear algebra makes an answer obey its hints; where one hint means a whole limb or a neighbour, more has to
follow. This part sees the answer, the hints and what the first part found in the crop, and says by how much
the logits should change. A U of convolutions from half of the crop's side down to a sixteenth and back.
After RITM (Sofiiuk et al., 2021): discs at the clicks and the present mask as input, trained by clicking.
Frame: cells of the crop.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.fine.layers import Separable

MAPS = 8  # see `model.fine.hint_maps`
STILL = 2  # the first maps, which no hint changes
INNER = (24, 32, 64, 128)  # channels at a half, quarter, eighth, sixteenth of the crop's side


class HintNetwork(nn.Module):
    """Features of the first part and maps of the hints -> change of the logits, on the cells."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(
            nn.Conv2d(width, inner, 1) for width, inner in zip(widths, INNER, strict=True)
        )
        self.enter = nn.Conv2d(MAPS, INNER[1], 5, stride=2, padding=2)
        self.down = nn.ModuleList(nn.Conv2d(INNER[i], INNER[i + 1], 3, stride=2, padding=1) for i in (1, 2))
        self.on_the_way = nn.ModuleList([Separable(INNER[1]), Separable(INNER[2])])
        self.deepest = nn.Sequential(*(Separable(INNER[3]) for _ in range(3)))
        self.all_over = nn.Conv2d(INNER[3], INNER[3], 1)
        self.up = nn.ModuleList(nn.Conv2d(INNER[i + 1], INNER[i], 1) for i in range(3))
        self.back = nn.ModuleList(
            [
                Separable(INNER[0]),
                nn.Sequential(Separable(INNER[1]), Separable(INNER[1])),
                nn.Sequential(Separable(INNER[2]), Separable(INNER[2])),
            ]
        )
        self.near = nn.Conv2d(MAPS, INNER[0], 3, padding=1)
        self.change = nn.Conv2d(INNER[0], 1, 1)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor, features: Sequence[Tensor]) -> Tensor:
        """Maps (B, 8, c, c), features (B, widths[i], c / 2^i, c / 2^i) -> (B, c, c)."""
        return self.change_of(maps[:, STILL:], self.prepare(maps[:, :STILL], features))

    def prepare(self, still: Tensor, features: Sequence[Tensor]) -> list[Tensor]:
        """The part that is the same for all hints: still maps (B, 2, c, c) and features ->
        (B, INNER[i], c / 2^i, c / 2^i).
        """
        ready = [lateral(each) for lateral, each in zip(self.lateral, features, strict=True)]
        ready[0] = ready[0] + F.conv2d(still, self.near.weight[:, :STILL], self.near.bias, padding=1)
        ready[1] = ready[1] + F.conv2d(still, self.enter.weight[:, :STILL], self.enter.bias, 2, 2)
        return ready

    def change_of(self, moving: Tensor, ready: Sequence[Tensor]) -> Tensor:
        """The other maps (B, 6, c, c) and what was prepared -> (B, c, c)."""
        entering = F.conv2d(moving, self.enter.weight[:, STILL:], stride=2, padding=2)
        quarter = self.on_the_way[0](F.relu(entering + ready[1]))
        eighth = self.on_the_way[1](F.relu(self.down[0](quarter) + ready[2]))
        deep = F.relu(self.down[1](eighth) + ready[3])
        everywhere = self.all_over(torch.mean(deep, (2, 3), keepdim=True))
        deep = self.deepest(F.relu(deep + everywhere))
        eighth = self.back[2](F.relu(eighth + _twice(self.up[2](deep))))
        quarter = self.back[1](F.relu(quarter + _twice(self.up[1](eighth))))
        near = F.conv2d(moving, self.near.weight[:, STILL:], padding=1) + ready[0]
        half = F.relu(near + _twice(self.up[0](quarter)))
        return self.change(self.back[0](half))[:, 0]


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear")

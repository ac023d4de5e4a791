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
        features = [lateral(each) for lateral, each in zip(self.lateral, features, strict=True)]
        quarter = F.relu(self.enter(maps) + features[1])
        quarter = self.on_the_way[0](quarter)
        eighth = self.on_the_way[1](F.relu(self.down[0](quarter) + features[2]))
        deep = F.relu(self.down[1](eighth) + features[3])
        everywhere = self.all_over(torch.mean(deep, (2, 3), keepdim=True))
        deep = F.relu(deep + everywhere.expand_as(deep))  # OpenCV adds nothing of another shape
        deep = self.deepest(deep)
        eighth = self.back[2](F.relu(eighth + _twice(self.up[2](deep))))
        quarter = self.back[1](F.relu(quarter + _twice(self.up[1](eighth))))
        half = F.relu(features[0] + self.near(maps) + _twice(self.up[0](quarter)))
        return self.change(self.back[0](half))[:, 0]


def _twice(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear")

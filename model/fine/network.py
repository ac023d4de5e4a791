"""The network of fine prototypes: what one instance's crop is made of, and its mask drawn anew.

It sees the crop and the mask that is there, once, before the first hint. Out come `k` pictures (features
whose likeness says what belongs together, for the helper rows of `model.local_solving`) and logits of a first
answer of its own. Hints are answered by linear algebra on these. A small second part, `again`, sees every
answer with its hints and what the first part found, and says what else they mean.

Nearest known: deep kernels of GPCIS (interactive segmentation as Gaussian process classification, CVPR 2023).
The encoder is EfficientNet-Lite0 up to stride 16. Frame: the crop stretched to a square, cell centres at
j + 0.5.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.backbones.efficientnet_lite import EfficientNetLite
from model.fine.hint_network import HintNetwork
from model.fine.layers import Separable

PICTURES = 16
TAPS = (0, 2, 4, 10)  # blocks of the encoder whose outputs are used: stride 2, 4, 8, 16
TAP_CHANNELS = (16, 24, 40, 112)
WIDTHS = (24, 32, 48, 64)  # of the decoder, at these strides


class FineNetwork(nn.Module):
    """Crops (B, 3, s, s) normalised as for EfficientNet-Lite0, masks (B, 1, s, s) of -1 and 1."""

    def __init__(self) -> None:
        super().__init__()
        body = EfficientNetLite()
        self.stem, self.stem_norm = body._conv_stem, body._bn0
        self.mask_stem = nn.Conv2d(2, 32, 3, stride=2, padding=1, bias=False)
        nn.init.zeros_(self.mask_stem.weight)
        self.blocks = nn.ModuleList(list(body._blocks)[: TAPS[-1] + 1])
        self.lateral = nn.ModuleList(
            nn.Conv2d(inputs, width, 1) for inputs, width in zip(TAP_CHANNELS, WIDTHS, strict=True)
        )
        self.down = nn.ModuleList(nn.Conv2d(below, width, 1) for width, below in pairwise(WIDTHS))
        self.mix = nn.ModuleList(nn.Sequential(Separable(width), Separable(width)) for width in WIDTHS)
        self.close = nn.Conv2d(3 + 1, WIDTHS[0], 5, stride=2, padding=2)  # edges at full resolution
        self.pictures = nn.Conv2d(WIDTHS[0], PICTURES, 1)
        self.first = nn.Conv2d(WIDTHS[0], 1, 1)
        self.steepness = nn.Parameter(torch.tensor(0.0))  # of the helper rows with distance: exp of it
        self.again = HintNetwork(WIDTHS)

    def load_encoder(self) -> None:
        """Take the ImageNet weights of the installed package."""
        body = EfficientNetLite()
        body.load_pretrained()
        self.stem.load_state_dict(body._conv_stem.state_dict())
        self.stem_norm.load_state_dict(body._bn0.state_dict())
        self.blocks.load_state_dict(nn.ModuleList(list(body._blocks)[: TAPS[-1] + 1]).state_dict())

    def forward(self, crops: Tensor, masks: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """-> pictures (B, k, s/2, s/2), the first answer's logits (B, s/2, s/2), features for `again`.

        The features: (B, WIDTHS[i], s / 2^(i+1), s / 2^(i+1)), finest first.
        """
        soft = F.avg_pool2d(masks, 9, stride=1, padding=4)
        x = self.stem(crops) + self.mask_stem(torch.cat([masks, soft], 1))
        x = F.relu6(self.stem_norm(x))
        taps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in TAPS:
                taps.append(x)
        out: Tensor | None = None
        features: list[Tensor] = []
        for level in reversed(range(len(TAPS))):
            y = self.lateral[level](taps[level])
            if level == 0:
                y = y + self.close(torch.cat([crops, masks], 1))
            if out is not None:
                y = y + F.interpolate(self.down[level](out), scale_factor=2.0, mode="bilinear")
            out = self.mix[level](F.relu(y))
            features.insert(0, out)
        assert out is not None
        return self.pictures(out), self.first(out)[:, 0], features

"""YOLACT++'s mask re-scoring: predicts how well each soft mask covers its object.

Frame: cells of the prototypes. Key names are the published ones (`maskiou_net.maskiou_net.<i>`).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTHS = (1, 8, 16, 32, 64, 128)


class MaskIouNet(nn.Module):
    """Five strided convolutions, one 1x1 to the classes (with ReLU), maximum over the map."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(WIDTHS):
            layers += [nn.Conv2d(inputs, outputs, 3, stride=2), nn.ReLU()]
        self.maskiou_net = nn.Sequential(*layers, nn.Conv2d(WIDTHS[-1], classes, 1), nn.ReLU())

    def forward(self, masks: Tensor) -> Tensor:
        """(n, h, w) soft, cropped masks -> (n, classes) predicted IoU."""
        return self.maskiou_net(masks[:, None]).amax((2, 3))


def soft_masks(prototypes: Tensor, coefficients: Tensor, boxes: Tensor) -> Tensor:
    """(h, w, k), (n, k), (n, 4) relative xyxy -> (n, h, w): sigmoid, cropped with a padding of one cell."""
    masks = torch.sigmoid(coefficients @ prototypes.flatten(0, 1).t())
    return masks.unflatten(1, prototypes.shape[:2]) * crop_window(boxes, *prototypes.shape[:2])


def crop_window(boxes: Tensor, height: int, width: int, padding: float = 1.0) -> Tensor:
    """(n, 4) relative xyxy -> (n, h, w) bool: cells j with x1 * w - padding <= j < x2 * w + padding."""

    def inside(low: Tensor, high: Tensor, cells: int) -> Tensor:
        index = torch.arange(cells, device=boxes.device)
        first = (torch.minimum(low, high) * cells - padding).clamp(min=0)
        last = (torch.maximum(low, high) * cells + padding).clamp(max=cells)
        return (index >= first[:, None]) & (index < last[:, None])

    x1, y1, x2, y2 = boxes.unbind(1)
    return inside(y1, y2, height)[:, :, None] & inside(x1, x2, width)[:, None, :]

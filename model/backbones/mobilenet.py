"""MobileNetV2 of width 1 (arXiv 1801.04381) as YolactEdge uses it; keys `layers.<group>.<block>.conv...`.

Its last two groups are in the published weights but have no say in the result: they are kept and not run.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from model.backbones.base import Backbone

# expansion, outputs, repeats, stride
GROUPS = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
SELECTED = (3, 4, 6)  # linear outputs of stride 8, 16 and 32


def unit(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution without bias, batch norm, ReLU6."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU6(inplace=True),
    )


class Block(nn.Module):
    """Expand, depthwise, project (linear), plus the input where the shape allows."""

    def __init__(self, inputs: int, outputs: int, *, expansion: int, stride: int) -> None:
        super().__init__()
        width = inputs * expansion
        self.conv = nn.Sequential(
            *([unit(inputs, width, 1)] if expansion != 1 else []),
            unit(width, width, 3, stride=stride, groups=width),
            nn.Conv2d(width, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(Backbone):
    """Stem, seven groups of blocks, a last 1x1 unit."""

    channels = (32, 64, 160)

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([unit(3, 32, 3, stride=2)])
        inputs = 32
        for expansion, outputs, repeats, stride in GROUPS:
            blocks = []
            for repeat in range(repeats):
                step = stride if repeat == 0 else 1
                blocks.append(Block(inputs, outputs, expansion=expansion, stride=step))
                inputs = outputs
            self.layers.append(nn.Sequential(*blocks))
        self.layers.append(unit(inputs, 1280, 1))

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, s, s) -> C3 (B, 32, ...), C4 (B, 64, ...), C5 (B, 160, ...)."""
        x = images
        features = []
        for index, group in enumerate(self.layers[: SELECTED[-1] + 1]):
            x = group(x)
            if index in SELECTED:
                features.append(x)
        return features

    def load_classifier(self, state: Mapping[str, Tensor]) -> None:
        """Take a MobileNetV2 classifier's weights by the order of its keys, as YolactEdge does."""
        own = self.state_dict()
        values = [value for key, value in state.items() if not key.startswith("classifier.")]
        if len(values) != len(own):
            raise RuntimeError(f"expected {len(own)} tensors before the classifier, got {len(values)}")
        self.load_state_dict(dict(zip(own, values, strict=True)))

    def load_pretrained(self) -> None:
        """Take torchvision's default ImageNet weights, downloaded once. InputError without network."""
        from model.backbones.imagenet import default_weights

        self.load_classifier(default_weights("mobilenet_v2"))

"""What a network is made of: one frozen value a configuration, the published family in one table.

Importing this imports no torch. Pixels are *model* pixels (after the resize to the square input). Sources:
YOLACT (arXiv 1904.02689), YOLACT++ (1912.06218), YolactEdge (2012.12259) and their released settings.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from model.errors import WeightsError

ConvKind = Literal["plain", "separable"]
NmsKind = Literal["fast", "cross-class", "traditional"]
IMAGENET_MEAN = (123.68, 116.78, 103.94)
IMAGENET_STD = (58.40, 57.12, 57.38)
RESCORING_CELLS = 63  # five 3x3 convolutions of stride 2 without padding leave 31, 15, 7, 3, 1
RESCORING_INPUT = 249  # the smallest input whose prototypes have as many cells a side: 64


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Everything that fixes a network's shape, its anchors, its input and how detections are chosen."""

    name: str
    backbone: str = "resnet50"  # a name of `model.backbones.BACKBONES`
    classes: int = 80  # without the background
    # input
    input_size: int = 550  # the image is stretched to a square of this side
    mean: tuple[float, float, float] = IMAGENET_MEAN  # red, green, blue, of values 0..255
    std: tuple[float, float, float] = IMAGENET_STD
    antialias: bool = False  # average when shrinking the image; published networks expect plain bilinear
    # anchors: one tuple of scales (pixels) for each pyramid level, P3 first
    anchor_scales: tuple[tuple[float, ...], ...] = ((24,), (48,), (96,), (192,), (384,))
    anchor_ratios: tuple[float, ...] = (1.0, 0.5, 2.0)  # width / height
    square_anchors: bool = True  # height takes the width's formula, as most published weights were trained
    # pyramid
    pyramid_channels: int = 256
    pyramid_conv: ConvKind = "plain"
    pyramid_norm: bool = False  # batch norm after each 3x3 of pyramid and protonet
    # protonet: on P3, `proto_before` convolutions, x2, `proto_after` convolutions, 1x1 to k
    prototypes: int = 32  # k
    proto_channels: int = 256
    proto_before: int = 3
    proto_after: int = 1
    proto_conv: ConvKind = "plain"
    # head, one for all levels
    head_channels: int = 256
    head_depth: int = 1  # 3x3 convolutions shared by the three outputs
    head_conv: ConvKind = "plain"
    head_kernel: int = 3  # of the three output convolutions
    # YOLACT++
    rescoring: bool = False  # mask re-scoring network
    # detection
    nms: NmsKind = "fast"
    score_threshold: float = 0.05
    nms_iou: float = 0.5
    nms_top_k: int = 200  # candidates a class before NMS
    max_detections: int = 100

    def __post_init__(self) -> None:
        if len(self.anchor_scales) < 3:
            raise ValueError(
                f"anchor_scales: expected one tuple a level, 3 or more, got {self.anchor_scales}"
            )
        if self.input_size < 64 or self.classes < 1 or self.prototypes < 1:
            raise ValueError(
                f"expected input_size >= 64, classes >= 1 and prototypes >= 1, "
                f"got {self.input_size}, {self.classes} and {self.prototypes}"
            )
        if (
            self.head_kernel % 2 == 0
            or min(*self.std, *self.anchor_ratios, *map(min, self.anchor_scales)) <= 0
        ):
            raise ValueError(
                "expected an odd head_kernel, and std, anchor_ratios and anchor_scales above 0, "
                f"got {self.head_kernel}, {self.std}, {self.anchor_ratios} and {self.anchor_scales}"
            )
        if self.rescoring and self.prototype_size < RESCORING_CELLS:
            raise ValueError(
                f"expected input_size >= {RESCORING_INPUT} for a network that re-scores masks, "
                f"got {self.input_size}: take a larger one, or rescoring=False"
            )

    @property
    def anchors_per_cell(self) -> int:
        return len(self.anchor_scales[0]) * len(self.anchor_ratios)

    @property
    def level_sizes(self) -> tuple[int, ...]:
        """Side of each pyramid level's map, P3 first. Every stride-2 step halves, rounding up."""
        side = self.input_size
        for _ in range(3):
            side = -(-side // 2)
        sizes = [side]
        for _ in self.anchor_scales[1:]:
            sizes.append(-(-sizes[-1] // 2))
        return tuple(sizes)

    @property
    def prototype_size(self) -> int:
        return 2 * self.level_sizes[0]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as written into a model card; `from_dict` reads them back."""
        return asdict(self)

    @staticmethod
    def from_dict(values: Mapping[str, Any], source: str = "the model card's configuration") -> ModelConfig:
        """The configuration of a card, or of `source`. WeightsError: an unknown field, a bad value."""
        known = {field.name for field in fields(ModelConfig)}
        if unknown := sorted(set(values) - known):
            raise WeightsError(
                f"expected the fields of a configuration, got also {', '.join(unknown)}: "
                "the model may come from a newer version of the program"
            )
        tidy = {name: _to_tuple(value) for name, value in values.items()}
        for name, value in tidy.items():
            if expected := _fault(name, value):
                raise WeightsError(
                    f"{source} cannot be used: expected {expected} for {name}, got {values[name]!r}"
                )
        try:
            return ModelConfig(**tidy)
        except (TypeError, ValueError) as error:
            raise WeightsError(f"{source} cannot be used: {error}") from None


def _to_tuple(value: Any) -> Any:
    return tuple(_to_tuple(item) for item in value) if isinstance(value, list | tuple) else value


_NUMBERS = ("mean", "std", "anchor_ratios")
_CHOICES = {
    **dict.fromkeys(("pyramid_conv", "proto_conv", "head_conv"), get_args(ConvKind)),
    "nms": get_args(NmsKind),
}
_MAY_BE_ZERO = ("proto_before", "proto_after", "head_depth")  # layers that may be left out


def _fault(name: str, value: Any) -> str:
    """What a field takes, in words, when `value` is something else; else ''."""
    kind = type(getattr(_DEFAULT, name)) if name != "name" else str
    if name in _CHOICES:
        return "" if value in _CHOICES[name] else f"one of {', '.join(_CHOICES[name])}"
    if name == "anchor_scales":
        fine = isinstance(value, tuple) and all(map(_numbers, value)) and len(set(map(len, value))) == 1
        return "" if fine else "a list of numbers for each level, equally many"
    if name in _NUMBERS:
        fine = _numbers(value) and (name == "anchor_ratios" or len(value) == 3)
        return "" if fine else ("numbers" if name == "anchor_ratios" else "three numbers")
    if kind is int:
        least = 0 if name in _MAY_BE_ZERO else 1
        fine = isinstance(value, int) and not isinstance(value, bool) and value >= least
        return "" if fine else f"a whole number of {least} or more"
    if kind is float:
        return "" if _is_number(value) and value >= 0 else "a number of 0 or more"
    return "" if isinstance(value, kind) else {bool: "True or False", str: "a name"}[kind]


def _numbers(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _scaled(size: int) -> tuple[tuple[float, ...], ...]:
    """The published scales of 550 for another input size, truncated as published."""
    return tuple((float(int(scale / 550 * size)),) for scale in (24, 48, 96, 192, 384))


_DEFAULT = ModelConfig("")
_BASE = ModelConfig("yolact_base", backbone="resnet101")
_PLUS = ModelConfig(
    "yolact_plus_base",
    backbone="resnet101_dcn",
    anchor_scales=tuple(
        tuple(scale * 2 ** (third / 3) for third in range(3)) for scale in (24, 48, 96, 192, 384)
    ),
    square_anchors=False,
    rescoring=True,
)
_LITE = ModelConfig(
    "lite",
    backbone="efficientnet_lite0",
    input_size=416,
    mean=(127.0, 127.0, 127.0),
    std=(128.0, 128.0, 128.0),
    antialias=True,
    anchor_scales=((20,), (40,), (80,), (160,), (320,)),
    square_anchors=False,
    pyramid_channels=96,
    pyramid_norm=True,
    pyramid_conv="separable",
    proto_channels=96,
    proto_before=2,
    proto_after=1,
    proto_conv="separable",
    head_channels=96,
    head_depth=2,
    head_kernel=1,
    score_threshold=0.01,  # its scores mean how well a box fits: low ones can be right
)
_DARKNET = replace(_BASE, name="yolact_darknet53", backbone="darknet53", mean=(0, 0, 0), std=(255, 255, 255))

CONFIGS: dict[str, ModelConfig] = {
    config.name: config
    for config in (
        _LITE,
        replace(_BASE, name="yolact_resnet50", backbone="resnet50"),
        _BASE,
        replace(_BASE, name="yolact_im400", input_size=400, anchor_scales=_scaled(400)),
        replace(_BASE, name="yolact_im700", input_size=700, anchor_scales=_scaled(700)),
        _DARKNET,
        replace(
            _BASE,
            name="yolact_resnet50_pascal",
            backbone="resnet50",
            classes=20,
            anchor_scales=((32,), (64,), (128,), (256,), (512,)),
            square_anchors=False,
        ),
        _PLUS,
        replace(_PLUS, name="yolact_plus_resnet50", backbone="resnet50_dcn"),
        replace(_BASE, name="yolact_edge"),
        replace(_BASE, name="yolact_edge_resnet50", backbone="resnet50"),
        replace(_BASE, name="yolact_edge_mobilenetv2", backbone="mobilenetv2"),
    )
}

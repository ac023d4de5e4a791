"""A configuration's parts as a drawing: what is computed from what, with sizes and parameters. SVG text.

    python -m model.figure [CONFIGURATION LINE ...] [--out DIR]

Everything in it is read from the configuration and the network built from it, so it cannot say anything
else than the code. Colours follow the reader's light or dark scheme. Frame: user units of the drawing.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import torch
from torch import nn

from model.config import CONFIGS, ModelConfig
from model.config_line import parse
from model.yolact import build

STYLE = """
text{font-family:system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;text-anchor:middle;fill:#0f172a}
.t{font-size:14px}.s{font-size:11px;fill:#475569}.h{font-size:12px;fill:#475569}
.title{font-size:17px;font-weight:600;text-anchor:start}.sub{font-size:12px;fill:#475569;text-anchor:start}
rect{fill:#f8fafc;stroke:#64748b}.backbone{fill:#eef2ff;stroke:#4f46e5}.pyramid{fill:#ecfdf5;stroke:#059669}
.proto{fill:#fff7ed;stroke:#ea580c}.head{fill:#fdf2f8;stroke:#db2777}.frame{fill:none;stroke:#94a3b8}
path{stroke:#64748b;stroke-width:1.4;fill:none}.a{marker-end:url(#tip)}.tip{fill:#64748b;stroke:none}
@media (prefers-color-scheme: dark){
text{fill:#f1f5f9}.s,.h,.sub{fill:#a8b4c6}rect{fill:#1e293b;stroke:#94a3b8}
.backbone{fill:#272a5c;stroke:#818cf8}.pyramid{fill:#0c3b30;stroke:#34d399}
.proto{fill:#47260f;stroke:#fb923c}.head{fill:#481b34;stroke:#f472b6}.frame{fill:none;stroke:#64748b}
path{stroke:#a8b4c6}.tip{fill:#a8b4c6}}
""".strip()
WIDTH = 1120
TOP, ROW, BOX = 104, 76, 56  # the first level's row, from row to row, a box' height
BACKBONE_X, PYRAMID_X, PART_X, VALUE_X, LAST_X = 140, 300, 492, 730, 930  # left sides
PART_WIDTH = 206  # of protonet and head
NAMES = {
    "resnet50": "ResNet-50",
    "resnet101": "ResNet-101",
    "resnet50_dcn": "ResNet-50, deformable",
    "resnet101_dcn": "ResNet-101, deformable",
    "darknet53": "DarkNet-53",
    "mobilenetv2": "MobileNetV2",
    "efficientnet_lite0": "EfficientNet-Lite0",
}
NMS = {"fast": "Fast NMS", "cross-class": "Fast NMS over classes", "traditional": "NMS, class by class"}


def drawing(config: ModelConfig) -> str:
    """The SVG of one configuration."""
    with torch.device("meta"):
        network = build(config)
    canvas = _Canvas()
    levels = config.level_sizes
    height = TOP + (len(levels) - 1) * ROW + BOX + 34
    total = _count(network)
    canvas.text(20, 32, config.name, "title")
    canvas.text(20, 52, f"{_millions(total)} parameters, {_anchors(config):,} anchors", "sub")
    _backbone(canvas, config, network)
    _pyramid(canvas, config, network)
    _prototypes(canvas, config, network)
    _head(canvas, config, network)
    _assembly(canvas, config, network)
    return canvas.svg(height)


class _Canvas:
    """Elements, in the order in which they are drawn."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def text(self, x: float, y: float, words: str, style: str = "s") -> None:
        self._lines.append(f'<text x="{x:g}" y="{y:g}" class="{style}">{escape(words)}</text>')

    def box(
        self, x: float, y: float, width: float, words: Sequence[str], style: str, height: float = BOX
    ) -> None:
        """The first of `words` large, the others small, centred."""
        shape = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"'
        self._lines.append(f'<rect {shape} class="{style}"/>')
        line = y + height / 2 - 7.5 * (len(words) - 1) + 5
        for number, word in enumerate(words):
            self.text(x + width / 2, line + 15 * number, word, "s" if number else "t")

    def line(self, *points: tuple[float, float], style: str = "l") -> None:
        steps = " L".join(f"{x:g} {y:g}" for x, y in points)
        self._lines.append(f'<path d="M{steps}" class="{style}"/>')

    def arrow(self, *points: tuple[float, float]) -> None:
        self.line(*points, style="a")

    def svg(self, height: float) -> str:
        tip = '<marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto">'
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" role="img">',
            f"<style>{STYLE}</style>",
            f'<defs>{tip}<path class="tip" d="M0 0 L8 4 L0 8 z"/></marker></defs>',
        ]
        return "\n".join([*head, *self._lines, "</svg>", ""])


def _row(level: float) -> float:
    return TOP + level * ROW


def _backbone(canvas: _Canvas, config: ModelConfig, network: nn.Module) -> None:
    size = config.input_size
    canvas.box(20, _row(1), 90, ("image", f"{size} × {size}", "RGB"), "plain", BOX)
    name = NAMES.get(config.backbone, config.backbone)
    backbone = network.get_submodule("backbone")
    canvas.text(BACKBONE_X + 55, TOP - 28, name, "h")
    canvas.text(BACKBONE_X + 55, TOP - 12, _millions(_count(backbone)), "h")
    middle = _row(1) + BOX / 2
    canvas.arrow((110, middle), (BACKBONE_X - 2, middle))
    channels: Sequence[int] = backbone.channels  # type: ignore[assignment]
    for level, (side, count) in enumerate(zip(config.level_sizes, channels, strict=False)):
        words = (f"C{level + 3}", f"{side} × {side} × {count}")
        canvas.box(BACKBONE_X, _row(level), 110, words, "backbone")
        canvas.arrow((BACKBONE_X + 110, _row(level) + BOX / 2), (PYRAMID_X - 2, _row(level) + BOX / 2))


def _pyramid(canvas: _Canvas, config: ModelConfig, network: nn.Module) -> None:
    count = _millions(_count(network.get_submodule("fpn")))
    canvas.text(PYRAMID_X + 60, TOP - 28, f"pyramid, {config.pyramid_channels} channels", "h")
    canvas.text(PYRAMID_X + 60, TOP - 12, count, "h")
    spine = PART_X - 30
    middle = PYRAMID_X + 60
    rows = [_row(level) + BOX / 2 for level in range(len(config.level_sizes))]
    for level, (side, scales) in enumerate(zip(config.level_sizes, config.anchor_scales, strict=True)):
        sides = " to ".join(f"{scale:.0f}" for scale in dict.fromkeys((scales[0], scales[-1])))
        words = (f"P{level + 3}", f"{side} × {side}", f"anchors {sides}")
        canvas.box(PYRAMID_X, _row(level), 120, words, "pyramid")
        if level in (1, 2):
            canvas.arrow((middle, _row(level)), (middle, _row(level - 1) + BOX + 2))
        if level > 2:
            canvas.arrow((middle, _row(level - 1) + BOX), (middle, _row(level) - 2))
        canvas.line((PYRAMID_X + 120, rows[level]), (spine, rows[level]))
    # From the spine into the head; P3 goes on into the protonet.
    canvas.line((spine, rows[0]), (spine, rows[-1]))
    canvas.arrow((spine, rows[0]), (PART_X - 2, rows[0]))
    canvas.arrow((spine, _row(2.5) + BOX / 2), (PART_X - 2, _row(2.5) + BOX / 2))


def _prototypes(canvas: _Canvas, config: ModelConfig, network: nn.Module) -> None:
    kind = "3×3" if config.proto_conv == "plain" else "separable 3×3"
    words = (
        f"protonet · {_millions(_count(network.get_submodule('proto_net')))}",
        f"{config.proto_before} × {kind}, enlarged × 2,",
        f"{config.proto_after} × {kind}, 1×1, ReLU",
    )
    canvas.box(PART_X, _row(0), PART_WIDTH, words, "proto")
    side = config.prototype_size
    value = ("prototypes", f"{side} × {side} × {config.prototypes}")
    canvas.box(VALUE_X, _row(0), 150, value, "proto")
    canvas.arrow((PART_X + PART_WIDTH, _row(0) + BOX / 2), (VALUE_X - 2, _row(0) + BOX / 2))


def _head(canvas: _Canvas, config: ModelConfig, network: nn.Module) -> None:
    head = _count(network.get_submodule("prediction_layers"))
    kind = "3×3" if config.head_conv == "plain" else "separable 3×3"
    words = (
        f"head · {_millions(head)}",
        "one for all levels:",
        f"{config.head_depth} × {kind}, then three",
        f"{config.head_kernel}×{config.head_kernel} side by side",
        f"{config.anchors_per_cell} anchors a cell",
    )
    canvas.box(PART_X, _row(1.5), PART_WIDTH, words, "head", 2 * ROW + BOX)
    count = f"{_anchors(config):,}"
    values = (
        ("coefficients", f"{count} × {config.prototypes}, tanh"),
        ("classes", f"{count} × {config.classes + 1}"),
        ("boxes", f"{count} × 4"),
    )
    for number, value in enumerate(values):
        y = _row(1.5 + number) + BOX / 2
        canvas.box(VALUE_X, y - BOX / 2, 150, value, "head")
        canvas.arrow((PART_X + PART_WIDTH, y), (VALUE_X - 2, y))


def _assembly(canvas: _Canvas, config: ModelConfig, network: nn.Module) -> None:
    right = VALUE_X + 150
    choose = (NMS[config.nms], f"IoU {config.nms_iou:g}, at most {config.max_detections}")
    canvas.box(LAST_X, _row(2.5), 170, choose, "plain")
    turn, chosen = (right + LAST_X) / 2, _row(2.5) + BOX / 2
    for number in range(3):
        y = _row(1.5 + number) + BOX / 2
        canvas.line((right, y), (turn, y), (turn, chosen))
    canvas.arrow((turn, chosen), (LAST_X - 2, chosen))
    canvas.box(LAST_X, _row(1), 170, ("assembly", "sigmoid(prototypes · c),", "cropped to the box"), "plain")
    first, second = _row(0) + BOX / 2, _row(1) + BOX / 2
    canvas.arrow((right, first), (turn, first), (turn, second), (LAST_X - 2, second))
    canvas.arrow((LAST_X + 85, _row(2.5)), (LAST_X + 85, _row(1) + BOX + 2))
    last = _row(0)
    if config.rescoring:
        count = _millions(_count(network.get_submodule("maskiou_net")))
        canvas.box(LAST_X, last, 170, (f"re-scoring · {count}", "score × predicted IoU"), "plain")
    else:
        canvas.box(LAST_X, last, 170, ("masks", "at the image's size"), "plain")
    canvas.arrow((LAST_X + 85, _row(1)), (LAST_X + 85, last + BOX + 2))


def _count(module: nn.Module) -> int:
    return sum(one.numel() for one in module.parameters())


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M" if count >= 1e5 else f"{count / 1e3:.0f} k"


def _anchors(config: ModelConfig) -> int:
    return sum(side * side for side in config.level_sizes) * config.anchors_per_cell


def main() -> None:
    """Write the drawings of all configurations, or of those named."""
    parser = argparse.ArgumentParser(prog="python -m model.figure", description=__doc__)
    parser.add_argument("lines", nargs="*", metavar="CONFIGURATION", help="names, or configuration lines")
    parser.add_argument("--out", type=Path, default=Path("docs/images/models"), metavar="DIR")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for line in given.lines or CONFIGS:
        if (found := parse(line)) is None:
            parser.error(f"expected the name of a configuration ({', '.join(CONFIGS)}), got {line!r}")
        path = given.out / f"{found.config.name}.svg"
        path.write_text(drawing(found.config), encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()

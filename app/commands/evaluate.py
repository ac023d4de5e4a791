"""`evaluate --model W --data val.json --images DIR`: COCO AP, mask and box, as pycocotools counts it."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.arguments import add_device
from app.commands.context import Context
from app.errors import InputError

SHOWN = ("AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR_100")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "--model",
        required=True,
        metavar="W",
        help="weights, a version's folder or its name, or maskrcnn_resnet50_fpn[:FILE.pth]",
    )
    parser.add_argument("--data", type=Path, required=True, metavar="val.json", help="the truth, a COCO file")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="where its images are")
    add_device(parser)


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Measure and print."""
    from app import versions

    two_stage = arguments.model.startswith("maskrcnn_")  # torchvision's, see model/two_stage.py
    weights = arguments.model if two_stage else versions.find(arguments.model).weights
    if not arguments.data.is_file():
        raise InputError(f"--data: expected a COCO file, got {arguments.data}, where nothing is")
    if not arguments.images.is_dir():
        raise InputError(f"--images: expected a folder, got {arguments.images}, where none is")
    from model.evaluate import evaluate

    scores = evaluate(
        weights,
        arguments.data,
        arguments.images,
        arguments.device,
        progress=context.console.progress("images"),
    )
    say = context.console.say
    say(f"{scores.images} images, {scores.instances} instances")
    say(f"{'':6}" + "".join(f"{name:>10}" for name in SHOWN))
    for kind, values in (("mask", scores.mask), ("box", scores.box)):
        say(f"{kind:6}" + "".join(f"{values[name]:>10.3f}" for name in SHOWN))
    for name, each in scores.per_category.items():
        say(f"{name}: mask AP {each.get('mask', -1):.3f}, box AP {each.get('box', -1):.3f}")
    for reason, count in scores.skipped.items():
        say(f"left out: {count} x {reason}")
    context.console.result({"model": str(weights), **scores.as_dict()})

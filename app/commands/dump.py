"""`dump --model W|FILE.pth --image FILE --out FILE.npz`: every intermediate of one image, as arrays."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.arguments import add_device
from app.commands.context import Context
from app.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--model", required=True, metavar="W|FILE.pth", help="weights, also published ones")
    parser.add_argument("--config", metavar="NAME", help="the configuration of published weights")
    parser.add_argument("--image", type=Path, required=True, metavar="FILE", help="the image")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="the file to write")
    parser.add_argument(
        "--nms",
        choices=("fast", "cross-class", "traditional"),
        default="fast",
        help="how doubles are removed",
    )
    parser.add_argument("--features", action="store_true", help="also the feature maps, C3 to P7")
    add_device(parser)
    parser.set_defaults(device="cpu")  # the numbers of a GPU are others in the last digits


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Run the network once and write what it did."""
    from app import versions
    from model import config_line
    from model.config import CONFIGS
    from model.image_io import read_header

    if arguments.config is not None and config_line.parse(arguments.config) is None:
        raise InputError(f"--config: expected one of {', '.join(CONFIGS)}, got {arguments.config!r}")
    if not arguments.out.parent.is_dir():
        raise InputError(f"expected a folder to write into, got {arguments.out.parent}; make it first")
    weights = versions.find(arguments.model).weights
    read_header(arguments.image)  # says at once what is wrong, before anything heavy is loaded
    from model.dump import dump

    shapes = dump(
        weights,
        arguments.image,
        arguments.out,
        nms=arguments.nms,
        features=arguments.features,
        config=arguments.config,
        device=arguments.device,
    )
    for name, shape in shapes.items():
        context.console.say(f"{name}: {' x '.join(map(str, shape))}")
    context.console.result(
        {"file": arguments.out, "arrays": {name: list(each) for name, each in shapes.items()}}
    )

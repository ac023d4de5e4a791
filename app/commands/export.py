"""`export PROJECT FILE.json [--format coco] [--states done,...] [--segmentation rle|polygon]`: writes."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.annotation import ImageState
from app.commands.arguments import add_project, words
from app.commands.context import Context
from app.commands.import_ import FORMATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_project(parser)
    parser.add_argument("file", type=Path, metavar="FILE.json", help="the file to write")
    parser.add_argument("--format", choices=FORMATS, default="coco", help="what kind of file")
    parser.add_argument(
        "--states",
        type=states,
        default=(ImageState.DONE,),
        metavar="STATES",
        help=f"images in which states, of: {', '.join(ImageState)} (done)",
    )
    parser.add_argument(
        "--proposals",
        action="store_true",
        help="also what nobody has accepted yet, with its score (always when --states names prelabelled)",
    )
    parser.add_argument(
        "--segmentation", choices=("rle", "polygon"), default="rle", help="how masks are written"
    )


def states(text: str) -> tuple[ImageState, ...]:
    """Image states between commas; '_' and '-' are as good as a space."""
    names = [name.replace("_", " ").replace("-", " ").lower() for name in words(text)]
    if unknown := [name for name in names if name not in set(ImageState)]:
        raise argparse.ArgumentTypeError(
            f"expected states of {', '.join(ImageState)}; got {', '.join(map(repr, unknown))}"
        )
    return tuple(ImageState(name) for name in names)


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Write the file; nothing half-written ever stands under its name."""
    from app.coco import export_coco
    from app.project import Project

    project = Project.open(arguments.project, beside=True)
    try:
        report = export_coco(
            project,
            arguments.file,
            states=arguments.states,
            segmentation=arguments.segmentation,
            include_proposals=arguments.proposals or ImageState.PRELABELLED in arguments.states,
            progress=context.console.progress("images"),
        )
    finally:
        project.close()
    context.console.say(str(report))
    context.console.result(report.as_dict())

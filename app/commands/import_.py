"""`import PROJECT FILE [--format coco] [--images DIR]`: reads annotations and reports on them."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.arguments import add_project
from app.commands.context import Context

FORMATS = ("coco",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_project(parser)
    parser.add_argument("file", type=Path, metavar="FILE", help="the annotation file")
    parser.add_argument("--format", choices=FORMATS, default="coco", help="what kind of file")
    parser.add_argument("--images", type=Path, metavar="DIR", help="where the file's image names start")
    parser.add_argument("--done", action="store_true", help="the file is complete: mark its images done")
    parser.add_argument(
        "--proposals", action="store_true", help="offer annotations that have a score, do not accept them"
    )


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Read the file; what was kept, changed and refused goes to stdout."""
    from app.coco import import_coco
    from app.project import Project

    project = Project.open(arguments.project)
    try:
        report = import_coco(
            project,
            arguments.file,
            arguments.images,
            done=arguments.done,
            scores_are_proposals=arguments.proposals,
            progress=context.console.progress("annotations"),
        )
    finally:
        project.close()
    context.console.say(str(report))
    context.console.result(report.as_dict())

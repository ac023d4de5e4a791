"""`init PROJECT --images DIR [--categories a,b,c]`: makes a project."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.arguments import add_project, words
from app.commands.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_project(parser)
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="the folder of images")
    parser.add_argument("--categories", type=words, default=(), metavar="A,B,C", help="names of categories")


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Make the project and find its images. A folder without any may be filled later: that is said."""
    from app.project import Project

    project = Project.create(arguments.project, arguments.images, categories=arguments.categories)
    try:
        scanned = project.scan(progress=context.console.progress("images"))
        count = len(project.images())
    finally:
        project.close()
    context.console.say(f"{arguments.project}: a project of {count} images in {arguments.images}")
    if scanned.nothing:
        context.console.note(
            f"warning: {scanned.nothing}; put some there, they are found when the project is opened"
        )
    if scanned.unnamed:
        context.console.say(f"warning: {scanned.warning()}")
    context.console.result(
        {
            "project": arguments.project,
            "images": count,
            "categories": list(arguments.categories),
            "passed_over": list(scanned.unnamed),
        }
    )

"""`rank PROJECT [--strategy S]`: the order in which images are worth labelling, one a line."""

from __future__ import annotations

import argparse

from app.commands.arguments import add_project
from app.commands.context import Context
from app.ranking import Strategy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_project(parser)
    parser.add_argument(
        "--strategy",
        choices=[each.value for each in Strategy],
        default=Strategy.UNCERTAINTY.value,
        help="least sure proposals first, a fixed random order, or by name",
    )


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Print the order."""
    from app.project import Project
    from app.ranking import rank

    project = Project.open(arguments.project, beside=True)
    try:
        ranked = rank(project.images(), Strategy(arguments.strategy))
    finally:
        project.close()
    if not ranked:
        context.console.note(f"{arguments.project}: no image is left to label, all are done or skipped")
    for record in ranked:
        score = "" if record.mean_score is None else f"{record.mean_score:.3f}"
        context.console.say(f"{score}\t{record.path}" if score else f"-\t{record.path}")
    order = [{"id": each.id, "image": str(each.path), "mean_score": each.mean_score} for each in ranked]
    context.console.result({"strategy": arguments.strategy, "images": order})

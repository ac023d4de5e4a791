"""`ceiling PROJECT [--model W]`: how well a model's prototypes can express a project's masks.

A table by category and size: the best coefficients' IoU with the masks, prototypes alone and with helper
rows. What was measured before is taken; each image's numbers are kept at once, so a run can be ended.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands.arguments import add_device, add_project, positive
from app.commands.context import Context
from app.commands.export import states
from app.errors import InputError

if TYPE_CHECKING:
    from app.ceiling_store import Instance
    from app.project import Project
    from app.versions import ModelVersion


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    add_project(parser)
    parser.add_argument(
        "--model", metavar="W", help="a version's name or folder, or weights (the active one)"
    )
    parser.add_argument(
        "--states", type=states, metavar="STATES", help="images in which states (all that are not skipped)"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write the table, too")
    parser.add_argument(
        "--instances",
        type=Path,
        metavar="FILE.csv",
        help="write a line for each instance, with the ids of exported files",
    )
    parser.add_argument("--worst", type=positive, metavar="N", help="name the N worst instances")
    add_device(parser)


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Measure what is missing, then print."""
    for file in (arguments.out, arguments.instances):
        if file is not None and not file.absolute().parent.is_dir():
            raise InputError(f"expected a folder to write into, got {file.parent}; make it first")
    from app import ceiling_table as table
    from app import versions
    from app.ceiling import ALL
    from app.ceilings import STATES, read_instances, with_found
    from app.project import Project

    project = Project.open(arguments.project, beside=True)
    try:
        version = versions.find(arguments.model, project) if arguments.model else versions.active(project)
        name = "" if version.loose else version.name
        instances = read_instances(project, name, arguments.states or STATES)
        measured = _measure(project, version, name, instances, arguments.device, context)
        if measured is not None:
            again = read_instances(project, name, arguments.states or STATES)
            instances = with_found(again, measured.found)
        rows = table.tabulate(instances, project.categories())
        if arguments.out is not None:
            table.write_table(arguments.out, rows)
        if arguments.instances is not None:
            table.write_instances(arguments.instances, project, instances)
        few = table.chosen(instances, None, ALL)[: arguments.worst or 0]
        worst = table.entries_of(project, few) if few else []
    finally:
        project.close()
    missing = sum(each.ceiling is None for each in instances)
    say = context.console.say
    say(f"{version.name}: {len(instances) - missing:,} instances measured, {missing:,} not")
    for line in table.lines(rows) if rows else ():
        say(line)
    for each in worst:
        words = f"{each['prototypes']:.3f} {each['with_helpers']:.3f}  {each['category']}, {each['size']}"
        say(f"{words}, annotation {each['annotation_id'] or 'without an id'}: {each['image']}")
    context.console.result(
        {
            "project": str(arguments.project),
            "model": version.name,
            "instances": len(instances),
            "not_measured": missing,
            "table": table.as_dicts(rows),
            "worst": worst,
            "run": measured.as_dict() if measured else None,
        }
    )


def _measure(
    project: Project,
    version: ModelVersion,
    name: str,
    instances: list[Instance],
    device: str,
    context: Context,
) -> Any:
    """What the run found; None where nothing was missing. The model's process starts if it has to."""
    from app.ceilings import measure_project
    from app.inference import Inference

    images = {each.image_id for each in instances if each.ceiling is None}
    if not images:
        return None
    with Inference(version.weights, device) as inference:
        inference.status.connect(context.console.note)
        progress = context.console.progress("images")
        found = measure_project(project, name, inference, images, progress=progress)
    for failure in found.failed:
        context.console.note(f"left out: {failure}")
    return found

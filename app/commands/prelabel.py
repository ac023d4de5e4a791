"""`prelabel PROJECT [--model W]`, `prelabel --images DIR --model W --out FILE.json`: pre-labels.

In a project proposals are offered in its documents; a folder goes straight to a COCO dataset file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.arguments import add_device, fraction
from app.commands.context import Context
from app.errors import InputError

FOLDER_SCORE = 0.3  # what the window shows of a project's proposals, too, until its threshold is moved


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("project", type=Path, nargs="?", metavar="PROJECT", help="the project's folder")
    parser.add_argument("--model", metavar="W", help="weights, a model version's folder, or its name")
    parser.add_argument(
        "--score-threshold",
        type=fraction,
        metavar="T",
        help=f"leave out detections below (0.05 in a project, whose window hides more; else {FOLDER_SCORE})",
    )
    parser.add_argument("--again", action="store_true", help="also images that this model has pre-labelled")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="a folder of images, in place of a project"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="the COCO file to write for --images")
    add_device(parser)


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Pre-label what was named."""
    if arguments.project is not None:
        if arguments.images or arguments.out:
            raise InputError(
                "expected either PROJECT, or --images with --out, got both; leave one of them out"
            )
        _project(arguments, context)
    elif arguments.images and arguments.out and arguments.model:
        _folder(arguments, context)
    else:
        raise InputError(
            "expected PROJECT, or --images DIR --model W --out FILE.json; got neither; "
            "see 'protolabel prelabel --help'"
        )


def _project(arguments: argparse.Namespace, context: Context) -> None:
    from app import versions
    from app.inference import Inference
    from app.prelabel import FLOOR, prelabel_project
    from app.project import Project

    project = Project.open(arguments.project)
    try:
        version = versions.find(arguments.model, project) if arguments.model else versions.active(project)
        with Inference(version.weights, arguments.device) as inference:
            inference.status.connect(context.console.note)
            report = prelabel_project(
                project,
                inference,
                min_score=FLOOR if arguments.score_threshold is None else arguments.score_threshold,
                again=arguments.again,
                use_cache=not version.loose,
                progress=context.console.progress("images"),
            )
    finally:
        project.close()
    for failure in report.failed:
        context.console.note(f"left out: {failure}")
    context.console.say(f"{arguments.project}: {report.words()}")
    context.console.result({"project": arguments.project, "model": version.name, **report.as_json()})


def _folder(arguments: argparse.Namespace, context: Context) -> None:
    from app import versions
    from app.inference import Inference
    from app.prelabel_folder import prelabel_folder

    version = versions.find(arguments.model)
    with Inference(version.weights, arguments.device) as inference:
        report = prelabel_folder(
            arguments.images,
            inference,
            arguments.out,
            min_score=FOLDER_SCORE if arguments.score_threshold is None else arguments.score_threshold,
            progress=context.console.progress("images"),
        )
    for failure in report.failed:
        context.console.note(f"left out: {failure}")
    context.console.say(f"{arguments.out}: {report.words()}")
    context.console.result({"file": arguments.out, "model": version.name, **report.as_json()})

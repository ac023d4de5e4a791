"""`prelabel PROJECT [--model W]`, `prelabel --images DIR --model W --out FILE.json`: pre-labels.

In a project proposals are offered in its documents; a folder goes straight to a COCO dataset file. Under
torchrun each process predicts its share of the images, and the last one to end puts them together.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.commands.arguments import add_device, fraction
from app.commands.context import Context
from app.errors import InputError

if TYPE_CHECKING:
    from app.prelabel import PrelabelReport

MOST_TOGETHER = 256  # images in a batch
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
    parser.add_argument(
        "--tiles",
        action="store_true",
        help="look at large images also in overlapping tiles, for what is small in them (a project's only)",
    )
    parser.add_argument(
        "--batch",
        type=_positive,
        metavar="N",
        help="images that the network sees together (1 on a processor, more on a GPU by its memory)",
    )
    parser.add_argument("--again", action="store_true", help="also images that this model has pre-labelled")
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="a folder of images, in place of a project"
    )
    parser.add_argument("--out", type=Path, metavar="FILE.json", help="the COCO file to write for --images")
    add_device(parser)


def _positive(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= MOST_TOGETHER:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 to {MOST_TOGETHER}, got {text!r}")
    return int(text)


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Pre-label what was named."""
    _take_own_gpu()
    if arguments.tiles and (arguments.project is None or os.environ.get("WORLD_SIZE", "1") != "1"):
        raise InputError("expected --tiles with a PROJECT and one process; leave it out, or name a project")
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
    from app.prelabel_shared import prelabel_project_share
    from app.project import Project
    from app.shards import Shard

    shard = Shard.here()
    min_score = FLOOR if arguments.score_threshold is None else arguments.score_threshold
    project = Project.open(arguments.project, read_only=shard.world > 1)
    try:
        version = versions.find(arguments.model, project) if arguments.model else versions.active(project)
        with Inference(version.weights, arguments.device, batch=arguments.batch) as inference:
            inference.status.connect(context.console.note)
            if shard.world > 1:
                project.close()
                report = prelabel_project_share(
                    arguments.project,
                    inference,
                    shard,
                    min_score=min_score,
                    again=arguments.again,
                    progress=_progress(context, shard.rank),
                )
            else:
                report = prelabel_project(
                    project,
                    inference,
                    min_score=min_score,
                    again=arguments.again,
                    use_cache=not version.loose,
                    tiles=arguments.tiles,
                    progress=context.console.progress("images"),
                )
    finally:
        project.close()
    if report is not None:
        _tell(arguments.project, {"project": arguments.project, "model": version.name}, report, context)


def _folder(arguments: argparse.Namespace, context: Context) -> None:
    from app import versions
    from app.inference import Inference
    from app.prelabel_folder import prelabel_share
    from app.shards import Shard

    version, shard = versions.find(arguments.model), Shard.here()
    with Inference(version.weights, arguments.device, batch=arguments.batch) as inference:
        report = prelabel_share(
            arguments.images,
            inference,
            arguments.out,
            shard,
            min_score=FOLDER_SCORE if arguments.score_threshold is None else arguments.score_threshold,
            progress=_progress(context, shard.rank),
        )
    if report is not None:
        _tell(arguments.out, {"file": arguments.out, "model": version.name}, report, context)


def _tell(where: Path, values: dict[str, Any], report: PrelabelReport, context: Context) -> None:
    for failure in report.failed:
        context.console.note(f"left out: {failure}")
    context.console.say(f"{where}: {report.words()}")
    context.console.result({**values, **report.as_json()})


def _progress(context: Context, rank: int) -> Callable[[int, int], None]:
    """Under torchrun the first process shows how its share goes."""
    return context.console.progress("images") if rank == 0 else lambda done, total: None


def _take_own_gpu() -> None:
    """Under torchrun each process sees the GPU of its number and no other."""
    local = os.environ.get("LOCAL_RANK", "")
    if local.isdigit():
        seen = os.environ.get("CUDA_VISIBLE_DEVICES")
        names = [local] if seen is None else seen.split(",")[int(local) : int(local) + 1]
        os.environ["CUDA_VISIBLE_DEVICES"] = "".join(names)

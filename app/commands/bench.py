"""`bench clicks --model W --data val.json --images DIR`: clicks that correct a mask, by simulation.

The clicker aims at the middle of the largest error. Reported: clicks to IoU .85 and .90 (20 at most), IoU by
clicks, clicks that hurt, time for each, a box without clicks, the ceiling, seconds beside polygon drawing.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from app.commands.arguments import add_device, positive
from app.commands.context import Context
from app.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("what", choices=["clicks"], help="clicks: correcting by simulated clicks")
    parser.add_argument(
        "--model", required=True, metavar="W", help="weights, a version's folder, or its name"
    )
    parser.add_argument("--data", type=Path, required=True, metavar="val.json", help="the truth, a COCO file")
    parser.add_argument("--images", type=Path, required=True, metavar="DIR", help="where its images are")
    parser.add_argument("--limit", type=positive, metavar="N", help="the first N images only")
    parser.add_argument("--clicks", type=positive, default=20, metavar="N", help="clicks at most (20)")
    add_device(parser)


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Measure and print."""
    from app import versions
    from app.clicks.benchmark import run as measure
    from app.inference import Inference

    weights = versions.find(arguments.model).weights
    if not arguments.data.is_file():
        raise InputError(f"--data: expected a COCO file, got {arguments.data}, where nothing is")
    if not arguments.images.is_dir():
        raise InputError(f"--images: expected a folder, got {arguments.images}, where none is")
    console = context.console
    with Inference(weights, arguments.device) as inference:
        result = measure(
            inference,
            arguments.data,
            arguments.images,
            limit=arguments.limit,
            clicks=arguments.clicks,
            progress=console.progress("images"),
        ).as_dict()
    for line in lines(result):
        console.say(line)
    console.result({"model": str(weights), "data": str(arguments.data), **result})


def lines(result: dict[str, Any]) -> list[str]:
    """The result for people."""
    found = [f"{result['images']} images, {result['instances']} instances, {result['matched']} predicted"]
    found.append(
        f"{'':42}{'n':>5}{'NoC85':>7}{'NoC90':>7}{'IoU 0':>7}{'1':>6}{'3':>6}{'5':>6}{'10':>6}"
        f"{'>1 pt':>7}{'>5 pt':>7}{'ms p50':>8}{'p95':>6}{'polygon':>9}"
    )
    for name, each in result["series"].items():
        if not each["instances"]:
            continue
        ious = each["iou"] + each["iou"][-1:] * 11
        found.append(
            f"{name:42}{each['instances']:5}{each['noc85']:7.2f}{each['noc90']:7.2f}"
            + "".join(f"{ious[k]:{7 if k == 0 else 6}.3f}" for k in (0, 1, 3, 5, 10))
            + f"{each['hurt_1']:7.1%}{each['hurt_5']:7.2%}{each['ms_p50']:8.1f}{each['ms_p95']:6.1f}"
            f"{each['times_polygon']:8.1f}x"
        )
    box = result["box"]
    found.append(f"box, no click: {box['mean']:.3f}, medium and large {box['mean_medium_large']:.3f}")
    for name, rows in result["ceiling"].items():
        for row in rows:
            if row["category"] == "all":
                shares = f"from .85 on {row['share_85']:.0%}, from .90 on {row['share_90']:.0%}"
                found.append(
                    f"ceiling of {name}, {row['size']}: {row['mean']:.3f}; {shares} of {row['instances']}"
                )
    vertices = result["polygon_vertices"]
    found.append(f"polygon vertices: {vertices['85']:.1f} to IoU .85, {vertices['90']:.1f} to .90")
    return found

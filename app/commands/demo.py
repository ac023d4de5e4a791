"""`demo [DIR]`: makes the sample project if it is not there, and opens it.

Without a display it does the same job without a window (pre-label, export, a screenshot of the window) and
says where the results are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from app.commands.arguments import add_device
from app.commands.context import Context


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "folder", type=Path, nargs="?", metavar="DIR", help="where to make it (the user's data folder)"
    )
    parser.add_argument("--no-window", action="store_true", help="as if there were no display")
    add_device(parser)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Make the sample; then show it, or do the job without a window."""
    from app import demo, display

    console = context.console
    folder = (arguments.folder or demo.sample_folder()).absolute()
    made = demo.make_sample(folder, console.progress, device=arguments.device)
    console.note(f"The sample project {'is made' if made else 'was there already'}: {folder}")
    if display.has_display() and not arguments.no_window:
        return context.open_window(folder)
    outcome = demo.run_without_window(folder, console.progress, device=arguments.device)
    picture = folder / "window.png"
    context.screenshot(folder, picture)
    console.say(f"project:     {folder}")
    console.say(f"pre-labels:  {outcome.prelabel.words()}")
    console.say(f"COCO export: {outcome.export} ({outcome.annotations} annotations)")
    console.say(f"screenshot:  {picture}")
    console.result(
        {
            "project": folder,
            "made": made,
            "export": outcome.export,
            "annotations": outcome.annotations,
            "screenshot": picture,
            "prelabel": outcome.prelabel.as_json(),
        }
    )
    return 0

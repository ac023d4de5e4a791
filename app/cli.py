"""The command line: which sub-command, with which arguments; and what becomes of errors.

Status 0: done. 2: bad use or bad input, told in one line on stderr. 130: stopped with Ctrl-C.
Without a sub-command the window opens, on the project that is named, if one is.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from app.commands.arguments import add_json
from app.commands.context import Console, Context
from app.errors import HostError, InputError

# name -> (module in app.commands, what it does)
COMMANDS = {
    "demo": ("demo", "make the sample project and open it"),
    "init": ("init", "make a project from a folder of images"),
    "import": ("import_", "read annotations into a project"),
    "prelabel": ("prelabel", "pre-label a project, or a folder straight to a COCO file"),
    "export": ("export", "write a project's annotations"),
    "train": ("train", "one training run"),
    "evaluate": ("evaluate", "COCO AP of a model, mask and box"),
    "dump": ("dump", "every intermediate of one image, as arrays"),
    "convert": ("convert", "published weights to ours"),
    "pretrained": ("pretrained", "the published models, and fetch their weights"),
    "rank": ("rank", "the order in which images are worth labelling"),
    "ceiling": (
        "ceiling",
        "how well a model's prototypes can express a project's masks, by category and size",
    ),
    "bench": ("bench", "measure: how many clicks correct a mask"),
}
PROJECT_FILE = "project.db"


class UsageError(InputError):
    """Arguments that do not fit: what was expected, what came, where to look."""


class _Parser(argparse.ArgumentParser):
    """Tells what is wrong in one line and leaves the ending of the process to `main`."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{_plain(message)}; see '{self.prog} --help'")


def _plain(message: str) -> str:
    """Argparse's words as: expected, came."""
    message = re.sub(r"invalid choice: (.+?) \(choose from (.+)\)$", r"expected one of \2; got \1", message)
    message = re.sub(
        r"^the following arguments are required: (.+)$", r"expected \1, which did not come", message
    )
    message = re.sub(r"^unrecognized arguments: (.+)$", r"expected no more arguments, got \1", message)
    message = re.sub(r"invalid (\w+) value: (.+)$", r"expected a value of type \1, got \2", message)
    return re.sub(r"^argument ", "", message)


def build_parser(chosen: str | None) -> argparse.ArgumentParser:
    """All sub-commands by name; only the chosen one is imported and knows its arguments."""
    parser = _Parser(
        prog="protolabel",
        allow_abbrev=False,
        description="Pre-label images, correct masks in the model's own terms, export COCO, retrain. "
        "Without a sub-command the window opens: protolabel [PROJECT].",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, (module, what) in COMMANDS.items():
        command = commands.add_parser(
            name, help=what, description=f"{what[0].upper()}{what[1:]}.", allow_abbrev=False
        )
        if name == chosen:
            importlib.import_module(f"app.commands.{module}").add_arguments(command)
            add_json(command)
    return parser


def main(
    argv: Sequence[str],
    *,
    open_window: Callable[[Path | None], int] | None = None,
    screenshot: Callable[[Path, Path], None] | None = None,
) -> int:
    """Run one command line and return the exit status. The window's two functions come from `main.py`."""
    console = Console(as_json="--json" in argv)
    context = Context(console, open_window or _no_window, screenshot or _no_window)
    try:
        return _dispatch(list(argv), context)
    except InputError as error:
        console.fail(str(error))
        return 2
    except KeyboardInterrupt:
        console.fail("stopped; nothing half-written is left")
        return 130
    except BrokenPipeError:  # the reader of our stdout has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:  # a fault of the world that nobody put into better words
        console.fail(f"{error.filename or 'a file'}: {error.strerror or error}")
        return 2


def _dispatch(argv: list[str], context: Context) -> int:
    if not argv:
        return context.open_window(None)
    if argv[0] not in COMMANDS and not argv[0].startswith("-"):
        return context.open_window(_project_folder(argv))
    arguments = build_parser(argv[0]).parse_args(argv)
    if arguments.command is None:
        raise UsageError(f"expected a sub-command, got {' '.join(argv)}; see 'protolabel --help'")
    module, _ = COMMANDS[arguments.command]
    return int(importlib.import_module(f"app.commands.{module}").run(arguments, context) or 0)


def _project_folder(argv: list[str]) -> Path:
    """The project that the window shall open."""
    folder = Path(argv[0])
    if len(argv) > 1 or not (folder / PROJECT_FILE).is_file():
        hint = "see 'protolabel --help'"
        if folder.is_dir():
            hint = f"'protolabel init PROJECT --images {folder}' makes a project of a folder of images"
        raise UsageError(
            f"expected one of {', '.join(COMMANDS)}, or the folder of a project; got {' '.join(argv)}; {hint}"
        )
    return folder


def _no_window(*_: object) -> NoReturn:
    raise HostError("expected to be started with a window; start main.py")

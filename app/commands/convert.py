"""`convert FILE.pth --config NAME --out W.safetensors`: published weights to ours, never executed."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from app.commands.arguments import words
from app.commands.context import Context
from app.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("file", type=Path, metavar="FILE.pth", help="a published checkpoint")
    parser.add_argument(
        "--config",
        metavar="NAME",
        help="the configuration it is of (the one in the file's name, else the only one that fits)",
    )
    parser.add_argument("--out", type=Path, metavar="W.safetensors", help="the file to write")
    parser.add_argument(
        "--categories", type=words, metavar="A,B,C", help="names of its classes, in their order"
    )
    parser.add_argument(
        "--report", action="store_true", help="list every key that does not fit; writes nothing"
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Read, check strictly, write."""
    from model import config_line
    from model.config import CONFIGS

    if arguments.config is not None and config_line.parse(arguments.config) is None:
        raise InputError(f"--config: expected one of {', '.join(CONFIGS)}, got {arguments.config!r}")
    if not arguments.file.is_file():
        what = "a folder" if arguments.file.is_dir() else "nothing there"
        raise InputError(f"{arguments.file}: expected a published checkpoint (.pth), got {what}")
    if arguments.report:
        return _report(arguments, context)
    if arguments.out is None:
        raise InputError("--out: expected the file to write (W.safetensors), got none")
    if not arguments.out.parent.is_dir():
        raise InputError(f"expected a folder to write into, got {arguments.out.parent}; make it first")
    from model.checkpoint import convert_published
    from model.published import named

    line = ["convert", str(arguments.file), "--out", str(arguments.out)]
    line += ["--config", arguments.config] if arguments.config else []
    if arguments.categories:
        line += ["--categories", ",".join(arguments.categories)]
    card = convert_published(
        arguments.file,
        arguments.config,
        arguments.out,
        names=arguments.categories,
        command=f"main.py {shlex.join(line)}",
    )
    context.console.say(f"{arguments.out}: {card.config.name}, {len(card.categories)} categories")
    if (said := named(arguments.file.name)) not in (None, card.config.name):
        context.console.note(f"the file is called like {said}'s; it was read as {card.config.name}, as asked")
    if arguments.categories is None and (told := _unpublished(card.config.name, card.categories)):
        context.console.note(told)
    context.console.result(
        {"file": arguments.out, "config": card.config.name, "categories": list(card.categories)}
    )
    return 0


def _unpublished(name: str, categories: Sequence[str]) -> str:
    """What to know of class outputs that are not as many as the published weights have; '' for as many."""
    from model.config import CONFIGS

    published = CONFIGS[name].classes if name in CONFIGS else len(categories)
    if len(categories) == published:
        return ""
    named = "no names" if categories[0] == "category 1" else f"those of others, {categories[0]} first"
    return (
        f"the file knows {len(categories)} classes where {name} was published with {published}; they got "
        f"{named}: --categories A,B,C gives theirs"
    )


def _report(arguments: argparse.Namespace, context: Context) -> int:
    """What fits and what does not; status 2 where something does not."""
    from model import published
    from model.key_report import compare

    state = published.read(arguments.file)
    config = published.choose_config(arguments.file, state, arguments.config)
    report = compare(state, config)
    for line in report.lines():
        context.console.say(line)
    if not report:
        context.console.say(f"{arguments.file}: all {len(state)} tensors fit {config.name}")
    context.console.result(
        {
            "config": config.name,
            "classes": report.classes,
            "missing": report.missing,
            "unknown": report.unknown,
            "misshaped": report.misshaped,
            "fits": report.fits,
        }
    )
    if report:
        raise InputError(
            f"{arguments.file}: expected the weights of {config.name}, {len(report)} keys differ"
        )
    return 0

"""`convert FILE.pth --config NAME --out W.safetensors`: published weights to ours, never executed."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from app.commands.context import Context
from app.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("file", type=Path, metavar="FILE.pth", help="a published checkpoint")
    parser.add_argument("--config", metavar="NAME", required=True, help="the configuration it is of")
    parser.add_argument("--out", type=Path, metavar="W.safetensors", required=True, help="the file to write")


def run(arguments: argparse.Namespace, context: Context) -> None:
    """Read, check strictly, write."""
    from model.config import CONFIGS

    if arguments.config not in CONFIGS:
        raise InputError(f"--config: expected one of {', '.join(CONFIGS)}, got {arguments.config!r}")
    if not arguments.file.is_file():
        raise InputError(f"expected a published checkpoint, got {arguments.file}, where nothing is")
    if not arguments.out.parent.is_dir():
        raise InputError(f"expected a folder to write into, got {arguments.out.parent}; make it first")
    from model.checkpoint import convert_published

    words = ["convert", str(arguments.file), "--config", arguments.config, "--out", str(arguments.out)]
    card = convert_published(
        arguments.file, arguments.config, arguments.out, command=f"main.py {shlex.join(words)}"
    )
    context.console.say(f"{arguments.out}: {card.config.name}, {len(card.categories)} categories")
    context.console.result(
        {"file": arguments.out, "config": card.config.name, "categories": list(card.categories)}
    )

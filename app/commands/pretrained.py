"""`pretrained [--get NAME [--out W.safetensors]]`: the published models; fetch one and turn it into ours."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from app.commands.context import Context
from app.errors import InputError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument("--list", action="store_true", help="list the published models (the default)")
    parser.add_argument("--get", metavar="NAME", help="fetch one and convert it")
    parser.add_argument(
        "--out", type=Path, metavar="W.safetensors", help="the file to write (NAME.safetensors)"
    )
    parser.add_argument("--keep", action="store_true", help="keep the fetched .pth beside it")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """List, or fetch."""
    from app import pretrained

    if arguments.get is None:
        _list(context)
        return 0
    model = pretrained.find(arguments.get)
    out: Path = arguments.out or Path(f"{model.name}.safetensors")
    if out.suffix != ".safetensors":
        raise InputError(f"--out: expected a file that ends in .safetensors, got {out}")
    if not out.parent.is_dir():
        raise InputError(f"expected a folder to write into, got {out.parent}; make it first")
    context.console.note(f"{pretrained.address(model)}, about {model.megabytes} MB")
    megabytes = context.console.progress("MB", goes_on=True)
    try:
        file = pretrained.download(
            model, out.parent, lambda done, total: megabytes(done // 1_000_000, total // 1_000_000)
        )
    except KeyboardInterrupt:
        context.console.fail("stopped; what came is kept, the same command goes on with it")
        return 130
    from model.checkpoint import convert_published

    card = convert_published(
        file, model.name, out, command=f"main.py pretrained --get {model.name}", licence=model.licence
    )
    if not arguments.keep:
        file.unlink()
    context.console.say(f"{out}: {card.config.name}, {len(card.categories)} categories")
    context.console.result(
        {
            "file": out,
            "config": card.config.name,
            "categories": list(card.categories),
            "licence": card.licence,
        }
    )
    return 0


def _list(context: Context) -> None:
    from app.pretrained import MODELS, address

    say = context.console.say
    say(f"{'name':22}{'backbone':24}{'size':>5}{'MB':>6}{'mask AP':>9}{'images/s':>10}")
    for one in MODELS:
        say(f"{one.name:22}{one.backbone:24}{one.size:>5}{one.megabytes:>6}{one.ap:>9.1f}{one.speed:>10.1f}")
    say("mask AP: COCO test-dev; images/s: Titan Xp; both as the authors give them")
    say(f"licence: {MODELS[0].licence}")
    say("fetch one: protolabel pretrained --get NAME; any other checkpoint: protolabel convert FILE.pth")
    context.console.result(
        {"models": [asdict(one) | {"file": one.file, "address": address(one)} for one in MODELS]}
    )

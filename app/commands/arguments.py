"""What arguments are made of: types that say what was expected, and shared options."""

from __future__ import annotations

import argparse
import re
from pathlib import Path


def fraction(text: str) -> float:
    """A number from 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text!r}")
    return value


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def device(text: str) -> str:
    """A device by name."""
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"expected auto, cpu, mps, cuda or cuda:N, got {text!r}")
    return text


def words(text: str) -> tuple[str, ...]:
    """Names between commas."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise argparse.ArgumentTypeError(f"expected names between commas, got {text!r}")
    return names


def add_project(parser: argparse.ArgumentParser) -> None:
    """The project's folder, first of the positional arguments."""
    parser.add_argument("project", type=Path, metavar="PROJECT", help="the project's folder")


def add_device(parser: argparse.ArgumentParser) -> None:
    """Where the network runs."""
    parser.add_argument("--device", type=device, default="auto", help="auto, cpu, cuda, cuda:N or mps")


def add_json(parser: argparse.ArgumentParser) -> None:
    """The result for programs."""
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")

"""docs/models.md's figures of this machine, out of the record of benchmarks/forward.

    python -m benchmarks.models_page [--check]

Fills the last column of the table of published models, and the paragraph between the marks below it, from
docs/benchmarks/forward.json. `--check` changes nothing and ends with 1 where the page says something else.
"""

from __future__ import annotations

import argparse
import re
import statistics
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.parts import recorded, same_machines

PAGE = Path(__file__).parents[1] / "docs" / "models.md"
BEGIN, END = "<!-- from benchmarks/forward.json -->", "<!-- end -->"
MISSING = "not measured"
WIDTH = 118  # of a line
ROW = re.compile(r"^\| `(\w+)` \|.*\|$", re.MULTILINE)
Record = Mapping[str, Mapping[str, Any]]


def filled(page: str, record: Record) -> str:
    """The page's text with the record's figures. ValueError where it has no place for them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"expected {BEGIN} and {END} in the page")

    def row(found: re.Match[str]) -> str:
        cells = found[0].strip("|").split("|")
        return f"|{'|'.join(cells[:-1])}| {cell(record, found[1])} |"

    return f"{ROW.sub(row, before)}{BEGIN}\n{paragraph(record)}\n{END}{after}"


def cell(record: Record, config: str) -> str:
    """Images a second of a configuration, and of how many repeats that is the median."""
    times = milliseconds(record, config)
    return f"{1000 / statistics.median(times):.2g} ({len(times)})" if times else MISSING


def milliseconds(record: Record, config: str) -> list[float]:
    """From the file to the masks, one value a repeat; empty where the record has none."""
    rows = record.get(config, {}).get("rows", [])
    return next((list(row["values"]) for row in rows if row["what"] == f"{config}: end to end"), [])


def paragraph(record: Record) -> str:
    """Where and how it was measured, and what has no row in the table."""
    if not record:
        return "Not measured yet: `python -m benchmarks.forward --record`."
    lines = [
        "Here: images a second from the file to the masks, without a GPU; the median of as many repeats as",
        "the brackets say, one JPEG of 640 x 480 ([beside plain PyTorch, by stage](benchmarks/forward.md)).",
    ]
    others = {"lite": "`lite`", "maskrcnn_resnet50_fpn": "torchvision's Mask R-CNN"}
    also = [f"{name} {cell(record, one)}" for one, name in others.items() if milliseconds(record, one)]
    if also:
        lines.append(f"In the same way: {', '.join(also)}.")
    places = {name: str(part["where"]) for name, part in record.items() if ", " not in name}
    lines += [f"{place}." for place, _ in same_machines(places)]
    return textwrap.fill(" ".join(lines), WIDTH, break_on_hyphens=False, break_long_words=False)


def main() -> None:
    """Write the page, or compare."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.models_page", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; 1 where the page differs")
    wanted = parser.parse_args()
    text = PAGE.read_text(encoding="utf-8")
    new = filled(text, recorded("forward"))
    if wanted.check:
        raise SystemExit(0 if new == text else f"{PAGE}: differs; run python -m benchmarks.models_page")
    PAGE.write_text(new, encoding="utf-8")
    print(f"written to {PAGE}")


if __name__ == "__main__":
    main()

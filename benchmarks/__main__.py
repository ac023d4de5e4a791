"""`python -m benchmarks [--record] [NAME ...]`: run the benchmarks, each in a process of its own.

Every module here that says `NAME` is one; one that fails is named at the end and the status is 1.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """The benchmarks, found by their `NAME = ` line."""
    return sorted(
        path.stem
        for path in HERE.glob("*.py")
        if re.search(r"^NAME\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    )


def main() -> int:
    """Run what was asked for, or everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--record", action="store_true", help="write the tables into docs/benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(names())}")
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - set(names()):
        parser.error(f"expected names of {', '.join(names())}; got {', '.join(sorted(unknown))}")
    failed = []
    for name in wanted.names or names():
        print(f"\n== {name}", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--record"] if wanted.record else [])]
        if subprocess.run(command, cwd=HERE.parent, check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

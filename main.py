"""Protolabel's entry point: arguments and nothing else."""

import sys
from pathlib import Path


def open_window(project: Path | None) -> int:
    """Show the window until it is closed; returns the exit status."""
    from ui.start import open_window as start

    return start(project)


def screenshot(project: Path, out: Path) -> None:
    """Write a picture of the window with `project` in it."""
    from ui.application import screenshot as take

    take(project, out)


def main(argv: list[str] | None = None) -> int:
    """Run the command line; without a sub-command the window opens. Returns the exit status."""
    from app.cli import main as run

    return run(sys.argv[1:] if argv is None else argv, open_window=open_window, screenshot=screenshot)


if __name__ == "__main__":
    sys.exit(main())

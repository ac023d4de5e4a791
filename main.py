"""Protolabel's entry point: arguments and nothing else."""

import sys


def main(argv: list[str] | None = None) -> int:
    """Run the command line; without a sub-command the window opens. Returns the exit status."""
    from app.cli import main as run

    return run(sys.argv[1:] if argv is None else argv)


if __name__ == "__main__":
    sys.exit(main())

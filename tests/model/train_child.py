"""`main.py train ...`, slowed down, with many checkpoints; each process leaves its id, to be killed."""

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from app.cli import main
from model import meter, train

RUN = Path(sys.argv[sys.argv.index("--run") + 1])


class Slow(train.Training):
    """A run whose steps take a moment."""

    def _step(self, examples: list[train.Example]) -> Mapping[str, float]:
        time.sleep(0.05)
        return super()._step(examples)


if __name__ == "__main__":
    RUN.mkdir(parents=True, exist_ok=True)
    (RUN / f"pid-{os.environ['RANK']}").write_text(str(os.getpid()))
    train.CHECKPOINT_SECONDS = 0.2
    meter.SECONDS = 0.0
    train.Training = Slow  # type: ignore[misc]
    sys.exit(main(sys.argv[1:]))

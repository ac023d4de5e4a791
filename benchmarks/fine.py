"""How the shipped network of fine prototypes is made: four rounds on the train parts of the shared data.

    python -m benchmarks.fine [--data DIR] [--work DIR] [--install]

About three and a half hours on two cores; a run that was stopped goes on. `--install` puts the network and
its card into resources/weights/fine (needs the extra `fine`: onnx and onnxscript). Its worth is measured by
`main.py bench clicks`. The val sets choose nothing: the last weights are taken.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
SHARES = {"pennfudan": 0.4, "coco": 0.42, "nuclei": 0.1, "fruits_nuts": 0.08}  # of the samples
ROUNDS = (  # iterations, rate, seed, whether the part that sees hints is trained
    (3250, 1.5e-3, 0, False),
    (1800, 9e-4, 7, False),
    (2300, 9e-4, 11, False),
    (3000, 6e-4, 21, True),
)
CARD: dict[str, Any] = {
    "name": "fine",
    "what": "fine prototypes of one instance's crop, for hints and drawn boxes",
    "network": "EfficientNet-Lite0 to stride 16 (ImageNet weights, Apache-2.0), a decoder, a part for hints",
    "data": "train parts of Penn-Fudan, 80 photographs of COCO 2017, nuclei (CC0), fruits and nuts (MIT)",
    "licence": "MIT; Penn-Fudan is for research, COCO's photographs have their own licences",
}


def main() -> None:
    """Train all rounds, and install what came out."""
    from model.fine.training import Source, train

    parser = argparse.ArgumentParser(prog="python -m benchmarks.fine", description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--work", type=Path, default=ROOT / "runs" / "fine")
    parser.add_argument("--install", action="store_true")
    wanted = parser.parse_args()
    sources = [
        Source(wanted.data / name / "train.json", wanted.data / name / "images", share)
        for name, share in SHARES.items()
    ]
    before: Path | None = None
    for number, (iterations, rate, seed, again) in enumerate(ROUNDS, 1):
        before = train(
            sources,
            wanted.work / f"round{number}",
            iterations=iterations,
            lr=rate,
            seed=seed,
            resume=True,
            begin_with=before,
            again=again,
            progress=lambda _, words: print(words, flush=True),
        )
    if wanted.install and before is not None:
        from model.fine.export import export
        from model.fine.sight import BUILT_IN

        export(before, BUILT_IN, CARD)


if __name__ == "__main__":
    main()

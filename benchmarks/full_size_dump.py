"""`dump` through the command line, at full size, against the second writing in double precision.

    python -m benchmarks.full_size_dump [--record] [CONFIGURATION ...]

For each released configuration a checkpoint with random weights is written as its authors publish them; the
program dumps a picture in a process of its own; every array is compared with `tests/model/second_writing.py`.
Maps: largest difference over the largest value. Detections: as they follow from the dumped maps, choices and
masks exactly. A minute or two and up to 4 GB a configuration, on an idle machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.report import RECORDS, machine

NAME = "full_size_dump"
ROOT = Path(__file__).parents[1]
LEAST_SPREAD = 0.1  # of the detections' scores, so that their order means something
LIMIT = 1e-3  # of a map's largest value: single precision, a hundred layers deep
MAPS = {
    "C3",
    "C4",
    "C5",
    "P3",
    "P4",
    "P5",
    "P6",
    "P7",
    "prototypes",
    "boxes_raw",
    "class_scores",
    "coefficients",
}


def compare(name: str, folder: Path) -> str:
    """One configuration's row. AssertionError: they don't agree."""
    import torch

    from model.opencv import cv2
    from tests.model import second_writing as second
    from tests.model.published_files import write_published
    from tests.model.test_dump_against_second_writing import check_detections, write_image

    began = time.monotonic()
    published = second.FAMILY[name]
    image, out = write_image(folder, "large"), folder / "dump.npz"
    pixels = cv2.imread(str(image))
    wanted_input = second.network_input(pixels, published)
    batch = torch.from_numpy(wanted_input.copy())[None]
    weights, state = write_published(folder, name, images=batch.float())
    command = [sys.executable, str(ROOT / "main.py"), "dump", "--model", str(weights), "--config", name]
    command += ["--image", str(image), "--out", str(out), "--features", "--device", "cpu"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with np.load(out) as file:
        found = dict(file)
    np.testing.assert_allclose(
        found["input"], wanted_input, atol=5e-4
    )  # the published resizing rounds places
    batch = torch.from_numpy(found["input"].astype(np.float64))[None]
    np.testing.assert_allclose(found["priors"], second.anchors(published), atol=1e-6)
    doubles = {key: value.double() for key, value in state.items()}
    with torch.inference_mode():
        maps = second.network(doubles, batch, published.network, published.classes)
    maps["class_scores"] = maps.pop("class_logits").softmax(-1)
    worst = ("", 0.0)
    for key in sorted(MAPS & set(maps)):
        wanted = maps[key][0].numpy()
        apart = float(np.abs(found[key] - wanted).max() / np.abs(wanted).max())
        worst = max(worst, (key, apart), key=lambda one: one[1])
    assert worst[1] <= LIMIT, f"{name}: {worst[0]} is {worst[1]:.1e} apart"
    height, width = pixels.shape[:2]
    check_detections(found, published, doubles, "fast", width, height)
    scores = found.get("det_class_scores", found["det_scores"])
    detections = f"{len(scores)} of scores {scores.min():.2f} to {scores.max():.2f}"
    assert scores.max() - scores.min() > LEAST_SPREAD, f"{name}: {detections} say little"
    seconds = time.monotonic() - began
    return f"| {name} | {worst[1]:.1e} ({worst[0]}) | {detections}, all equal | {seconds:.0f} s |"


def main() -> None:
    """Compare what was asked for, or all. Exit 1 when one does not agree."""
    from tests.model.second_writing import FAMILY

    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_size_dump", description=__doc__)
    parser.add_argument("--record", action="store_true", help="into docs/benchmarks")
    parser.add_argument("names", nargs="*", metavar="CONFIGURATION", help=f"of: {', '.join(FAMILY)}")
    given = parser.parse_args()
    if unknown := set(given.names) - set(FAMILY):
        parser.error(f"expected names of {', '.join(FAMILY)}; got {', '.join(sorted(unknown))}")
    lines = ["| configuration | maps, furthest apart | detections | time |", "|---|---|---|---|"]
    print("\n".join(lines), flush=True)
    failed = False
    for name in given.names or FAMILY:
        with tempfile.TemporaryDirectory() as folder:
            try:
                line = compare(name, Path(folder))
            except AssertionError as error:
                failed = True
                line = f"| {name} | differs: {' '.join(str(error).split())[:200]} | | |"
            except subprocess.CalledProcessError as error:
                failed = True
                said = (error.stderr or b"").decode(errors="replace").strip().splitlines()
                line = f"| {name} | was not dumped: {said[-1][:200] if said else error} | | |"
        lines.append(line)
        print(line, flush=True)
    if given.record:
        text = "\n".join(lines)
        (RECORDS / f"{NAME}.md").write_text(
            "# Dumps at full size against a second writing\n\n"
            f"`python -m benchmarks.{NAME}`\n\n{text}\n\n"
            "Random weights in the published format, one picture of 620 x 430. Differences of maps are in "
            "parts of the map's largest value; the second writing computes in double precision.\n\n"
            f"{machine()}.\n",
            encoding="utf-8",
        )
    raise SystemExit(failed)


if __name__ == "__main__":
    main()

"""What *Look closer* does for small objects: IoU of their masks before and after, and how long it takes.

    python -m benchmarks.closer [--record] [--data DIR] [--model NAME]

Three sets of small persons (COCO's small: fewer than 32 x 32 pixels), from `DIR/pennfudan` and `DIR/coco`:

- *small, few pixels*: the val photographs of Penn-Fudan, reduced, side by side on one picture;
- *small in a large picture*: the same photographs side by side at their own size: what the network sees of a
  person is as small as above, but a closer look has more pixels to show;
- *photographs*: the small persons of COCO's val photographs.

Every instance that a detection matches starts as that detection, a proposal, beside all others that the
window shows. Region, network and choice are the window's own (`app.closer`, `app.inference`); *drawn anew* is
Shift+R (`app.fine.redrawn`). What is not found is drawn anew of the mask that it had, as in the window.
Beside it stands a larger question to the same images: what the image's own edges are worth (`app.edges`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation, AnnotationId, AnnotationState, CategoryId, ImageId
from app.clicks.benchmark import MATCHED, MIN_SCORE, _read, _truth
from app.closer import finer, region_of
from app.edges import refined
from app.fine import redrawn, shared_look
from app.geometry import mask_iou, tight, translate, window
from app.inference import Inference
from app.proposals import Candidate, candidates
from app.versions import find
from benchmarks.report import Report, main
from model.errors import InputError
from model.image_io import read_image
from model.masks import BoxMask
from model.opencv import cv2

NAME = "closer"
SHARED = Path(__file__).parents[2] / "shared" / "data"
SMALL = 32 * 32  # pixels: COCO's small
SHOWN = 0.35  # score from which the window shows proposals at first
PERSON = ("person", "pedestrian")
REDUCED, FULL = (112, 98), (448, 392)  # width, height that a photograph has side by side with others
COLUMNS, ROWS = 6, 5
STRENGTHS = (0.4, 1.0)


@dataclass(slots=True)
class Looked:
    """IoU of every matched instance, as it was and after each way, and milliseconds."""

    count: int = 0  # instances, matched or not
    ious: dict[str, list[float]] = field(default_factory=dict)
    look: list[float] = field(default_factory=list)
    choice: list[float] = field(default_factory=list)
    changed: list[bool] = field(default_factory=list)

    def add(self, way: str, value: float) -> None:
        self.ious.setdefault(way, []).append(value)


AS_PREDICTED, ANEW, CLOSER = "as predicted", "drawn anew", "looked closer"


def measure(data: Path, model: str) -> Report:
    """IoU of small persons before and after a closer look, and of people's masks at the image's edges."""
    report = Report("Look closer", f"python -m benchmarks.{NAME}")
    with Inference(find(model).weights) as inference, tempfile.TemporaryDirectory() as name:
        for title, images in _sets(data, Path(name)):
            looked = Looked()
            for path, truths in images:
                _look(looked, inference, path, truths)
                print(
                    f"\r{title}: {len(looked.changed)} of {looked.count}", end="", file=sys.stderr, flush=True
                )
            print(file=sys.stderr)
            _tell(report, title, looked)
        for title, part in (("Penn-Fudan", "pennfudan"), ("persons of COCO", "coco")):
            _edges(report, title, inference, _people(data, part))
    report.notes.append(
        f"model `{model}`; a detection of IoU {MATCHED} or more matches; means are in the first column, the "
        "interval is of 2,000 draws with repetition; times are of the model's process and of the choice"
    )
    return report


# --- the sets ----------------------------------------------------------------------------------------------


def _sets(data: Path, folder: Path) -> Iterator[tuple[str, Iterator[tuple[Path, list[BoxMask]]]]]:
    yield "small, few pixels", _side_by_side(data, folder / "reduced.png", REDUCED)
    yield "small in a large picture", _side_by_side(data, folder / "full.png", FULL)
    yield "small in photographs", _small(_people(data, "coco"))


def _people(data: Path, part: str) -> Iterator[tuple[Path, list[BoxMask]]]:
    """Each image of a val part with the masks of its people; crowds are left out."""
    file = data / part / "val.json"
    for entry, objects, names in _read(file):
        path = file.parent / "images" / str(entry["file_name"])
        size = int(entry["width"]), int(entry["height"])
        chosen = [
            each
            for each in objects
            if names.get(int(each["category_id"]), "").casefold() in PERSON and not each.get("iscrowd")
        ]
        truths = [_truth(each, *size) for each in chosen]
        yield path, [tight(BoxMask(0, 0, each)) for each in truths if each.any()]


def _small(images: Iterator[tuple[Path, list[BoxMask]]]) -> Iterator[tuple[Path, list[BoxMask]]]:
    for path, truths in images:
        small = [each for each in truths if np.count_nonzero(each.bits) < SMALL]
        if small:
            yield path, small


def _side_by_side(data: Path, path: Path, cell: tuple[int, int]) -> Iterator[tuple[Path, list[BoxMask]]]:
    """The photographs on one picture, each fitted into a cell (width, height), and their people there.

    People who would not be small at the size of `REDUCED` are left out.
    """
    across, down = cell
    picture = np.zeros((ROWS * down, COLUMNS * across, 3), np.uint8)
    truths: list[BoxMask] = []
    limit = SMALL * across / REDUCED[0] * down / REDUCED[1]
    for number, (file, masks) in enumerate(_people(data, "pennfudan")):
        if number == ROWS * COLUMNS:
            break
        y, x = number // COLUMNS * down, number % COLUMNS * across
        pixels = read_image(file)
        share = min(across / pixels.shape[1], down / pixels.shape[0])
        size = round(pixels.shape[1] * share), round(pixels.shape[0] * share)
        fitted = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if share < 1 else cv2.INTER_LINEAR)
        picture[y : y + down, x : x + across] = cv2.copyMakeBorder(
            fitted, 0, down - size[1], 0, across - size[0], cv2.BORDER_REPLICATE
        )
        for mask in masks:
            whole = window(mask, 0, 0, pixels.shape[1], pixels.shape[0]).astype(np.float32)
            part = cv2.resize(whole, size, interpolation=cv2.INTER_AREA) > 0.5
            if 0 < np.count_nonzero(part) < limit:
                truths.append(translate(tight(BoxMask(0, 0, np.asarray(part))), x, y))
    cv2.imwrite(str(path), picture[..., ::-1])
    yield path, truths


# --- looking -----------------------------------------------------------------------------------------------


def _look(looked: Looked, inference: Inference, path: Path, truths: Sequence[BoxMask]) -> None:
    pixels = read_image(path)
    height, width = pixels.shape[:2]
    found = candidates(inference.predict(path, MIN_SCORE).result(), MIN_SCORE)
    present = [_proposal(number, each) for number, each in enumerate(found)]
    shown = [each for each in present if (each.score or 0) >= SHOWN]
    for truth in truths:
        looked.count += 1
        best = _matched(found, truth)
        if best is None:
            continue
        one, before = present[best], found[best].mask
        began = time.perf_counter()
        prediction = inference.predict(path, MIN_SCORE, region=region_of(one.bbox, width, height)).result()
        seen = time.perf_counter()
        others = [each for each in shown if each.id != one.id]
        after, mask = finer(
            one,
            prediction,
            category=found[best].category,
            others=others,
            pixels=pixels,
            finely=shared_look(),
        )
        looked.choice.append((time.perf_counter() - seen) * 1000)
        looked.look.append((seen - began) * 1000)
        looked.changed.append(after.geometry != one.geometry)
        for way, made in (
            (AS_PREDICTED, before),
            (ANEW, redrawn(before, pixels, width, shared_look())),
            (CLOSER, mask),
        ):
            looked.add(way, mask_iou(made, truth))


def _proposal(number: int, found: Candidate) -> Annotation:
    return Annotation(
        id=AnnotationId(number),
        image_id=ImageId(1),
        category_id=CategoryId(1),
        state=AnnotationState.PROPOSED,
        geometry=found.geometry,
        bbox=found.bbox,
        area=found.area,
        score=found.score,
        origin=found.origin,
    )


def _matched(found: Sequence[Candidate], truth: BoxMask) -> int | None:
    """The detection that is most like an instance, if one is."""
    likeness = [mask_iou(each.mask, truth) for each in found]
    best = int(np.argmax(likeness)) if likeness else -1
    return best if best >= 0 and likeness[best] >= MATCHED else None


# --- telling -----------------------------------------------------------------------------------------------


def _tell(report: Report, title: str, looked: Looked) -> None:
    if not looked.ious:
        report.notes.append(f"{title}: none of {looked.count} was matched")
        return
    before = np.array(looked.ious[AS_PREDICTED])
    for way, values in looked.ious.items():
        report.add(f"{title}: {way}, mean IoU {np.mean(values):.3f}", values, unit="IoU")
    for way in (ANEW, CLOSER):
        gain = (np.array(looked.ious[way]) - before) * 100
        low, high = _interval(gain)
        words = (
            f"{title}: gain of *{way}*, mean {gain.mean():+.1f} (95 %: {low:+.1f} to {high:+.1f}), "
            f"better {np.mean(gain > 1):.0%}, worse {np.mean(gain < -1):.0%} by more than a point"
        )
        report.add(words, gain.tolist(), unit="points", target="+15" if way == CLOSER else "")
    report.add(f"{title}: the network looks again", looked.look)
    report.add(f"{title}: the instance is chosen, its mask made", looked.choice)
    report.notes.append(
        f"{title}: {len(before)} of {looked.count} matched, {np.mean(looked.changed):.0%} changed by it"
    )


def _interval(values: NDArray[np.floating]) -> tuple[float, float]:
    """95 % of the means of draws with repetition."""
    draws = np.random.default_rng(0).integers(0, len(values), (2000, len(values)))
    low, high = np.percentile(values[draws].mean(1), (2.5, 97.5))
    return float(low), float(high)


def _edges(
    report: Report, title: str, inference: Inference, images: Iterator[tuple[Path, list[BoxMask]]]
) -> None:
    """What drawing masks as predicted to the image's edges is worth, of all sizes."""
    before: list[float] = []
    after: dict[float, list[float]] = {each: [] for each in STRENGTHS}
    for path, truths in images:
        if not truths:
            continue
        pixels = read_image(path)
        found = candidates(inference.predict(path, MIN_SCORE).result(), MIN_SCORE)
        for truth in truths:
            best = _matched(found, truth)
            if best is None:
                continue
            before.append(mask_iou(found[best].mask, truth))
            for strength, values in after.items():
                values.append(mask_iou(refined(found[best].mask, pixels, strength), truth))
    if not before:
        return
    for strength, values in after.items():
        gain = (np.array(values) - before) * 100
        low, high = _interval(gain)
        words = (
            f"edges at strength {strength:.0%}, {title}: {np.mean(before):.3f} to {np.mean(values):.3f}, "
            f"mean {gain.mean():+.2f} (95 %: {low:+.2f} to {high:+.2f}), "
            f"better {np.mean(gain > 1):.0%}, worse {np.mean(gain < -1):.0%} by more than a point"
        )
        report.add(words, gain.tolist(), unit="points")


def _command(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{NAME}", description=__doc__)
    parser.add_argument("--data", type=Path, default=SHARED, metavar="DIR", help="holds pennfudan and coco")
    parser.add_argument("--model", default="people", metavar="NAME", help="a version's name, or weights")
    wanted, rest = parser.parse_known_args(argv)
    try:
        main(NAME, partial(measure, wanted.data, wanted.model), rest)
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(_command(sys.argv[1:]))

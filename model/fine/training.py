"""Training the network of fine prototypes with simulated clicks, through the algebra that answers them.

Each sample: a crop, a wrong mask, and up to `CLICKS` clicks, each at the middle of the largest error that is
left (the standard clicker; now and then off its middle). The loss is taken of the first answer and of the
answer after every click, so the pictures learn what a hint should reach. Frame: cells of the crop.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from model.fine.answering import Clicks, answer_all, maps_of, unlikeness
from model.fine.data import Object, Sample, read_objects, sample
from model.fine.fitting import Fitting
from model.fine.network import FineNetwork
from model.fine.sight import CELLS, DEVIATION, MEAN
from model.opencv import cv2

CLICKS = 4
COUNTS = (2, 3, 4, 5, 7)  # clicks of a batch, when the part that sees hints is trained
TOLD = 25  # iterations between figures
EVERY = 250  # iterations from one checkpoint to the next
OFF_CENTRE = 0.25  # share of clicks that miss the middle


@dataclass(frozen=True, slots=True)
class Source:
    """A COCO file, its images, and how much of the samples comes from it."""

    annotations: Path
    images: Path
    share: float


def batches(
    sources: Sequence[tuple[Sequence[Object], float]], size: int, seed: int, count: int
) -> Iterator[list[Sample]]:
    """`count` batches, the next one made while the present one is used. The same for the same seed."""
    shares = np.array([share for _, share in sources])
    beside = [_by_image(objects) for objects, _ in sources]

    def make(number: int) -> list[Sample]:
        rng = np.random.default_rng((seed, number))
        made: list[Sample] = []
        while len(made) < size:
            which = int(rng.choice(len(sources), p=shares / shares.sum()))
            objects = sources[which][0]
            chosen = objects[int(rng.integers(len(objects)))]
            others = [each for each in beside[which][id(chosen.image)] if each is not chosen]
            near = sorted(others, key=lambda each: _away(each, chosen))[:2]
            found = sample(chosen, rng, near, objects[int(rng.integers(len(objects)))])
            if found is not None:
                made.append(found)
        return made

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make, 0)
        for number in range(count):
            ready = ahead.result()
            ahead = pool.submit(make, number + 1)
            yield ready


def _by_image(objects: Sequence[Object]) -> dict[int, list[Object]]:
    found: dict[int, list[Object]] = {}
    for each in objects:
        found.setdefault(id(each.image), []).append(each)
    return found


def _away(a: Object, b: Object) -> float:
    return math.hypot(
        a.box[0] + a.box[2] / 2 - b.box[0] - b.box[2] / 2, a.box[1] + a.box[3] / 2 - b.box[1] - b.box[3] / 2
    )


def inputs(samples: Sequence[Sample]) -> tuple[Tensor, Tensor]:
    """Crops (B, 3, s, s) and start masks (B, 1, s, s) of -1 and 1."""
    crops = torch.from_numpy(np.stack([each.crop for each in samples])).permute(0, 3, 1, 2)
    starts = torch.from_numpy(np.stack([each.start for each in samples])[:, None].astype(np.float32))
    large = F.interpolate(starts, scale_factor=crops.shape[2] / CELLS, mode="nearest") * 2 - 1
    return (crops.float() - MEAN) / DEVIATION, large


def click(
    truth: NDArray[np.bool_], mask: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[int, int, float, float] | None:
    """Row, column, sign of the next click, how far the mask's edge is from there; None: nothing is wrong."""
    missing, surplus = _depth(truth & ~mask), _depth(mask & ~truth)
    inside = bool(missing.max() >= surplus.max())
    depth = missing if inside else surplus
    if depth.max() < 0.9:
        return None
    place = int(np.argmax(depth))
    if rng.random() < OFF_CENTRE:
        _, labels = cv2.connectedComponents((depth > 0).astype(np.uint8), connectivity=4)
        region = np.flatnonzero(np.asarray(labels).ravel() == np.asarray(labels).ravel()[place])
        weights = depth.ravel()[region].astype(np.float64)
        place = int(rng.choice(region, p=weights / weights.sum()))
    row, column = divmod(place, truth.shape[1])
    return row, column, 1.0 if inside else -1.0, max(float(to_edge(mask)[row, column]), 0.5)


def to_edge(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(h, w) distance of each cell to the nearest of the other kind; a quarter of the side where none is."""
    if mask.all() or not mask.any():
        return np.full(mask.shape, min(mask.shape) / 4, np.float32)
    within = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(within + cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _depth(region: NDArray[np.bool_]) -> NDArray[np.float32]:
    framed = np.pad(region, 1).astype(np.uint8)
    return np.asarray(cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)


def losses(
    network: FineNetwork, samples: Sequence[Sample], rng: np.random.Generator, *, again: bool = True
) -> tuple[Tensor, list[float]]:
    """The loss of a batch, and the mean IoU of the start, the first answer and after each click.

    `again`: with the part that sees hints; without, answers are linear algebra alone.
    """
    crops, large = inputs(samples)
    pictures, first, features = network(crops, large)
    start = torch.from_numpy(np.stack([np.where(each.start, 1, -1) for each in samples]).astype(np.float32))
    truth = torch.from_numpy(np.stack([each.truth for each in samples]))
    wanted = [each.truth > 0.5 for each in samples]
    total = 0.7 * _loss(first, truth)
    masks = [each.start if rng.random() < 0.6 else None for each in samples]
    shown = first.detach().numpy() > 0
    now = [shown[i] if mask is None else mask for i, mask in enumerate(masks)]
    likeness = [_iou([each.start for each in samples], wanted), _iou(list(shown), wanted)]
    count = int(rng.choice(COUNTS)) if again else CLICKS
    clicks = Clicks.none(len(samples), count)
    base = first
    for number in range(count):
        for index, mask in enumerate(now):
            made = click(wanted[index], mask, rng)
            if made is not None:
                clicks.put(index, number, *made)
        squares = unlikeness(pictures, clicks)
        logits = answer_all(pictures, base, clicks, network.steepness, squares)
        if again:
            total = total + 0.2 * _loss(logits, truth)
            seen = maps_of(start, first.detach(), logits.detach(), clicks, squares)
            base = logits + network.again(seen, features)
            logits = answer_all(pictures, base, clicks, network.steepness, squares)
            base = base.detach()
        total = total + 0.6 * _loss(logits, truth)
        now = list(logits.detach().numpy() > 0)
        if number < CLICKS:
            likeness.append(_iou(now, wanted))
    likeness += likeness[-1:] * (CLICKS - count)
    return total, likeness


def _loss(logits: Tensor, truth: Tensor) -> Tensor:
    """Cross-entropy by cell, and one minus the soft IoU; means over the batch."""
    likely = torch.sigmoid(logits)
    both = (likely * truth).sum((1, 2))
    either = (likely + truth - likely * truth).sum((1, 2))
    entropy = F.binary_cross_entropy_with_logits(logits, truth)
    return entropy + (1 - both / either).mean()


def _iou(masks: Sequence[NDArray[np.bool_]], truths: Sequence[NDArray[np.bool_]]) -> float:
    return float(np.mean([(a & b).sum() / max((a | b).sum(), 1) for a, b in zip(masks, truths, strict=True)]))


def train(
    sources: Sequence[Source],
    out: Path,
    *,
    iterations: int,
    batch: int = 16,
    lr: float = 1.5e-3,
    seed: int = 0,
    resume: bool = False,
    begin_with: Path | None = None,
    again: bool = True,
    progress: Callable[[int, str], None] | None = None,
) -> Path:
    """Train from ImageNet weights, or go on from a checkpoint. Returns `out`/checkpoint.pt, kept up to date.

    `resume`: go on where a run in `out` was stopped. `begin_with`: a checkpoint, perhaps of a training
    without `again`, the part that sees hints. `progress`: iteration and a line of figures.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    fitting = Fitting(lr, iterations, begin_with)
    kept = out / "checkpoint.pt"
    begin = fitting.restore(kept) if resume and kept.is_file() else 0
    objects = [(read_objects(each.annotations, each.images), each.share) for each in sources]
    rng = np.random.default_rng((seed, 1, begin))
    recent: list[list[float]] = []
    started = time.perf_counter()
    fitting.network.train()
    for number, samples in enumerate(batches(objects, batch, seed + begin, iterations - begin), begin + 1):
        total, likeness = losses(fitting.network, samples, rng, again=again)
        fitting.step(total)
        recent.append([total.item(), *likeness])
        if number % TOLD == 0 or number == iterations:
            spent = (time.perf_counter() - started) / (number - begin)
            if progress:
                progress(number, f"{number}/{iterations} {_figures(recent)} {spent:.2f} s each")
            recent.clear()
        if number % EVERY == 0 or number == iterations:
            fitting.save(kept, number)
    (out / "done.json").write_text(json.dumps({"iterations": iterations}))
    return kept


def _figures(recent: Sequence[Sequence[float]]) -> str:
    """Means of a loss and the IoU after 0, 1, ... clicks."""
    loss, *ious = np.mean(recent, 0)
    return f"loss {loss:.3f} iou {' '.join(f'{value:.3f}' for value in ious)}"

"""The published loss terms and matching of one fixed batch, for comparisons with other implementations.

The network runs in training mode with the published losses, in float32, whatever a recipe says. Batch norms
follow the published rule: a batch below 6 uses their running statistics (frozen), a larger one its own.
Every positive enters M and I, so that the numbers can be compared: where training would draw 100 of more at
random and scale their M up, this M is the mean over all draws.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from model.atomic import replacing
from model.checkpoint import load
from model.config import CONFIGS, ModelConfig
from model.devices import choose_device
from model.errors import DataError, InputError
from model.losses import match_targets, published_loss
from model.optim import freeze
from model.recipes import RECIPES
from model.targets import Target
from model.yolact import Yolact

FARTHEST = 4.0  # a corner may lie outside the image, but pixels lie farther out
Norms = Literal["auto", "frozen", "batch"]
_FAULTS = (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError)


def dump_losses(
    config: str,
    weights: Path | str,
    batch: Path,
    out: Path,
    *,
    norms: Norms = "auto",
    device: str = "cpu",
) -> dict[str, float]:
    """Write `out` (.npz, whole or not at all) and give its terms.

    `batch` holds `images` (B, 3, S, S), normalised RGB, and for each image i `boxes_i` (n, 5) x1 y1 x2 y2 in
    0..1 and the class from 0 (-1 for a crowd), `masks_i` (n, S, S), crowds last, and `num_crowds_i`.
    `out` holds the weighted terms B, C, M, S, and I where masks teach their quality (float32), and for each
    image `matched_class_i` (P,) int64: class + 1, 0 background, -1 neutral, and `matched_gt_i` (P,) int64:
    the object that each prior overlaps most, for all priors. `norms`: whether batch norms are frozen.
    Raises InputError, WeightsError, DataError in one line.
    """
    model = _network(config, weights)
    arrays = _read(batch)
    images = _images(arrays, batch, model.config)
    targets = [_target(arrays, index, batch, model.config) for index in range(len(images))]
    chosen = choose_device(device)
    model.to(chosen)
    freeze(model, RECIPES["yolact"], {"auto": len(images), "frozen": 1, "batch": 6}[norms])
    moved = [
        Target(
            one.boxes.to(chosen), one.categories.to(chosen), one.masks.to(chosen), one.crowd_boxes.to(chosen)
        )
        for one in targets
    ]
    with torch.no_grad():
        raw = model(torch.from_numpy(images).to(chosen))
        matches = match_targets(moved, model.priors)
        terms = published_loss(
            raw,
            moved,
            model.priors,
            model.config,
            model.maskiou_net,
            matches=matches,
            limit=len(model.priors),
        )
    found = {name: value.cpu().numpy().astype(np.float32) for name, value in terms.items()}
    for index, match in enumerate(matches):
        found[f"matched_class_{index}"] = match.labels.cpu().numpy()
        found[f"matched_gt_{index}"] = match.objects.cpu().numpy()
    _write(out, found)
    return {name: float(value) for name, value in terms.items()}


def _network(config: str, weights: Path | str) -> Yolact:
    if config not in CONFIGS:
        raise InputError(f"expected a configuration out of {', '.join(CONFIGS)}, got {config!r}")
    if str(weights).endswith(".safetensors"):
        model, card = load(weights)
        if card.config.name == config:
            return model  # with the card's own number of classes
    return load(weights, config)[0]


def _read(path: Path) -> dict[str, NDArray]:
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except FileNotFoundError:
        raise DataError(f"{path}: expected a batch (.npz), found nothing there") from None
    except _FAULTS as error:
        words = (str(error).splitlines() or [type(error).__name__])[0][:100]
        raise DataError(
            f"{path}: expected a batch as .npz of plain arrays, could not read it ({words})"
        ) from None
    except (AttributeError, TypeError):  # a single .npy array
        raise DataError(f"{path}: expected a batch as .npz, got a single array") from None


def _images(arrays: Mapping[str, NDArray], path: Path, config: ModelConfig) -> NDArray[np.float32]:
    side = config.input_size
    images = _get(arrays, "images", path)
    if images.ndim != 4 or not len(images) or images.shape[1:] != (3, side, side):
        raise DataError(
            f"{path}: expected images (B, 3, {side}, {side}) for {config.name}, got shape {images.shape}"
        )
    if not np.isfinite(images).all():
        raise DataError(f"{path}: expected finite images, got values that are no numbers")
    return np.ascontiguousarray(images, np.float32)


def _target(arrays: Mapping[str, NDArray], index: int, path: Path, config: ModelConfig) -> Target:
    rows = _get(arrays, f"boxes_{index}", path)
    if rows.size == 0:
        rows = np.zeros((0, 5), np.float32)
    if rows.ndim != 2 or rows.shape[1] != 5 or not np.isfinite(rows).all():
        raise DataError(f"{path}: expected boxes_{index} (n, 5) of numbers, got shape {rows.shape}")
    labels = rows[:, 4].astype(np.int64)
    if (labels != rows[:, 4]).any():
        raise DataError(f"{path}: expected whole numbers as labels in boxes_{index}, got others")
    if (farthest := np.abs(rows[:, :4]).max(initial=0)) > FARTHEST:
        raise DataError(
            f"{path}: expected boxes_{index} as x1 y1 x2 y2 in 0..1, got up to {farthest:.6g}: "
            "divide by the size"
        )
    given = arrays.get(f"num_crowds_{index}")
    crowds = int(given.reshape(-1)[0]) if given is not None and given.size else int((labels < 0).sum())
    count = len(rows) - crowds
    if not 0 <= crowds <= len(rows) or (labels[:count] < 0).any():
        raise DataError(
            f"{path}: expected the {crowds} crowds of image {index} last in boxes_{index}, and no label "
            f"below 0 before them, got labels {labels[:20].tolist()}"
        )
    if (labels[:count] >= config.classes).any():
        raise DataError(
            f"{path}: expected labels 0 to {config.classes - 1} in boxes_{index}, got {labels[:count].max()}"
        )
    if count and (rows[:count, 2:4] <= rows[:count, :2]).any():
        raise DataError(f"{path}: expected boxes_{index} as x1 y1 x2 y2 with x1 < x2 and y1 < y2, got others")
    boxes = torch.from_numpy(np.ascontiguousarray(rows[:, :4], np.float32))
    return Target(
        boxes[:count],
        torch.from_numpy(labels[:count]),
        _masks(arrays, index, count, path, config),
        boxes[count:],
    )


def _masks(
    arrays: Mapping[str, NDArray], index: int, count: int, path: Path, config: ModelConfig
) -> torch.Tensor:
    side = config.input_size
    if not count:
        return torch.zeros(0, side, side)
    masks = _get(arrays, f"masks_{index}", path)
    if masks.ndim != 3 or len(masks) < count or masks.shape[1:] != (side, side):
        raise DataError(
            f"{path}: expected masks_{index} ({count} or more, {side}, {side}), got shape {masks.shape}"
        )
    if not np.isfinite(masks[:count]).all():
        raise DataError(f"{path}: expected finite masks_{index}, got values that are no numbers")
    return torch.from_numpy(np.ascontiguousarray(masks[:count], np.float32))


def _get(arrays: Mapping[str, NDArray], name: str, path: Path) -> NDArray:
    if name not in arrays:
        raise DataError(f"{path}: expected an array {name!r}, got {', '.join(sorted(arrays)[:8]) or 'none'}")
    if arrays[name].dtype.kind not in "fiub":
        raise DataError(f"{path}: expected numbers in {name!r}, got {arrays[name].dtype}")
    return arrays[name]


def _write(out: Path, arrays: Mapping[str, NDArray]) -> None:
    if not out.parent.is_dir():
        raise InputError(f"expected a folder to write into, got {out.parent}; make it first")
    with replacing(out) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # names are arrays, none is allow_pickle

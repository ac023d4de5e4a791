"""Every intermediate of one image in one .npz, for notebooks, lectures and comparisons.

Float32, batch norms not folded, the image resized as the published programs do. Arrays: see `dump`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.atomic import replacing
from model.checkpoint import load
from model.config import ModelConfig, NmsKind
from model.detect import Detections, detect
from model.devices import choose_device
from model.image_io import read_image
from model.masks import assemble
from model.rescoring import soft_masks
from model.transforms import to_published_input
from model.yolact import RawOutput, Yolact


def dump(
    weights: Path | str,
    image: Path,
    out: Path,
    *,
    nms: NmsKind = "fast",
    features: bool = False,
    config: ModelConfig | str | None = None,
    device: str = "cpu",
) -> dict[str, tuple[int, ...]]:
    """Run one image and write `out`, whole or not at all. Gives the shape of each array.

    `input` (3, S, S) as the network gets it; `prototypes` (h, w, k) after their ReLU; `boxes_raw` (P, 4);
    `class_scores` (P, C) after softmax, background first; `coefficients` (P, k) after tanh; `priors` (P, 4);
    with `features` also C3 C4 C5 P3 ... P7 (c, h, w). Detections with the configuration's thresholds:
    `det_boxes_rel` (n, 4) x1 y1 x2 y2 in 0..1 as decoded, `det_boxes` (n, 4) in whole image pixels,
    `det_classes` (n,) from 0, `det_scores` (n,), `det_coefficients` (n, k), `det_masks` (n, H, W) bool.
    With mask re-scoring `det_scores` are the re-scored ones and `det_class_scores` those before.
    Raises ImageError, WeightsError, OSError.
    """
    chosen = choose_device(device)
    model, card = load(weights, config)
    pixels = read_image(image)
    height, width = pixels.shape[:2]
    with torch.inference_mode():
        inputs = to_published_input(pixels, card.config).to(chosen)
        model.to(chosen)
        raw = model(inputs, features=features)
        found = detect(raw, model.priors, card.config, nms=nms)
        arrays = _intermediates(model, inputs, raw) | _detections(model, raw, found, width, height)
    boxes, coefficients = arrays["det_boxes_rel"], arrays["det_coefficients"]
    masks = (
        _full(arrays["prototypes"], coefficients[index], boxes[index], width, height)
        for index in range(len(boxes))
    )
    _write(out, arrays, "det_masks", (len(boxes), height, width), masks)
    return {name: each.shape for name, each in arrays.items()} | {"det_masks": (len(boxes), height, width)}


def _intermediates(model: Yolact, inputs: Tensor, raw: RawOutput) -> dict[str, NDArray]:
    named = {
        "input": inputs[0],
        "prototypes": raw.prototypes[0],
        "boxes_raw": raw.boxes_raw[0],
        "class_scores": raw.class_logits[0].softmax(-1),
        "coefficients": raw.coefficients[0],
        "priors": model.priors,
    }
    named |= {name: maps[0] for name, maps in (raw.features or {}).items()}
    return {name: np.ascontiguousarray(each.cpu().numpy(), np.float32) for name, each in named.items()}


def _detections(
    model: Yolact, raw: RawOutput, found: Detections, width: int, height: int
) -> dict[str, NDArray]:
    scores = found.scores
    extra: dict[str, NDArray] = {}
    if model.maskiou_net is not None:
        extra["det_class_scores"] = scores.cpu().numpy()
        if len(scores):
            masks = soft_masks(raw.prototypes[0], found.coefficients, found.boxes)
            scores = scores * model.maskiou_net(masks).gather(1, found.classes[:, None])[:, 0]
    boxes = found.boxes.cpu().numpy()
    return {
        "det_boxes_rel": boxes,
        "det_boxes": to_pixels(boxes, width, height),
        "det_classes": found.classes.cpu().numpy(),
        "det_scores": scores.cpu().numpy(),
        "det_coefficients": found.coefficients.cpu().numpy(),
        **extra,
    }


def to_pixels(boxes_relative: NDArray, width: int, height: int) -> NDArray[np.int64]:
    """(n, 4) relative -> whole image pixels as published: in order, left and top at least 0, cut off."""
    scaled = boxes_relative * np.array([width, height, width, height], np.float32)
    low = np.maximum(np.minimum(scaled[:, :2], scaled[:, 2:]), 0)
    high = np.minimum(np.maximum(scaled[:, :2], scaled[:, 2:]), np.array([width, height], np.float32))
    return np.concatenate([low, high], 1).astype(np.int64)


def _full(
    prototypes: NDArray, coefficients: NDArray, box: NDArray, width: int, height: int
) -> NDArray[np.bool_]:
    mask = assemble(prototypes, coefficients, box, width, height)
    full = np.zeros((height, width), np.bool_)
    full[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
    return full


def _write(
    path: Path,
    arrays: Mapping[str, NDArray],
    name: str,
    shape: tuple[int, ...],
    parts: Iterator[NDArray[np.bool_]],
) -> None:
    """An .npz of `arrays` and of one that is made part by part: full-size masks never lie side by side."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        replacing(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for key, array in arrays.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.ascontiguousarray(array), allow_pickle=False)
        with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
            header: dict[str, Any] = {"descr": "|b1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(entry, header)
            for part in parts:
                entry.write(part.tobytes())

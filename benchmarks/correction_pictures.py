"""`python -m benchmarks.correction_pictures`: makes docs/images/correction.png, from a generated picture.

From left to right: the mask and a hint, the hint's helper row, the logits after it, the mask after it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.geometry import window
from app.instance_solving import Stroke, solve_near
from model.masks import BoxMask
from model.messages import Prediction
from model.opencv import cv2

OUT = Path(__file__).parents[1] / "docs" / "images" / "correction.png"
WIDTH, HEIGHT = 320, 240
HINT = (236.0, 118.0)

Picture = NDArray[np.uint8]


def main() -> None:
    """Make the picture."""
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(truth, (120, 120), (60, 72), 0, 0, 360, 1, -1)
    body = truth > 0
    cv2.ellipse(truth, (220, 118), (62, 20), 8, 0, 360, 1, -1)
    whole = truth > 0
    noise = cv2.GaussianBlur(np.random.default_rng(3).normal(size=(HEIGHT, WIDTH, 3)), (0, 0), 3) * 60
    ground = np.where(whole[..., None], (196, 112, 60), (92, 128, 96)) + np.asarray(noise)
    pixels = np.clip(ground, 0, 255).astype(np.uint8)
    start = BoxMask(0, 0, body)
    prediction = _prediction(body, whole)
    box = (55.0, 44.0, 130.0, 152.0)
    (step,) = solve_near(start, prediction.coefficients[0], box, prediction, pixels, [Stroke((HINT,), True)])
    field, (left, top, right, bottom) = step.field, step.field.grid.rectangle
    row = np.zeros(field.grid.shape, np.float32)
    row[field.rows[0].window] = field.rows[0].values
    size = right - left, bottom - top
    panels = [
        _outlined(pixels, body, hint=True)[top:bottom, left:right],
        _scaled(row, 0, 1, size),
        _scaled(field.logits, -3, 3, size),
        _outlined(pixels, window(step.mask, 0, 0, WIDTH, HEIGHT), hint=True)[top:bottom, left:right],
    ]
    gap = np.full((size[1], 8, 3), 255, np.uint8)
    joined = np.concatenate([part for panel in panels for part in (panel, gap)][:-1], 1)
    cv2.imwrite(str(OUT), joined[..., ::-1])
    print(f"written to {OUT}")


def _prediction(body: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Prediction:
    """Prototypes as a network might have them: body, all of it blurred, the ground, left and right."""
    half = np.broadcast_to(np.linspace(0, 1, WIDTH), (HEIGHT, WIDTH))
    maps = [body * 1.0, whole * 1.0, ~whole * 1.0, half, 1 - half]
    blurred = [cv2.GaussianBlur(np.asarray(each, np.float32), (0, 0), 7) for each in maps]
    cells = [cv2.resize(each, (80, 60), interpolation=cv2.INTER_AREA) for each in blurred]
    return Prediction(
        model_version="generated",
        categories=("thing",),
        image_width=WIDTH,
        image_height=HEIGHT,
        prototypes=np.stack(cells, -1).astype(np.float16),
        boxes=np.array([[0.17, 0.18, 0.58, 0.82]], np.float32),
        scores=np.ones(1, np.float32),
        classes=np.zeros(1, np.int32),
        coefficients=np.array([[5, 0, -2.5, 0, 0]], np.float32),
        qualities=np.ones(1, np.float32),
    )


def _outlined(pixels: Picture, mask: NDArray[np.bool_], *, hint: bool) -> Picture:
    shown = pixels.copy()
    shown[mask] = (0.6 * shown[mask] + 0.4 * np.array([60, 120, 255])).astype(np.uint8)
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(shown, outlines, -1, (255, 255, 255), 1)
    if hint:
        at = round(HINT[0]), round(HINT[1])
        cv2.circle(shown, at, 5, (255, 255, 255), -1, cv2.LINE_AA)
        cv2.circle(shown, at, 4, (20, 150, 40), -1, cv2.LINE_AA)
    return shown


def _scaled(values: NDArray[np.float32], low: float, high: float, size: tuple[int, int]) -> Picture:
    wide = np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_LINEAR))
    shade = (np.clip((wide - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(shade, cv2.COLORMAP_CIVIDIS))[..., ::-1]


if __name__ == "__main__":
    main()

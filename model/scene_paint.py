"""How the sample scenes look: ground, clutter, materials, light and shadow.

Frame: pixels of the scene, x right, y down. Images are (h, w, 3) RGB: float32 0..255 while painting. Light
comes from the direction of a unit vector (x, y), at a scene's own colour.
"""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from model.opencv import cv2

Image = NDArray[np.float32]
GROUNDS = ("linen", "wood", "paper", "sand")
MATERIALS = ("plain", "stripes", "dots", "speckle", "marble", "rings")


def noise(rng: np.random.Generator, height: int, width: int, cells: int, octaves: int = 3) -> Image:
    """(h, w) smooth noise, about -1..1; `cells` across the longer side in the coarsest octave."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        count = cells * 2**octave
        shape = (max(2, round(count * height / max(height, width)) + 2), max(2, count + 2))
        grid = rng.uniform(-1, 1, shape).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) / 2**octave
    return np.asarray(total / 1.75, np.float32)


def colour(hue: float, saturation: float, value: float) -> Image:
    """(3,) RGB 0..255."""
    return np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value), np.float32) * 255


def ground(rng: np.random.Generator, height: int, width: int, light: tuple[float, float]) -> Image:
    """A table, a cloth, paper or sand, brighter toward the light."""
    kind = GROUNDS[rng.integers(len(GROUNDS))]
    base = colour(rng.random(), rng.uniform(0.08, 0.4), rng.uniform(0.45, 0.85))
    pattern = noise(rng, height, width, 3) * 0.10
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if kind == "wood":
        base = colour(rng.uniform(0.05, 0.1), rng.uniform(0.35, 0.6), rng.uniform(0.45, 0.8))
        grain = noise(rng, height, width, 4, 2) * 14
        pattern += 0.09 * np.sin(y * (40 / height) * rng.uniform(0.6, 1.4) + grain)
        board = height / rng.integers(3, 6)
        pattern -= 0.25 * ((y % board) < 2)
    elif kind == "linen":
        step = rng.uniform(0.7, 1.3)
        pattern += 0.05 * np.sin(x * step) * np.sin(y * step) + 0.03 * np.sin(x * step / 9)
    elif kind == "sand":
        pattern += 0.10 * rng.standard_normal((height, width), np.float32)
    slope = ((x / width - 0.5) * light[0] + (y / height - 0.5) * light[1]) * rng.uniform(0.1, 0.45)
    return base * (1 + pattern + slope)[..., None]


def clutter(image: Image, rng: np.random.Generator) -> None:
    """Scraps, sticks, threads and crumbs that belong to no category, painted in place."""
    height, width = image.shape[:2]
    unit = min(height, width)
    for _ in range(int(rng.integers(2, 9))):
        tone = tuple(float(v) for v in colour(rng.random(), rng.uniform(0, 0.6), rng.uniform(0.2, 0.95)))
        centre = rng.uniform(0, 1, 2) * (width, height)
        kind = rng.integers(4)
        if kind == 0:  # a scrap of paper: a quadrangle, never as regular as a kite
            angle = np.sort(rng.uniform(0, 2 * np.pi, 4))
            radius = rng.uniform(0.04, 0.16, (4, 1)) * unit
            points = centre + np.stack((np.cos(angle), np.sin(angle)), 1) * radius
            _fill(image, points, tone)
        elif kind == 1:  # a stick
            turn, reach = rng.uniform(0, np.pi), rng.uniform(0.1, 0.4) * unit
            end = centre + reach * np.array((np.cos(turn), np.sin(turn)))
            thick = int(rng.integers(2, max(3, unit // 60)))
            cv2.line(image, _pixel(centre), _pixel(end), tone, thick, cv2.LINE_AA)
        elif kind == 2:  # a thread
            steps = np.cumsum(rng.normal(0, 0.02 * unit, (30, 2)).cumsum(0) * 0.35, 0) + centre
            points = np.round(steps * 16).astype(np.int32)
            cv2.polylines(image, [points], False, tone, int(rng.integers(1, 3)), cv2.LINE_AA, 4)
        else:  # crumbs
            for _ in range(int(rng.integers(5, 20))):
                place = centre + rng.normal(0, 0.05 * unit, 2)
                cv2.circle(image, _pixel(place), int(rng.integers(1, 4)), tone, -1, cv2.LINE_AA)


def surface(rng: np.random.Generator, height: int, width: int, hue: float) -> Image:
    """(h, w, 3) an object's material, before light."""
    kind = MATERIALS[rng.integers(len(MATERIALS))]
    saturation, value = rng.uniform(0.35, 0.95), rng.uniform(0.55, 1.0)
    first = colour(hue, saturation, value)
    second = colour(hue + rng.normal(0, 0.12), saturation * rng.uniform(0.3, 1), value * rng.uniform(0.45, 1))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    size = max(height, width)
    if kind == "stripes":
        angle, wave = rng.uniform(0, np.pi), rng.uniform(20, 60) / size
        share = np.sin((x * np.cos(angle) + y * np.sin(angle)) * wave) * 2
    elif kind == "dots":
        wave = rng.uniform(20, 45) / size
        share = (np.sin(x * wave) * np.sin(y * wave)) * 4 - 1
    elif kind == "rings":
        share = np.sin(np.hypot(x - width / 2, y - height / 2) * rng.uniform(20, 60) / size) * 2
    elif kind == "marble":
        share = np.sin(x * 8 / size + noise(rng, height, width, 4) * 5) * 1.2
    elif kind == "speckle":
        share = noise(rng, height, width, 16, 2) * 3
    else:
        share = noise(rng, height, width, 3, 1) * 0.6 - 0.6
    mix = np.clip(share * 0.5 + 0.5, 0, 1)[..., None]
    return first * (1 - mix) + second * mix


def shade(
    alpha: NDArray[np.uint8], light: tuple[float, float], rng: np.random.Generator
) -> tuple[Image, Image]:
    """(h, w) factor and highlight of a body whose edges are rounded, from its mask 0..255."""
    reach = max(3.0, min(alpha.shape) * rng.uniform(0.06, 0.14))
    relief: NDArray = cv2.GaussianBlur(
        alpha.astype(np.float32) / 255, (0, 0), reach
    )  # 8 bits would show steps
    slope_x = cv2.Sobel(relief, cv2.CV_32F, 1, 0, ksize=3) * (reach / 4)
    slope_y = cv2.Sobel(relief, cv2.CV_32F, 0, 1, ksize=3) * (reach / 4)
    facing = -(slope_x * light[0] + slope_y * light[1])
    factor = 0.72 + 0.28 * relief + facing * rng.uniform(0.5, 0.9)
    shine = np.clip(facing - 0.12, 0, None) * rng.uniform(0, 260)
    return np.asarray(np.clip(factor, 0.25, 1.5), np.float32), np.asarray(shine, np.float32)


def finish(image: NDArray, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The camera: colour of the light, darker corners, a little blur and grain."""
    height, width = image.shape[:2]
    warmth = rng.normal(0, 0.05)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    corners = 1 - rng.uniform(0, 0.3) * (x * x + y * y) / 2
    image *= corners[..., None] * (np.array((1 + warmth, 1, 1 - warmth), np.float32) * rng.uniform(0.75, 1.1))
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.0))
    grain = rng.standard_normal((height, width), np.float32) * rng.uniform(0, 6)
    return np.asarray(np.clip(image + grain[..., None], 0, 255), np.uint8)


def _fill(image: Image, points: NDArray, tone: tuple[float, ...]) -> None:
    cv2.fillPoly(image, [np.round(points * 16).astype(np.int32)], tone, cv2.LINE_AA, 4)


def _pixel(place: NDArray) -> tuple[int, int]:
    return int(place[0]), int(place[1])

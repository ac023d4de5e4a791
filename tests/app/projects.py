"""Small real projects, and predictions whose masks are rectangles that a test names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from app.project import Project
from model.messages import Prediction

WIDTH, HEIGHT = 80, 60

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom in pixels


def make_project(folder: Path, count: int = 1, categories: Sequence[str] = ("cat", "dog")) -> Project:
    """A project of `count` images, 00.png and so on, each of its own colour."""
    images = folder / "images"
    images.mkdir(parents=True)
    for number in range(count):
        Image.new("RGB", (WIDTH, HEIGHT), (number, 40, 90)).save(images / f"{number:02}.png")
    project = Project.create(folder / "project", images, categories=categories)
    project.scan()
    return project


def prediction(
    *detections: tuple[str, float, Rectangle],
    version: str = "m1",
    categories: Sequence[str] = ("cat", "dog", "cow"),
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> Prediction:
    """Detections as (category, score, rectangle): the masks are the rectangles, to about a pixel.

    One prototype of ones at the image's own resolution: every mask is its crop.
    """
    width, height = size
    ordered = sorted(detections, key=lambda each: -each[1])
    n = len(ordered)
    boxes = np.array([each[2] for each in ordered], np.float32).reshape(n, 4)
    scores = np.array([each[1] for each in ordered], np.float32)
    return Prediction(
        model_version=version,
        categories=tuple(categories),
        image_width=width,
        image_height=height,
        prototypes=np.ones((height, width, 1), np.float16),
        boxes=(boxes / np.array([width, height, width, height])).astype(np.float32),
        scores=scores,
        classes=np.array([categories.index(each[0]) for each in ordered], np.int32),
        coefficients=np.full((n, 1), 8, np.float32),
        qualities=scores,
    )

"""Small real files and projects for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.annotation import Annotation, AnnotationState, CategoryId
from app.document import ImageDocument
from app.geometry import Geometry, from_mask, measure
from app.project import Project
from model.masks import BoxMask
from model.opencv import cv2


def write_image(path: Path, width: int = 80, height: int = 60, seed: int = 0) -> Path:
    """A noisy image file in the format of its suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    done, data = cv2.imencode(path.suffix, cv2.GaussianBlur(pixels, (0, 0), 2))
    assert done
    path.write_bytes(data.tobytes())
    return path


def make_project(
    folder: Path,
    *,
    images: int = 3,
    categories: Sequence[str] = ("cat", "dog"),
    size: tuple[int, int] = (80, 60),
) -> Project:
    """A scanned project `folder/project` about `images` JPEGs in `folder/images`."""
    for number in range(images):
        write_image(folder / "images" / f"{number}.jpg", *size, seed=number)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    project = Project.create(folder / "project", folder / "images", categories=categories)
    project.scan()
    project.ensure_sizes(project.images())
    return project


def box_mask(left: int, top: int, width: int, height: int) -> BoxMask:
    """A full rectangle."""
    return BoxMask(left, top, np.ones((height, width), np.bool_))


def make_annotation(
    document: ImageDocument,
    shape: BoxMask | Geometry,
    *,
    category: int = 1,
    state: AnnotationState = AnnotationState.DRAWN,
    score: float | None = None,
) -> Annotation:
    """An annotation that is not yet in the document."""
    width, height = document.image.width, document.image.height
    geometry = from_mask(shape, width, height) if isinstance(shape, BoxMask) else shape
    bbox, area = measure(geometry, width, height)
    return Annotation(
        id=document.new_id(),
        image_id=document.image.id,
        category_id=CategoryId(category),
        state=state,
        geometry=geometry,
        bbox=bbox,
        area=area,
        score=score,
    )

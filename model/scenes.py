"""Sample scenes: overlapping objects of eight categories, with texture, light, shadow and clutter.

Made for teaching, for the sample project and for training `starter`. Numpy and OpenCV only. The same seed
and number give the same scene. Frame: pixels, x right, y down. Annotations are of what is visible: holes and
what is hidden are left out, and no object is hidden so far that it could not be labelled.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.atomic import replacing
from model.opencv import cv2
from model.scene_paint import clutter, finish, ground, shade, surface
from model.scene_shapes import SHAPES, Shape

SCENE_CATEGORIES = tuple(SHAPES)
SIZE = (640, 480)  # width, height
LEAST_VISIBLE = 0.5  # of every object
ANNOTATIONS = "scenes.json"


@dataclass(frozen=True, slots=True, eq=False)
class SceneObject:
    """One object: its category's number, its box x, y, width, height, and the visible mask cut to it."""

    category: int
    box: tuple[int, int, int, int]
    mask: NDArray[np.bool_]


def generate(
    out_dir: Path,
    count: int,
    seed: int = 0,
    size: tuple[int, int] = SIZE,
    *,
    first: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write scenes number `first`, `first + 1`, ... as out_dir/images/*.jpg and give the COCO file's path.

    `size` is width, height. The COCO file is written last, atomically; its file names are those in images/.
    """
    from pycocotools import mask as coco_mask

    images_dir = out_dir / "images"
    images_dir.mkdir(parents=True, exist_ok=True)
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for done in range(count):
        image, objects = scene(seed, first + done, size)
        name = f"scene_{first + done:05d}.jpg"
        ok, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
        assert ok
        (images_dir / name).write_bytes(data.tobytes())
        images.append({"id": done + 1, "file_name": name, "width": size[0], "height": size[1]})
        for one in objects:
            x, y, width, height = one.box
            full = np.zeros((size[1], size[0]), np.uint8, order="F")
            full[y : y + height, x : x + width] = one.mask
            rle = coco_mask.encode(full)
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": done + 1,
                    "category_id": one.category + 1,
                    "iscrowd": 0,
                    "area": int(one.mask.sum()),
                    "bbox": list(one.box),
                    "segmentation": {"size": [size[1], size[0]], "counts": rle["counts"].decode("ascii")},
                }
            )
        if progress is not None:
            progress(done + 1, count)
    content = {
        "info": {"description": f"Generated scenes, seed {seed}, from number {first}"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": rank + 1, "name": name} for rank, name in enumerate(SCENE_CATEGORIES)],
    }
    path = out_dir / ANNOTATIONS
    with replacing(path) as file:
        file.write(json.dumps(content).encode("ascii"))
    return path


def scene(
    seed: int, number: int, size: tuple[int, int] = SIZE
) -> tuple[NDArray[np.uint8], list[SceneObject]]:
    """Scene `number` of a seed: (h, w, 3) uint8 RGB and its objects, from the back to the front."""
    rng = np.random.default_rng((seed, number))
    width, height = size
    angle = rng.uniform(0, 2 * np.pi)
    light = (float(np.cos(angle)), float(np.sin(angle)))
    image = ground(rng, height, width, light).astype(np.float32)
    clutter(image, rng)
    owners = np.full((height, width), -1, np.int16)
    categories: list[int] = []
    areas: list[int] = []
    hue = rng.random()
    for _ in range(int(rng.integers(4, 13))):
        category = int(rng.integers(len(SCENE_CATEGORIES)))
        for _ in range(4):  # places tried
            left, top, alpha = _outline(SHAPES[SCENE_CATEGORIES[category]](rng), rng, size)
            if not _hides_too_much(owners, areas, left, top, alpha):
                break
        else:
            continue
        _paint(image, left, top, alpha, rng, light, hue + rng.choice((0, 0.08, 0.33, 0.5, 0.62)))
        solid = alpha > 127
        owners[top : top + alpha.shape[0], left : left + alpha.shape[1]][solid] = len(categories)
        categories.append(category)
        areas.append(int(solid.sum()))
    return finish(image, rng), [
        _visible(owners, number, category) for number, category in enumerate(categories)
    ]


def _outline(
    shape: Shape, rng: np.random.Generator, size: tuple[int, int]
) -> tuple[int, int, NDArray[np.uint8]]:
    """A place, a size and a turn for a shape: left, top and its (h, w) mask 0..255, inside the image."""
    width, height = size
    radius = float(np.exp(rng.uniform(np.log(0.08), np.log(0.25)))) * min(size)
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]) * radius
    stretch = np.diag(np.exp(rng.uniform(-0.12, 0.12, 2)))
    parts = [[contour @ stretch @ turn for contour in part] for part in shape]
    points = np.concatenate([contour for part in parts for contour in part])
    low, high = np.floor(points.min(0)) - 1, np.ceil(points.max(0)) + 2
    span = (high - low).astype(int)
    # At most a third hangs over the image's edge.
    corner = rng.uniform(-span / 3, (width, height) - span * 2 / 3).astype(int)
    alpha = np.zeros((span[1], span[0]), np.uint8)
    for part in parts:
        layer = np.zeros_like(alpha)
        fixed = [np.round((contour - low) * 16).astype(np.int32) for contour in part]
        cv2.fillPoly(layer, fixed, 255, cv2.LINE_AA, 4)
        np.maximum(alpha, layer, out=alpha)
    x1, y1 = max(corner[0], 0), max(corner[1], 0)
    x2, y2 = min(corner[0] + span[0], width), min(corner[1] + span[1], height)
    cut = alpha[y1 - corner[1] : y2 - corner[1], x1 - corner[0] : x2 - corner[0]]
    return int(x1), int(y1), np.ascontiguousarray(cut)


def _hides_too_much(
    owners: NDArray[np.int16], areas: list[int], left: int, top: int, alpha: NDArray[np.uint8]
) -> bool:
    solid = alpha > 127
    if solid.sum() < 60:
        return True
    under = owners[top : top + alpha.shape[0], left : left + alpha.shape[1]][solid]
    hidden = np.bincount(under[under >= 0], minlength=len(areas))
    if not hidden.any():
        return False
    visible = np.bincount(owners[owners >= 0], minlength=len(areas)) - hidden
    return bool((visible[hidden > 0] < LEAST_VISIBLE * np.array(areas)[hidden > 0]).any())


def _paint(
    image: NDArray[np.float32],
    left: int,
    top: int,
    alpha: NDArray[np.uint8],
    rng: np.random.Generator,
    light: tuple[float, float],
    hue: float,
) -> None:
    """Shadow first, then the body, in place."""
    height, width = alpha.shape
    depth = max(2.0, 0.07 * min(height, width))
    margin = int(depth * 4)
    soft = cv2.copyMakeBorder(alpha, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    soft = cv2.GaussianBlur(soft, (0, 0), depth * rng.uniform(0.5, 1.2))
    strength = rng.uniform(0.25, 0.6) / 255
    dx, dy = round(-light[0] * depth * 1.3), round(-light[1] * depth * 1.3)
    x, y = left - margin + dx, top - margin + dy
    x1, y1 = max(x, 0), max(y, 0)
    x2, y2 = min(x + soft.shape[1], image.shape[1]), min(y + soft.shape[0], image.shape[0])
    if x2 > x1 and y2 > y1:
        dark = soft[y1 - y : y2 - y, x1 - x : x2 - x].astype(np.float32)
        image[y1:y2, x1:x2] *= (1 - dark * strength)[..., None]
    factor, shine = shade(alpha, light, rng)
    body = surface(rng, height, width, hue) * factor[..., None] + shine[..., None]
    cover = (alpha.astype(np.float32) / 255)[..., None]
    place = image[top : top + height, left : left + width]
    place += (body - place) * cover


def _visible(owners: NDArray[np.int16], number: int, category: int) -> SceneObject:
    mine = (owners == number).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(mine)
    return SceneObject(category, (x, y, width, height), mine[y : y + height, x : x + width].astype(np.bool_))

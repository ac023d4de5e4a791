"""YOLACT's training augmentation, in its order and with its quirks.

In: a `Sample` (sample pixels). Out: an `Example` with a float32 image 0..255 that is not clipped, and masks
on the input's grid. Steps: light and colour, expand, crop, mirror, resize to the square. Colours are worked
on as RGB; the published code's BGR makes no difference to any step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from model.config import IMAGENET_MEAN, ModelConfig
from model.opencv import cv2
from model.samples import Sample
from model.targets import Example

CROP_TRIES = 50
CROP_OPTIONS = 6  # the whole image, four overlap limits, no limit
LEAST_SIDE = 4 / 550  # compared with pixels, as published, so that only degenerate boxes fall


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """An image on its way: float32 RGB, boxes (n, 4) in pixels, masks (n, h, w), crowds last."""

    image: NDArray[np.float32]
    boxes: NDArray[np.float64]
    masks: NDArray[np.uint8]
    categories: NDArray[np.int64]
    crowd: NDArray[np.bool_]

    def select(self, kept: NDArray[np.bool_]) -> Scene:
        """The instances that are `kept`."""
        return replace(
            self,
            boxes=self.boxes[kept],
            masks=self.masks[kept],
            categories=self.categories[kept],
            crowd=self.crowd[kept],
        )


def augment_published(sample: Sample, rng: np.random.Generator, config: ModelConfig) -> Example | None:
    """The sample as the published training shows it; None when no object is left."""
    scene = photometric(as_scene(sample), rng)
    scene = mirror(crop(expand(scene, rng), rng), rng)
    scene = resize(scene, config.input_size)
    return as_example(scene) if (~scene.crowd).any() else None


def as_scene(sample: Sample) -> Scene:
    """Full-size masks, crowds last."""
    height, width = sample.image.shape[:2]
    ordered = sorted(sample.masks, key=lambda mask: mask.crowd)
    masks = np.zeros((len(ordered), height, width), np.uint8)
    for full, one in zip(masks, ordered, strict=True):
        full[one.top : one.top + one.bits.shape[0], one.left : one.left + one.bits.shape[1]] = one.bits
    return Scene(
        sample.image.astype(np.float32),
        np.array([one.box for one in ordered], np.float64).reshape(-1, 4),
        masks,
        np.array([one.category for one in ordered], np.int64),
        np.array([one.crowd for one in ordered], np.bool_),
    )


def photometric(scene: Scene, rng: np.random.Generator) -> Scene:
    """Brightness, then contrast before or after saturation and hue; each with one chance in two."""
    image = scene.image.copy()
    if rng.random() < 0.5:
        image += np.float32(rng.uniform(-32, 32))
    contrast_first = rng.random() < 0.5
    if contrast_first and rng.random() < 0.5:
        image *= np.float32(rng.uniform(0.5, 1.5))
    image = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2HSV), np.float32)
    if rng.random() < 0.5:
        image[..., 1] *= np.float32(rng.uniform(0.5, 1.5))
    if rng.random() < 0.5:
        image[..., 0] += np.float32(rng.uniform(-18, 18))
        image[..., 0][image[..., 0] > 360] -= 360
        image[..., 0][image[..., 0] < 0] += 360
    image = np.asarray(cv2.cvtColor(image, cv2.COLOR_HSV2RGB), np.float32)
    if not contrast_first and rng.random() < 0.5:
        image *= np.float32(rng.uniform(0.5, 1.5))
    return replace(scene, image=image)


def expand(scene: Scene, rng: np.random.Generator) -> Scene:
    """One time in two, put the image somewhere on a canvas of the mean colour, up to four times as large."""
    if rng.random() < 0.5:
        return scene
    height, width = scene.image.shape[:2]
    ratio = rng.uniform(1, 4)
    left, top = int(rng.uniform(0, width * ratio - width)), int(rng.uniform(0, height * ratio - height))
    size = (int(height * ratio), int(width * ratio))
    image = np.empty((*size, 3), np.float32)
    image[:] = IMAGENET_MEAN
    image[top : top + height, left : left + width] = scene.image
    masks = np.zeros((len(scene.masks), *size), np.uint8)
    masks[:, top : top + height, left : left + width] = scene.masks
    return replace(scene, image=image, masks=masks, boxes=scene.boxes + np.array((left, top, left, top)))


def crop(scene: Scene, rng: np.random.Generator) -> Scene:
    """The whole image, or a part with an object's centre in it.

    The published overlap limits (0.1 to 0.9) can never refuse a crop; they act like no limit, and stay in the
    draw so that the whole image is one choice in six.
    """
    height, width = scene.image.shape[:2]
    while True:
        if rng.integers(CROP_OPTIONS) == 0:
            return scene
        for _ in range(CROP_TRIES):
            w, h = rng.uniform(0.3 * width, width), rng.uniform(0.3 * height, height)
            if not 0.5 <= h / w <= 2:
                continue
            left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
            x1, y1, x2, y2 = int(left), int(top), int(left + w), int(top + h)
            centres = (scene.boxes[:, :2] + scene.boxes[:, 2:]) / 2
            inside = np.asarray(((centres > (x1, y1)) & (centres < (x2, y2))).all(1))
            if not (inside & ~scene.crowd).any():
                continue
            kept = scene.select(inside)
            low, high = np.maximum(kept.boxes[:, :2], (x1, y1)), np.minimum(kept.boxes[:, 2:], (x2, y2))
            return replace(
                kept,
                image=kept.image[y1:y2, x1:x2],
                masks=kept.masks[:, y1:y2, x1:x2],
                boxes=np.concatenate((low, high), 1) - (x1, y1, x1, y1),
            )


def mirror(scene: Scene, rng: np.random.Generator) -> Scene:
    """One time in two, left becomes right."""
    if rng.random() < 0.5:
        return scene
    width = scene.image.shape[1]
    boxes = scene.boxes.copy()
    boxes[:, 0::2] = width - scene.boxes[:, 2::-2]
    return replace(scene, image=scene.image[:, ::-1], masks=scene.masks[:, :, ::-1], boxes=boxes)


def resize(scene: Scene, size: int) -> Scene:
    """Stretch to the square, bilinear, masks as 8 bits (so that they round at one half)."""
    height, width = scene.image.shape[:2]

    def stretched(array: NDArray) -> NDArray:
        return cv2.resize(np.ascontiguousarray(array), (size, size), interpolation=cv2.INTER_LINEAR)

    across, down = size / width, size / height
    masks = np.array([stretched(mask) for mask in scene.masks], np.uint8).reshape(-1, size, size)
    boxes = scene.boxes * (across, down, across, down)
    bigger = ((boxes[:, 2:] - boxes[:, :2]) > LEAST_SIDE).all(1)
    return replace(scene, image=stretched(scene.image), masks=masks, boxes=boxes).select(np.asarray(bigger))


def as_example(scene: Scene) -> Example:
    """Relative boxes; of the crowds only their boxes."""
    size = scene.image.shape[0]
    boxes = (scene.boxes / size).astype(np.float32)
    objects = ~scene.crowd
    return Example(
        scene.image,
        boxes[objects],
        scene.categories[objects],
        scene.masks[objects] * np.uint8(255),
        boxes[scene.crowd],
    )

"""Augmentation for small data sets: one random affine map, copy-paste, light and colour.

In: a `Sample` (sample pixels). Out: an `Example` whose image is (s, s, 3) uint8 and whose boxes are those of
the visible masks. Everything is drawn from the generator that is passed in, so an example can be made again.
Copy-paste follows Ghiasi et al. (arXiv 2012.07177): both images are mapped at random, some instances of the
second are laid over the first, which loses what they hide.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.opencv import cv2
from model.samples import Sample, SampleMask
from model.targets import Example

Matrix = NDArray[np.float64]  # (2, 3), sample pixels -> model pixels, as cv2.warpAffine counts them


@dataclass(frozen=True, slots=True)
class AugmentOptions:
    """How much is changed. Each chance is a probability, each range is drawn from uniformly."""

    zoom: tuple[float, float] = (0.6, 1.6)  # on a logarithmic scale; 1 shows the whole image
    stretch: float = 0.15  # width against height, on a logarithmic scale
    rotation: float = 4.0  # degrees to either side
    flip: float = 0.5
    paste: float = 0.5  # chance that instances of a second image are laid over the first
    paste_limit: int = 3
    brightness: float = 32.0
    contrast: float = 0.35
    saturation: float = 0.5
    hue: float = 9.0  # of OpenCV's 180
    grey: float = 0.05
    blur: float = 0.1
    least_visible: float = 0.15  # of an instance; less becomes a place that teaches nothing
    least_side: float = 4.0  # model pixels, likewise


def augment(
    sample: Sample,
    rng: np.random.Generator,
    size: int,
    mask_size: int,
    options: AugmentOptions,
    other: Callable[[], Sample] | None = None,
) -> Example:
    """A changed view of `sample` as the network gets it. `other` gives images to paste from."""
    matrix = _random_map(sample, rng, size, options)
    image = _warp(sample.image, matrix, size)
    layers = _layers(sample.masks, matrix, size)
    if other is not None and rng.random() < options.paste:
        second = other()
        image = _paste(image, layers, second, _random_map(second, rng, size, options), rng, options)
    image = recolour(image, rng, options)
    return _example(image, layers, mask_size, options)


def plain(sample: Sample, size: int, mask_size: int) -> Example:
    """The sample stretched to the input and nothing else."""
    height, width = sample.image.shape[:2]
    matrix = _centred(np.diag([size / width, size / height, 1.0]))
    layers = _layers(sample.masks, matrix, size)
    image = np.asarray(cv2.resize(sample.image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    return _example(image, layers, mask_size, AugmentOptions(least_visible=0, least_side=0))


@dataclass(slots=True, eq=False)
class _Layer:
    """One instance on the input's grid; `whole` is its area before anything hid or cut it."""

    category: int
    crowd: bool
    mask: NDArray  # (s, s) uint8 0 or 1
    whole: float


def _random_map(sample: Sample, rng: np.random.Generator, size: int, options: AugmentOptions) -> Matrix:
    """Stretch to the square, then zoom, stretch, turn, flip and shift at random."""
    height, width = sample.image.shape[:2]
    zoom = np.exp(rng.uniform(*np.log(options.zoom)))
    stretch = np.exp(rng.uniform(-options.stretch, options.stretch) / 2)
    angle = np.deg2rad(rng.uniform(-options.rotation, options.rotation))
    flip = -1.0 if rng.random() < options.flip else 1.0
    # Zoomed in the window stays inside the image, zoomed out the image stays inside the window.
    slack = abs(1 - zoom) / 2 * size
    shift = rng.uniform(-slack, slack, 2)
    to_centre = np.array([[1, 0, -width / 2], [0, 1, -height / 2], [0, 0, 1.0]])
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    scale = np.diag([flip * size / width * zoom * stretch, size / height * zoom / stretch, 1.0])
    back = np.array([[1, 0, size / 2 + shift[0]], [0, 1, size / 2 + shift[1]], [0, 0, 1.0]])
    # The turn comes before the stretch to the square: the world turns, not the stretched picture.
    return _centred(back @ scale @ turn @ to_centre)


def _centred(matrix: NDArray[np.float64]) -> Matrix:
    """From pixel centres at +0.5 to OpenCV's, where they are whole numbers."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1.0]])
    return np.asarray((np.linalg.inv(half) @ matrix @ half)[:2], np.float64)


def _warp(image: NDArray, matrix: Matrix, size: int) -> NDArray[np.uint8]:
    shrink = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if shrink < 0.75:  # bilinear sampling alone would alias
        image = cv2.GaussianBlur(image, (0, 0), 0.4 / shrink)
    return np.asarray(
        cv2.warpAffine(
            image,
            matrix,
            (size, size),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(127, 127, 127),
        ),
        np.uint8,
    )


def _layers(masks: tuple[SampleMask, ...], matrix: Matrix, size: int) -> list[_Layer]:
    scale = abs(float(np.linalg.det(matrix[:, :2])))
    layers = []
    for one in masks:
        moved = matrix.copy()
        moved[:, 2] += matrix[:, :2] @ (one.left, one.top)
        mask = cv2.warpAffine(one.bits * 255, moved, (size, size), flags=cv2.INTER_LINEAR)
        mask = (mask > 127).astype(np.uint8)
        layers.append(_Layer(one.category, one.crowd, mask, float(one.bits.sum()) * scale))
    return layers


def _paste(
    image: NDArray,
    layers: list[_Layer],
    second: Sample,
    matrix: Matrix,
    rng: np.random.Generator,
    options: AugmentOptions,
) -> NDArray[np.uint8]:
    """Lay up to `paste_limit` instances of `second` over the image; `layers` is changed."""
    candidates = [mask for mask in second.masks if not mask.crowd]
    if not candidates:
        return image
    count = int(rng.integers(1, min(options.paste_limit, len(candidates)) + 1))
    chosen = tuple(candidates[index] for index in rng.permutation(len(candidates))[:count])
    size = image.shape[0]
    pasted = [layer for layer in _layers(chosen, matrix, size) if layer.mask.any()]
    if not pasted:
        return image
    cover = np.maximum.reduce([layer.mask for layer in pasted])
    alpha = cv2.GaussianBlur(cover * 255, (3, 3), 0)[..., None].astype(np.uint16)
    source = _warp(second.image, matrix, size).astype(np.uint16)
    mixed = ((source * alpha + image * (255 - alpha)) // 255).astype(np.uint8)
    for layer in layers:
        layer.mask &= 1 - cover
    layers.extend(pasted)
    return mixed


def recolour(image: NDArray, rng: np.random.Generator, options: AugmentOptions) -> NDArray[np.uint8]:
    """Brightness and contrast, then hue and saturation, grey and blur, each by chance."""
    if rng.random() < 0.7:
        gain = rng.uniform(1 - options.contrast, 1 + options.contrast)
        lift = rng.uniform(-options.brightness, options.brightness) + 127 * (1 - gain)
        image = cv2.LUT(image, np.clip(np.arange(256) * gain + lift, 0, 255).astype(np.uint8))
    if rng.random() < 0.5:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        turn = rng.uniform(-options.hue, options.hue)
        gain = rng.uniform(1 - options.saturation, 1 + options.saturation)
        values = np.arange(256)
        tables = np.stack([(values + turn) % 180, np.clip(values * gain, 0, 255), values], axis=-1).astype(
            np.uint8
        )
        image = cv2.cvtColor(cv2.LUT(hsv, tables[:, None]), cv2.COLOR_HSV2RGB)
    if rng.random() < options.grey:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if rng.random() < options.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2))
    return np.asarray(image, np.uint8)


def _example(image: NDArray, layers: list[_Layer], mask_size: int, options: AugmentOptions) -> Example:
    size = image.shape[0]
    boxes, categories, masks, nowhere = [], [], [], []
    for layer in layers:
        left, top, width, height = cv2.boundingRect(layer.mask)
        if not width or not height:
            continue
        box = (left / size, top / size, (left + width) / size, (top + height) / size)
        hidden = layer.mask.sum(dtype=np.int64) < options.least_visible * layer.whole
        if layer.crowd or hidden or min(width, height) < options.least_side:
            nowhere.append(box)
            continue
        boxes.append(box)
        categories.append(layer.category)
        small = cv2.resize(layer.mask * 255, (mask_size, mask_size), interpolation=cv2.INTER_AREA)
        masks.append(small)
    return Example(
        image,
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(categories, np.int64),
        np.array(masks, np.uint8).reshape(-1, mask_size, mask_size),
        np.array(nowhere, np.float32).reshape(-1, 4),
    )

"""What augmentation may and may not do to an example."""

from dataclasses import replace

import numpy as np
import pytest

from model.augment import AugmentOptions, augment, plain
from model.samples import Sample, SampleMask

STILL = AugmentOptions(
    zoom=(1, 1),
    stretch=0,
    rotation=0,
    flip=0,
    paste=0,
    brightness=0,
    contrast=0,
    saturation=0,
    hue=0,
    grey=0,
    blur=0,
)
SIZE, GRID = 64, 32


def sample(*boxes: tuple[int, int, int, int], colour: int = 200, crowd: bool = False) -> Sample:
    """A dark 40 x 20 image with bright rectangles x, y, w, h."""
    image = np.full((20, 40, 3), 30, np.uint8)
    masks = []
    for number, (x, y, w, h) in enumerate(boxes):
        image[y : y + h, x : x + w] = colour
        bits = np.ones((h, w), np.uint8)
        masks.append(SampleMask(number, crowd, x, y, bits, (x, y, x + w, y + h)))
    return Sample(image, tuple(masks))


def test_without_changes_the_image_is_stretched_to_the_square() -> None:
    one = sample((10, 5, 20, 10))
    found = augment(one, np.random.default_rng(0), SIZE, GRID, STILL)
    assert found.image.shape == (SIZE, SIZE, 3)
    assert found.boxes == pytest.approx(np.array([[0.25, 0.25, 0.75, 0.75]]), abs=1 / SIZE)
    assert found.masks[0, 8:24, 8:24].all()
    assert found.masks[0].sum() == 16 * 16 * 255
    assert found.boxes == pytest.approx(plain(one, SIZE, GRID).boxes, abs=1 / SIZE)


@pytest.mark.parametrize("seed", range(12))
def test_boxes_masks_and_pixels_move_together(seed: int) -> None:
    strong = AugmentOptions(
        paste=0, brightness=0, contrast=0, saturation=0, hue=0, grey=0, blur=0, rotation=20
    )
    found = augment(sample((8, 4, 14, 12), colour=255), np.random.default_rng(seed), SIZE, GRID, strong)
    for box, mask in zip(found.boxes, found.masks, strict=True):
        rows, columns = np.nonzero(mask > 127)
        inside = (
            columns.min() / GRID,
            rows.min() / GRID,
            (columns.max() + 1) / GRID,
            (rows.max() + 1) / GRID,
        )
        assert box == pytest.approx(np.array(inside), abs=1.5 / GRID)
        bright = found.image[::2, ::2, 0] > 150  # the border is 127
        agreement = (bright & (mask > 127)).sum() / (bright | (mask > 127)).sum()
        assert agreement > 0.85


def test_the_same_generator_makes_the_same_example() -> None:
    one = sample((8, 4, 14, 12))
    first, second = (
        augment(one, np.random.default_rng(5), SIZE, GRID, AugmentOptions(), lambda: one) for _ in range(2)
    )
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.masks, second.masks)


def test_a_flip_mirrors() -> None:
    options = replace(STILL, flip=1)
    found = augment(sample((0, 5, 10, 10)), np.random.default_rng(0), SIZE, GRID, options)
    assert found.boxes[0] == pytest.approx([0.75, 0.25, 1, 0.75], abs=1 / SIZE)


def test_what_is_pasted_hides_what_was_there() -> None:
    options = replace(STILL, paste=1)
    below, above = sample((0, 0, 20, 20)), sample((10, 0, 20, 20), colour=90)
    found = augment(below, np.random.default_rng(0), SIZE, GRID, options, lambda: above)
    assert found.boxes == pytest.approx(np.array([[0, 0, 0.25, 1], [0.25, 0, 0.75, 1]]), abs=1.5 / SIZE)
    assert ((found.masks > 127).sum(0) <= 1).all()
    assert found.image[32, 24, 0] == 90


def test_hardly_visible_instances_and_crowds_teach_nothing() -> None:
    options = replace(STILL, paste=1)
    below, above = sample((10, 0, 10, 20)), sample((11, 0, 12, 20))
    found = augment(below, np.random.default_rng(0), SIZE, GRID, options, lambda: above)
    assert len(found.boxes) == 1
    assert len(found.crowd_boxes) == 1
    crowd = augment(sample((5, 5, 10, 10), crowd=True), np.random.default_rng(0), SIZE, GRID, STILL)
    assert (len(crowd.boxes), len(crowd.crowd_boxes)) == (0, 1)


def test_an_image_without_instances_is_an_example_too() -> None:
    found = augment(sample(), np.random.default_rng(0), SIZE, GRID, AugmentOptions(), sample)
    assert found.boxes.shape == (0, 4)
    assert found.masks.shape == (0, GRID, GRID)

"""The published augmentation: its order and its quirks."""

from dataclasses import replace

import numpy as np
import pytest

from model.config import CONFIGS, IMAGENET_MEAN
from model.published_augment import (
    as_example,
    as_scene,
    augment_published,
    crop,
    expand,
    mirror,
    photometric,
    resize,
)
from model.samples import Sample, SampleMask

CONFIG = replace(CONFIGS["yolact_resnet50"], input_size=64)


def sample() -> Sample:
    """A crowd first, then two objects."""
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    box = np.ones((10, 12), np.uint8)
    return Sample(
        image,
        (
            SampleMask(0, True, 0, 0, box, (0, 0, 12, 10)),
            SampleMask(1, False, 20, 10, box, (20, 10, 32, 20)),
            SampleMask(2, False, 44, 28, box, (44, 28, 56, 38)),
        ),
    )


def rngs() -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(60)]


def test_crowds_come_last() -> None:
    scene = as_scene(sample())
    assert scene.crowd.tolist() == [False, False, True]
    assert scene.categories.tolist() == [1, 2, 0]


def test_colours_are_not_clipped_and_nothing_else_changes() -> None:
    scene = as_scene(sample())
    found = [photometric(scene, rng) for rng in rngs()]
    assert max(one.image.max() for one in found) > 256
    assert min(one.image.min() for one in found) < 0
    assert all(np.array_equal(one.boxes, scene.boxes) for one in found)
    assert np.array_equal(scene.image, sample().image)  # the given one stays as it was


def test_expanding_puts_the_image_on_the_mean_colour_half_of_the_time() -> None:
    scene = as_scene(sample())
    found = [expand(scene, rng) for rng in rngs()]
    larger = [one for one in found if one.image.shape != scene.image.shape]
    assert 18 < len(larger) < 42
    for one in larger:
        left, top = (one.boxes - scene.boxes)[0, :2].astype(int)
        assert np.array_equal(one.image[top : top + 40, left : left + 60], scene.image)
        assert np.array_equal(one.masks[:, top : top + 40, left : left + 60], scene.masks)
        assert one.masks.sum() == scene.masks.sum()
        corner = one.image[-1, -1] if left + 60 < one.image.shape[1] else one.image[0, 0]
        assert corner == pytest.approx(np.array(IMAGENET_MEAN, np.float32))


def test_a_crop_keeps_objects_whose_centre_is_inside() -> None:
    scene = as_scene(sample())
    found = [crop(scene, rng) for rng in rngs()]
    whole = sum(one.image.shape == scene.image.shape for one in found)
    assert 3 <= whole <= 20  # one in six
    for one in found:
        height, width = one.image.shape[:2]
        assert 0.29 * 40 < height <= 40
        assert 0.29 * 60 < width <= 60
        assert (~one.crowd).any()
        assert (one.boxes >= 0).all()
        assert (one.boxes <= (width, height, width, height)).all()
        assert one.masks.shape == (len(one.boxes), height, width)


def test_a_crowd_alone_is_no_reason_for_a_crop() -> None:
    only = as_scene(sample()).select(np.array([False, False, True]))
    for rng in rngs()[:10]:
        assert crop(only, rng).image.shape == only.image.shape


def test_mirroring_turns_boxes_with_the_pixels() -> None:
    scene = as_scene(sample())
    turned = next(one for one in (mirror(scene, rng) for rng in rngs()) if one is not scene)
    assert turned.boxes[0].tolist() == [28, 10, 40, 20]
    assert np.array_equal(turned.image, scene.image[:, ::-1])
    assert turned.masks[0, 10:20, 28:40].all()


def test_only_degenerate_boxes_fall_after_the_resize() -> None:
    scene = as_scene(sample())
    boxes = scene.boxes.copy()
    boxes[0] = (20, 10, 20.5, 10.5)  # under four pixels of the input: stays, as published
    boxes[1] = (44, 28, 44, 38)
    found = resize(replace(scene, boxes=boxes), 64)
    assert found.categories.tolist() == [1, 0]
    assert found.image.shape == (64, 64, 3)
    assert found.boxes[0] == pytest.approx([20 * 64 / 60, 16, 20.5 * 64 / 60, 16.8])


def test_the_example_holds_relative_boxes_and_crowds_apart() -> None:
    found = as_example(resize(as_scene(sample()), 64))
    assert found.boxes[0] == pytest.approx([20 / 60, 0.25, 32 / 60, 0.5])
    assert found.crowd_boxes[0] == pytest.approx([0, 0, 0.2, 0.25])
    assert found.masks.shape == (2, 64, 64)


def test_an_image_that_loses_all_objects_is_passed_over() -> None:
    empty = Sample(sample().image, (sample().masks[0],))
    assert augment_published(empty, np.random.default_rng(0), CONFIG) is None
    full = augment_published(sample(), np.random.default_rng(1), CONFIG)
    assert full is not None
    assert full.image.dtype == np.float32

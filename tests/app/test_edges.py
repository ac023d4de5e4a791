"""Edge refinement: nothing at strength 0, towards the image's edge above, never far."""

import numpy as np
import pytest

from app.clicks.counting import iou
from app.edges import refined
from app.errors import InputError
from app.geometry import window
from model.masks import BoxMask

SIZE = 160


def disc(radius: float) -> np.ndarray:
    rows, columns = np.ogrid[:SIZE, :SIZE]
    return np.asarray((rows - 80) ** 2 + (columns - 80) ** 2 < radius**2)


def picture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 20, (SIZE, SIZE, 3))
    return (np.where(disc(40)[..., None], (200, 60, 60), (60, 120, 60)) + noise).astype(np.uint8)


def test_strength_0_gives_the_very_mask() -> None:
    mask = BoxMask(0, 0, disc(37))
    np.testing.assert_array_equal(window(refined(mask, picture(), 0), 0, 0, SIZE, SIZE), mask.bits)


@pytest.mark.parametrize("radius", [37, 43])
def test_the_edge_moves_to_the_images(radius: float) -> None:
    before = disc(radius)
    after = window(refined(BoxMask(0, 0, before), picture(), 1.0), 0, 0, SIZE, SIZE)
    assert iou(after, disc(40)) > iou(before, disc(40)) + 0.02


def test_what_is_far_from_the_edge_stays() -> None:
    after = window(refined(BoxMask(0, 0, disc(20)), picture(), 1.0), 0, 0, SIZE, SIZE)
    assert not (after & ~disc(24)).any()


@pytest.mark.parametrize("bits", [np.ones((1, 1), np.bool_), np.ones((SIZE, SIZE), np.bool_)])
def test_odd_masks_are_taken(bits: np.ndarray) -> None:
    assert refined(BoxMask(0, 0, bits), picture(), 0.5).bits.shape[0] <= SIZE


def test_a_strength_that_is_none_is_told() -> None:
    with pytest.raises(InputError, match="strength from 0 to 1"):
        refined(BoxMask(0, 0, disc(9)), picture(), 1.5)

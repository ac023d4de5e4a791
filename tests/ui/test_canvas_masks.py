"""Masks of images that are not on screen yet are decoded before, and only what is of use is kept."""

from __future__ import annotations

import numpy as np

from app.annotation import AnnotationId, ImageId
from app.geometry import Geometry, RleMask, from_mask
from model.masks import BoxMask
from ui.canvas.scene import FORESEEN, MaskStore


def disc(left: int) -> RleMask:
    yy, xx = np.mgrid[:9, :9]
    return from_mask(BoxMask(left, 5, (xx - 4) ** 2 + (yy - 4) ** 2 <= 16), 100, 60)


def test_what_was_foreseen_is_known_and_right() -> None:
    store, first, second = MaskStore(), disc(3), disc(40)
    geometries: dict[AnnotationId, Geometry] = {AnnotationId(1): first, AnnotationId(2): second}
    store.foresee(ImageId(7), geometries)
    for id, geometry in geometries.items():
        mask = store.known(id, geometry)
        assert mask is not None
        expected = MaskStore().get(id, geometry, 100, 60)
        assert (mask.left, mask.top) == (expected.left, expected.top)
        np.testing.assert_array_equal(mask.bits, expected.bits)


def test_a_changed_geometry_is_not_taken_from_what_was_foreseen() -> None:
    store = MaskStore()
    store.foresee(ImageId(7), {AnnotationId(1): disc(3)})
    assert store.known(AnnotationId(1), disc(4)) is None


def test_only_the_last_images_are_kept() -> None:
    store, first = MaskStore(), disc(3)
    store.foresee(ImageId(0), {AnnotationId(1): first})
    for number in range(1, FORESEEN + 1):
        store.foresee(ImageId(number), {AnnotationId(number + 1): disc(number)})
    assert store.known(AnnotationId(1), first) is None


def test_a_broken_mask_is_left_for_when_it_is_seen() -> None:
    store, broken = MaskStore(), RleMask(100, 60, b"\xff\xff")
    store.foresee(ImageId(7), {AnnotationId(1): broken})
    assert store.known(AnnotationId(1), broken) is None

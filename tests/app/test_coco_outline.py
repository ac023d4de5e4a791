"""Outlines along pixel edges are painted back to the very same pixels by pycocotools."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as painter
from shapely.geometry import Polygon

from app import rle
from app.formats.coco_shapes import paint
from app.formats.outline import outline
from app.geometry import RleMask
from model.masks import BoxMask


def bits(*rows: str) -> NDArray[np.bool_]:
    return np.array([[character == "#" for character in row] for row in rows])


@settings(deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.sampled_from([0.1, 0.4, 0.7, 0.95, 1.0]),
    st.tuples(st.integers(0, 5), st.integers(0, 5)),
)
def test_an_outline_is_painted_back_to_the_same_pixels(
    seed: int, shape: tuple[int, int], share: float, corner: tuple[int, int]
) -> None:
    mask = BoxMask(*corner, np.random.default_rng(seed).random(shape) < share)
    found = outline(mask)
    height, width = mask.bottom + 3, mask.right + 2
    if found is None:
        padded = np.pad(mask.bits, 1)
        assert not mask.bits.any() or rings_of(padded) > 0
    else:
        assert paint(found, height, width) == rle.encode(mask, width, height)


def rings_of(padded: NDArray[np.bool_]) -> int:
    """Groups of background (also over corners) that do not reach the frame: holes, counted by OpenCV."""
    from model.opencv import cv2

    count, _ = cv2.connectedComponents((~padded).astype(np.uint8), connectivity=8)
    return int(count) - 2 if count > 1 else 0


def test_groups_that_touch_by_corners_are_rings_of_their_own() -> None:
    found = outline(BoxMask(2, 1, bits("#.", ".#")))
    assert found == [[2, 1, 3, 1, 3, 2, 2, 2], [3, 2, 4, 2, 4, 3, 3, 3]]


def test_only_corners_become_vertices() -> None:
    found = outline(BoxMask(0, 0, bits("####", "##..", "##..")))
    assert found == [[0, 0, 4, 0, 4, 1, 2, 1, 2, 3, 0, 3]]


def test_a_hole_or_nothing_has_no_outline() -> None:
    assert outline(BoxMask(0, 0, bits("###", "#.#", "###"))) is None
    assert outline(BoxMask(0, 0, bits("...", "..."))) is None
    assert outline(BoxMask(0, 0, np.zeros((0, 0), np.bool_))) is None


def test_the_outline_has_the_area_of_the_pixels() -> None:
    picture = bits(".##.", "####", ".###")
    found = outline(BoxMask(0, 0, picture))
    assert found is not None
    assert Polygon(np.array(found[0]).reshape(-1, 2)).area == picture.sum()


def test_the_outline_agrees_with_the_run_lengths_of_the_file() -> None:
    counts = painter.encode(np.asfortranarray(bits(".##.", "####", ".###"), np.uint8))["counts"]
    found = outline(rle.decode(RleMask(4, 3, counts)))
    assert found is not None
    assert paint(found, 3, 4) == counts

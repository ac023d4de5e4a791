"""Segmentations: ours equal pycocotools'; what would crash it is refused first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask

from model.errors import DataError
from model.rle import check, decode


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_compressed_runs_decode_as_pycocotools_does(height: int, width: int, seed: int) -> None:
    bits = np.random.default_rng(seed).integers(0, 2, (height, width), dtype=np.uint8)
    rle = coco_mask.encode(np.asfortranarray(bits))
    for counts in (rle["counts"], rle["counts"].decode("ascii")):
        assert np.array_equal(decode({"size": [height, width], "counts": counts}, height, width), bits)


def test_large_runs_decode() -> None:
    bits = np.zeros((900, 1300), np.uint8)
    bits[200:700, 300:1000] = 1
    rle = coco_mask.encode(np.asfortranarray(bits))
    assert np.array_equal(decode(rle, 900, 1300), bits)


def test_plain_runs_go_down_the_columns() -> None:
    found = decode({"size": [2, 3], "counts": [1, 2, 3]}, 2, 3)
    assert found.tolist() == [[0, 1, 0], [1, 0, 0]]


def test_polygons_of_several_parts_are_united() -> None:
    parts = [[0, 0, 4, 0, 4, 4, 0, 4], [6, 6, 10, 6, 10, 10, 6, 10]]
    assert decode(parts, 12, 12).sum() == 32


@pytest.mark.parametrize(
    ("segmentation", "words"),
    [
        ({"size": [4, 4], "counts": [10, 10]}, "fill 4 x 4 pixels, got 20"),
        ({"size": [4, 4], "counts": [3]}, "fill 4 x 4"),
        ({"size": [4, 4], "counts": [20, -4]}, "within the image"),
        ({"size": [4, 5], "counts": [16]}, "size"),
        ({"size": [4, 4], "counts": "zzzzzzzzzzzzzzzz"}, "run lengths"),
        ({"size": [4, 4], "counts": "\x01"}, "damaged"),
        ({"size": [4, 4], "counts": 3}, "string or a list"),
        ({"counts": [16]}, "size"),
        ([], "none"),
        (None, "none"),
        ([[0, 0, 1, 1]], "three vertices"),
        ([[0, 0, 1, float("nan"), 3, 3]], "not a place"),
        ([[0, 0, 1, 1e9, 3, 3]], "not a place"),
        ([["a", "b"]], "numbers"),
        ([[0, 0, 1, 1, 2]], "flat lists"),
    ],
)
def test_bad_segmentations_are_refused_in_words(segmentation: object, words: str) -> None:
    assert words in (check(segmentation, 4, 4) or "")
    with pytest.raises(DataError):
        decode(segmentation, 4, 4)


def test_no_runs_at_all_do_not_fill_the_image() -> None:
    assert check({"size": [4, 4], "counts": ""}, 4, 4)

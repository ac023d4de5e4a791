"""Run-length masks against pycocotools on valid input, and in words on invalid input."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as reference

from app import rle
from app.geometry import RleMask
from model.errors import DataError
from model.masks import BoxMask


@st.composite
def pictures(draw: st.DrawFn) -> NDArray[np.bool_]:
    """Small images of every texture: empty, full, stripes, noise."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    share = draw(st.sampled_from([0.0, 0.05, 0.5, 0.95, 1.0]))
    seed = draw(st.integers(0, 2**32 - 1))
    blocks = np.random.default_rng(seed).random((height, width)) < share
    step = draw(st.integers(1, 6))
    return np.repeat(np.repeat(blocks, step, 0), draw(st.integers(1, 6)), 1)


def theirs(picture: NDArray[np.bool_]) -> bytes:
    counts: bytes = reference.encode(np.asfortranarray(picture, np.uint8))["counts"]
    return counts


def full(mask: BoxMask, shape: tuple[int, int]) -> NDArray[np.bool_]:
    image = np.zeros(shape, np.bool_)
    image[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
    return image


@settings(deadline=None)
@given(pictures())
def test_encode_gives_the_bytes_of_pycocotools(picture: NDArray[np.bool_]) -> None:
    height, width = picture.shape
    assert rle.encode(BoxMask(0, 0, picture), width, height) == theirs(picture)


@settings(deadline=None)
@given(pictures())
def test_decode_gives_the_pixels_back_in_a_tight_box(picture: NDArray[np.bool_]) -> None:
    height, width = picture.shape
    mask = rle.decode(RleMask(width, height, theirs(picture)))
    assert (full(mask, picture.shape) == picture).all()
    if mask.bits.size:
        assert mask.bits[[0, -1]].any(1).all()
        assert mask.bits[:, [0, -1]].any(0).all()
    assert mask.bits.flags.c_contiguous


@settings(deadline=None)
@given(pictures(), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_a_mask_cut_to_a_part_of_the_image_stays_where_it_is(
    picture: NDArray[np.bool_], left: int, top: int, right: int, bottom: int
) -> None:
    height, width = picture.shape[0] + top + bottom, picture.shape[1] + left + right
    mask = BoxMask(left, top, picture)
    counts = rle.encode(mask, width, height)
    assert counts == theirs(full(mask, (height, width)))
    assert (
        full(rle.decode(RleMask(width, height, counts)), (height, width)) == full(mask, (height, width))
    ).all()


@settings(deadline=None)
@given(st.lists(pictures(), max_size=8))
def test_boxes_and_areas_of_many_are_those_of_pycocotools(many: list[NDArray[np.bool_]]) -> None:
    counts = [theirs(picture) for picture in many]
    boxes, areas = rle.measure_all(counts, [picture.shape for picture in many])
    objects = [{"size": list(p.shape), "counts": c} for p, c in zip(many, counts, strict=True)]
    assert boxes.tolist() == [reference.toBbox(each).tolist() for each in objects]
    assert areas.tolist() == [int(reference.area(each)) for each in objects]


@settings(deadline=None)
@given(st.lists(pictures(), max_size=8))
def test_many_decoded_together_are_each_decoded_alone(many: list[NDArray[np.bool_]]) -> None:
    values = [RleMask(picture.shape[1], picture.shape[0], theirs(picture)) for picture in many]
    for together, value in zip(rle.decode_all(values), values, strict=True):
        alone = rle.decode(value)
        assert (together.left, together.top) == (alone.left, alone.top)
        assert (together.bits == alone.bits).all()


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 10**9), min_size=1), max_size=8))
def test_uncompressed_counts_come_back_from_compressed_ones(runs: list[list[int]]) -> None:
    counts, faults = rle.pack(runs, [(1, sum(each)) for each in runs])
    assert faults == [None] * len(runs)
    assert [rle.runs_of(each) for each in counts] == runs


@settings(deadline=None)
@given(pictures())
def test_uncompressed_counts_compress_as_pycocotools_does(picture: NDArray[np.bool_]) -> None:
    runs = rle.runs_of(theirs(picture))
    height, width = picture.shape
    expected = reference.frPyObjects({"size": [height, width], "counts": runs}, height, width)
    assert rle.pack([runs], [(height, width)])[0] == [expected["counts"]]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=30)), st.integers(0, 50), st.integers(0, 50))
def test_any_bytes_are_judged_without_raising(counts: list[bytes], height: int, width: int) -> None:
    faults = rle.check_counts(counts, [(height, width)] * len(counts))
    for each, fault in zip(counts, faults, strict=True):
        if fault is None:
            assert rle.decode(RleMask(width, height, each)).bits.size <= height * width


@pytest.mark.parametrize(
    ("counts", "fault"),
    [
        (rle.compress([4, 4, 4]), None),
        (rle.compress([0, 12]), None),
        (rle.compress([4, 0, 8]), None),
        (rle.compress([4, 4, 5]), "runs cover 13 pixels, expected 12 (4 x 3)"),
        (rle.compress([4, 4, 3]), "runs cover 11 pixels, expected 12 (4 x 3)"),
        (rle.compress([2**33]), "runs cover 8589934592 pixels, expected 12 (4 x 3)"),
        (rle.compress([14, -4, 2]), "a run of negative length"),
        (rle.compress([100, 12])[:-1] + b"P", "cut short in the middle of a number"),
        (b"44 4", "characters that are not of a COCO mask"),
        ("é".encode(), "characters that are not of a COCO mask"),
        (b"PPPPPPP1", "a number too large for any image"),
        (b"", "runs cover 0 pixels, expected 12 (4 x 3)"),
    ],
)
def test_faulty_counts_are_named_and_never_touch_their_neighbours(counts: bytes, fault: str | None) -> None:
    sound = rle.compress([5, 2, 5])
    assert rle.check_counts([sound, counts, sound], [(3, 4)] * 3) == [None, fault, None]


def test_faulty_counts_raise_where_a_mask_is_wanted() -> None:
    overrun = rle.compress([0, 10**9])
    with pytest.raises(DataError, match="runs cover 1000000000 pixels, expected 12"):
        rle.decode(RleMask(4, 3, overrun))
    with pytest.raises(DataError, match="runs cover 1000000000 pixels"):
        rle.measure_all([overrun], [(3, 4)])


@pytest.mark.parametrize("value", [None, "12", [1.5], [float("nan")], ["12"], [10**40], [[12]], [True], {}])
def test_uncompressed_counts_of_any_kind_are_judged(value: object) -> None:
    counts, faults = rle.pack([value, [12]], [(3, 4)] * 2)
    assert faults == ["counts that are not a list of whole numbers", None]
    assert counts == [b"", rle.compress([12])]


def test_what_lies_outside_the_image_is_cut_off() -> None:
    mask = BoxMask(-1, -1, np.ones((3, 3), np.bool_))
    assert rle.runs_of(rle.encode(mask, 4, 3)) == [0, 2, 1, 2, 7]
    assert rle.runs_of(rle.encode(BoxMask(9, 0, np.ones((2, 2), np.bool_)), 4, 3)) == [12]


def test_a_small_object_in_a_large_image_takes_no_large_image() -> None:
    mask = BoxMask(3000, 2000, np.ones((50, 40), np.bool_))
    started = time.perf_counter()
    for _ in range(20):
        counts = rle.encode(mask, 6000, 4000)
        again = rle.decode(RleMask(6000, 4000, counts))
    assert (time.perf_counter() - started) / 20 < 0.02  # a full image alone takes as long
    assert (again.left, again.top, again.bits.shape) == (3000, 2000, (50, 40))

"""Assembly equals the published formula on the full image, and is cut to what it needs."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st

from model.masks import BoxMask, assemble, assemble_all, crop_cells, soft_mask
from model.messages import Prediction

LAST_DIGITS = 2 * np.finfo(np.float32).epsneg  # of a float below .5: sums in another order differ by so much


def on_the_full_image(
    prototypes: np.ndarray, coefficients: np.ndarray, box: np.ndarray, width: int, height: int
) -> np.ndarray:
    """Section 9 of the reference, step by step: (height, width) float32, a pixel is in the mask above .5."""
    h, w, _ = prototypes.shape
    soft = torch.sigmoid(torch.from_numpy(prototypes) @ torch.from_numpy(coefficients))
    corners = torch.from_numpy(box)
    x1 = (torch.minimum(corners[0], corners[2]) * w - 1).clamp(min=0)
    x2 = (torch.maximum(corners[0], corners[2]) * w + 1).clamp(max=w)
    y1 = (torch.minimum(corners[1], corners[3]) * h - 1).clamp(min=0)
    y2 = (torch.maximum(corners[1], corners[3]) * h + 1).clamp(max=h)
    columns, rows = torch.arange(w), torch.arange(h)
    soft = soft * ((columns >= x1) & (columns < x2)) * ((rows >= y1) & (rows < y2))[:, None]
    full = F.interpolate(soft[None, None], size=(height, width), mode="bilinear", align_corners=False)
    return full[0, 0].numpy()


def assert_same(mask: BoxMask, soft: np.ndarray) -> None:
    """The bits of where `soft` is above .5, but where that hangs on a float's last digits."""
    full = np.zeros(soft.shape, np.bool_)
    full[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
    clear = np.abs(soft - 0.5) > LAST_DIGITS
    np.testing.assert_array_equal(full[clear], (soft > 0.5)[clear])


def instance(seed: int, h: int = 20, w: int = 24, k: int = 8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    prototypes = np.maximum(rng.normal(size=(h, w, k)), 0).astype(np.float32)
    return prototypes, rng.normal(size=k).astype(np.float32)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 10**6),
    st.tuples(*[st.floats(-0.25, 1.25, width=32)] * 4),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
)
@example(997, (0.0, 0.0, 1.0, 1.0), (207, 100), (6, 29))  # one pixel at .5 but for the last digit
def test_the_box_only_gives_the_same_bits_but_for_rounding(
    seed: int, box: tuple[float, ...], size: tuple[int, int], cells: tuple[int, int]
) -> None:
    prototypes, coefficients = instance(seed, *cells)
    corners = np.array(box, np.float32)
    mask = assemble(prototypes, coefficients, corners, *size)
    expected = on_the_full_image(prototypes, coefficients, corners, *size)
    assert_same(mask, expected)


def test_the_mask_is_cut_tight() -> None:
    mask = assemble(*instance(3), np.array([0.2, 0.3, 0.6, 0.8], np.float32), 200, 150)
    assert mask.bits[0].any()
    assert mask.bits[-1].any()
    assert mask.bits[:, 0].any()
    assert mask.bits[:, -1].any()


@pytest.mark.parametrize("box", [(1.5, 1.5, 1.8, 1.8), (-0.9, 0, -0.5, 1), (0.5, 2, 0.6, 3)])
def test_a_box_beside_the_image_gives_an_empty_mask(box: tuple[float, ...]) -> None:
    assert assemble(*instance(0), np.array(box, np.float32), 100, 100).bits.shape == (0, 0)


def test_one_cell_of_padding_is_kept() -> None:
    # 10 cells: .3 * 10 - 1 = 2 is kept, .5 * 10 + 1 = 6 is the first one that is not
    assert crop_cells(np.array([0.3, 0.3, 0.5, 0.5], np.float32), 10, 10) == (2, 2, 6, 6)
    assert crop_cells(np.array([0.5, 0.5, 0.3, 0.3], np.float32), 10, 10) == (2, 2, 6, 6)


def test_sigmoid_of_huge_logits_is_silent() -> None:
    prototypes = np.full((1, 2, 1), 1000, np.float32)
    np.testing.assert_array_equal(soft_mask(prototypes, np.array([-1.0], np.float32)), 0)
    np.testing.assert_array_equal(soft_mask(prototypes, np.array([1.0], np.float32)), 1)


def test_all_masks_of_a_prediction() -> None:
    prototypes, coefficients = instance(1)
    boxes = np.array([[0, 0, 0.5, 0.5], [0.2, 0.2, 0.9, 0.9]], np.float32)
    both = np.stack([coefficients, -coefficients])
    scores = np.array([0.9, 0.8], np.float32)
    prediction = Prediction(
        "v",
        ("thing",),
        60,
        40,
        prototypes.astype(np.float16),
        boxes,
        scores,
        np.zeros(2, np.int32),
        both,
        scores,
    )
    halves = prediction.prototypes.astype(np.float32)
    masks = assemble_all(prediction, [1])
    expected = assemble(halves, both[1], boxes[1], 60, 40)
    assert (masks[0].left, masks[0].top) == (expected.left, expected.top)
    np.testing.assert_array_equal(masks[0].bits, expected.bits)
    assert len(assemble_all(prediction)) == 2


@pytest.mark.parametrize(
    ("cells", "size"), [((12, 9), (1400, 1900)), ((6, 5), (900, 2000)), ((40, 3), (5000, 90))]
)
def test_large_cells_give_the_same_bits(cells: tuple[int, int], size: tuple[int, int]) -> None:
    prototypes, coefficients = instance(9, *cells)
    prototypes[: cells[0] // 2, : cells[1] // 2] = 0  # sigmoid is exactly the threshold there
    box = np.array([0.1, 0.05, 0.85, 0.9], np.float32)
    mask = assemble(prototypes, coefficients, box, *size)
    expected = on_the_full_image(prototypes, coefficients, box, *size)
    assert expected.any()
    assert_same(mask, expected)


def test_what_no_cell_reaches_is_empty() -> None:
    prototypes, coefficients = np.ones((8, 8, 2), np.float32), np.full(2, -1, np.float32)
    assert assemble(prototypes, coefficients, np.array([0, 0, 1, 1], np.float32), 90, 70).bits.shape == (0, 0)

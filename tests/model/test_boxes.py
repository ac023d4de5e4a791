"""Box arithmetic: there and back, and values worked by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model.boxes import area, cxcywh_to_xyxy, decode, encode, iou, xyxy_to_cxcywh

BOX = st.tuples(st.floats(-1, 2), st.floats(-1, 2), st.floats(0.01, 2), st.floats(0.01, 2))


@settings(deadline=None)  # the first call starts torch
@given(BOX, BOX)
def test_decoding_what_was_encoded_gives_the_box(box: tuple[float, ...], prior: tuple[float, ...]) -> None:
    xyxy = cxcywh_to_xyxy(torch.tensor([box], dtype=torch.float64))
    priors = torch.tensor([prior], dtype=torch.float64)
    torch.testing.assert_close(decode(encode(xyxy, priors), priors), xyxy, atol=1e-9, rtol=1e-9)


def test_decode_uses_the_variances() -> None:
    # centre .5 + 1 * .1 * .2 = .52; width .2 * exp(2 * .2) = .29836; so x1 = .52 - .14918
    box = decode(torch.tensor([[1.0, 0.0, 2.0, 0.0]]), torch.tensor([[0.5, 0.5, 0.2, 0.4]]))
    torch.testing.assert_close(box, torch.tensor([[0.37082, 0.3, 0.66918, 0.7]]), atol=1e-5, rtol=0)


def test_corners_and_centres_are_inverses() -> None:
    boxes = torch.tensor([[0.1, 0.2, 0.5, 0.9]])
    torch.testing.assert_close(cxcywh_to_xyxy(xyxy_to_cxcywh(boxes)), boxes)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([0, 0, 2, 2], 1.0),
        ([1, 0, 3, 2], 1 / 3),  # 2 shared of 4 + 4 - 2
        ([2, 0, 4, 2], 0.0),  # touching
        ([5, 5, 6, 6], 0.0),
        ([0, 0, 1, 1], 0.25),
    ],
)
def test_iou(other: list[float], expected: float) -> None:
    box = torch.tensor([[0.0, 0, 2, 2]])
    assert iou(box, torch.tensor([other], dtype=torch.float32)).item() == pytest.approx(expected)


def test_no_boxes_give_empty_results() -> None:
    none: Tensor = torch.zeros((0, 4))
    assert iou(none, torch.ones((3, 4))).shape == (0, 3)
    assert area(none).shape == (0,)
    assert decode(none, none).shape == (0, 4)

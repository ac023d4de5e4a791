"""Winograd's way gives what the direct one gives, at any size, and leaves nothing behind in shared memory."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.fast_conv import NONE, Activation, available
from model.winograd import LEAST_CELLS, WinogradConv, Workspace, transforms, worthwhile

pytestmark = pytest.mark.skipif(not available(), reason="this torch has no oneDNN operators")


def direct(convolution: nn.Conv2d, x: Tensor, activation: Activation) -> Tensor:
    result = convolution.double()(x.double())
    name, numbers = activation
    if name == "relu":
        return F.relu(result)
    if name == "hardtanh":
        return F.hardtanh(result, *numbers)
    return F.leaky_relu(result, *numbers) if name == "leaky_relu" else result


def test_one_dimension_by_hand() -> None:
    a, g, b = transforms()
    data, taps = (
        torch.arange(6, dtype=torch.float64) ** 2,
        torch.tensor([1.0, -2.0, 5.0], dtype=torch.float64),
    )
    expected = torch.stack([data[i : i + 3] @ taps for i in range(4)])  # 0 - 2 + 20 = 18, ...
    assert expected[0] == 18
    torch.testing.assert_close(a @ ((g @ taps) * (b @ data)), expected)


@pytest.mark.parametrize("size", [(48, 48), (45, 46), (50, 61), (130, 17), (4, 3)])
@pytest.mark.parametrize("activation", [("relu", ()), NONE, ("hardtanh", (0.0, 6.0)), ("leaky_relu", (0.1,))])
def test_it_agrees_with_float64(size: tuple[int, int], activation: Activation) -> None:
    torch.manual_seed(0)
    convolution = nn.Conv2d(192, 96, 3, padding=1)
    nn.init.normal_(convolution.weight, std=(2 / (9 * 192)) ** 0.5)
    x = torch.randn(2, 192, *size).contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        step = WinogradConv(convolution, activation, Workspace())
        found = step(x)
        expected = direct(convolution, x, activation)
    torch.testing.assert_close(found.double(), expected, atol=5e-5, rtol=0)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_steps_that_share_memory_do_not_disturb_each_other() -> None:
    torch.manual_seed(0)
    space = Workspace()
    first, second = (WinogradConv(nn.Conv2d(192, k, 3, padding=1), NONE, space) for k in (96, 130))
    side = int(LEAST_CELLS**0.5) + 1
    x, y = torch.randn(1, 192, side, side), torch.randn(1, 192, side + 20, side)
    with torch.inference_mode():
        before, other = first(x), second(y)
        again = first(x)
        torch.testing.assert_close(second(y), other, atol=0, rtol=0)
    torch.testing.assert_close(again, before, atol=0, rtol=0)


@pytest.mark.parametrize(
    ("convolution", "is_worth"),
    [
        (nn.Conv2d(256, 256, 3, padding=1), True),
        (nn.Conv2d(256, 256, 3, padding=1, stride=2), False),
        (nn.Conv2d(256, 256, 3), False),
        (nn.Conv2d(256, 256, 1), False),
        (nn.Conv2d(256, 256, 3, padding=1, groups=256), False),
        (nn.Conv2d(256, 12, 3, padding=1), False),
    ],
)
def test_only_wide_plain_3x3_convolutions_are_worth_it(convolution: nn.Conv2d, is_worth: bool) -> None:
    assert worthwhile(convolution) is is_worth

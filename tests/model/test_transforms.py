"""What the network gets: stretched, normalised, in the published way."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from model import transforms
from model.config import CONFIGS
from model.transforms import stretch, to_input, to_published_input

PUBLISHED = replace(CONFIGS["yolact_resnet50"], input_size=64)


def picture(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [(640, 480), (64, 64), (20, 30), (1, 1), (70, 500)])
def test_published_networks_get_plain_bilinear_values(size: tuple[int, int]) -> None:
    image = picture(*size)
    expected = F.interpolate(
        torch.from_numpy(image).permute(2, 0, 1)[None].float(), size=(64, 64), mode="bilinear"
    )
    mean = torch.tensor(PUBLISHED.mean).view(3, 1, 1)
    std = torch.tensor(PUBLISHED.std).view(3, 1, 1)
    torch.testing.assert_close(to_input(image, PUBLISHED), (expected - mean) / std, atol=2e-4, rtol=0)


@pytest.mark.parametrize("name", ["yolact_resnet50", "yolact_darknet53"])
@pytest.mark.parametrize("size", [(640, 480), (20, 30), (1, 1), (171, 500)])
def test_the_published_input_is_the_authors_to_the_last_bit(name: str, size: tuple[int, int]) -> None:
    """Blue, green, red as OpenCV reads; stretched and normalised by PyTorch; then red first."""
    image = picture(*size)
    bgr = torch.from_numpy(image[..., ::-1].copy()).float()[None].permute(0, 3, 1, 2).contiguous()
    bgr = F.interpolate(bgr, (64, 64), mode="bilinear", align_corners=False)
    mean, std = (103.94, 116.78, 123.68), (57.38, 57.12, 58.40)
    if "darknet" in name:
        expected = bgr / 255
    else:
        expected = (bgr - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
    found = to_published_input(image, replace(CONFIGS[name], input_size=64))
    assert torch.equal(found, expected[:, (2, 1, 0)])
    assert found.is_contiguous()


def test_what_the_authors_programs_could_not_take_is_stretched_as_usual(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = picture(171, 90)
    ours = replace(PUBLISHED, antialias=True)
    assert torch.equal(to_published_input(image, ours), to_input(image, ours))
    monkeypatch.setattr(transforms, "LARGEST_COPY", 171 * 90 - 1)
    assert torch.equal(to_published_input(image, PUBLISHED), to_input(image, PUBLISHED))


def test_red_comes_first_and_is_normalised() -> None:
    image = np.zeros((8, 8, 3), np.uint8)
    image[..., 0] = 255
    red, green, blue = to_input(image, PUBLISHED)[0, :, 0, 0].tolist()
    assert red == pytest.approx((255 - 123.68) / 58.40, abs=1e-5)
    assert green == pytest.approx(-116.78 / 57.12, abs=1e-5)
    assert blue == pytest.approx(-103.94 / 57.38, abs=1e-5)


def test_the_memory_is_channels_last() -> None:
    assert to_input(picture(50, 40), PUBLISHED).is_contiguous(memory_format=torch.channels_last)


def test_antialiasing_averages_when_shrinking() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    config = replace(PUBLISHED, antialias=True)
    np.testing.assert_allclose(stretch(stripes, config), 127.5, atol=1)
    assert stretch(stripes, PUBLISHED).std() == pytest.approx(0, abs=1)  # 4:1 meets both stripes alike
    assert stretch(picture(20, 30), config).shape == (64, 64, 3)


def test_the_image_is_left_alone() -> None:
    image = picture(64, 64)
    before = image.copy()
    to_input(image, PUBLISHED)
    np.testing.assert_array_equal(image, before)

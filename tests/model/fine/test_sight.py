"""The shipped network of fine prototypes, read by ONNX Runtime."""

from pathlib import Path

import numpy as np
import pytest

from model.errors import WeightsError
from model.fine.sight import BUILT_IN, CARD, CELLS, NETWORK, FineSight, built_in


def disc(side: int = 120) -> tuple[np.ndarray, np.ndarray]:
    """A light disc on a dark ground, and its mask."""
    y, x = np.mgrid[:side, :side]
    bits = (x - side / 2) ** 2 + (y - side / 2) ** 2 < (side * 0.33) ** 2
    noise = np.random.default_rng(0).normal(0, 6, (side, side, 3))
    picture = np.where(bits[..., None], (190, 160, 60), (50, 70, 60)) + noise
    return np.clip(picture, 0, 255).astype(np.uint8), bits


def test_it_sees_what_a_rough_mask_means() -> None:
    network = built_in()
    assert network is not None
    picture, truth = disc()
    rough = np.roll(truth, 6, 1)
    rough[30:60, 30:45] = False
    seen = network.look(picture, (0, 0, 120, 120), rough).first > 0
    cells = truth[::5, ::5]
    assert seen.shape == (CELLS, CELLS)
    made = seen[::4, ::4]
    start = rough[::5, ::5]
    assert (made & cells).sum() / (made | cells).sum() > (start & cells).sum() / (start | cells).sum()


def test_the_same_crop_gives_the_same_sight() -> None:
    network = built_in()
    assert network is not None
    picture, truth = disc()
    one, other = (network.look(picture, (0, 0, 120, 120), truth) for _ in range(2))
    np.testing.assert_array_equal(one.first, other.first)
    np.testing.assert_array_equal(one.pictures, other.pictures)


def test_a_reduced_image_is_the_same_place() -> None:
    network = built_in()
    assert network is not None
    picture, truth = disc(240)
    whole = network.look(picture, (0, 0, 240, 240), truth)
    half = network.look(np.ascontiguousarray(picture[::2, ::2]), (0, 0, 240, 240), truth, scale=2.0)
    assert ((whole.first > 0) == (half.first > 0)).mean() > 0.95


@pytest.mark.parametrize("content", [b"", b"not a network"])
def test_a_broken_file_is_one_clear_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CARD).write_bytes((BUILT_IN / CARD).read_bytes())
    (tmp_path / NETWORK).write_bytes(content)
    with pytest.raises(WeightsError, match="fine prototypes") as caught:
        FineSight(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="reinstall"):
        FineSight(tmp_path / "none")

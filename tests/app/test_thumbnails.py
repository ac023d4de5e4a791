"""Thumbnails: small, kept, renewed when the file changes."""

from pathlib import Path

import numpy as np
import pytest

from app.errors import ImageError
from app.thumbnails import prune, thumbnail
from tests.builders import write_image


def test_a_thumbnail_fits_and_keeps_the_shape(tmp_path: Path) -> None:
    picture = thumbnail(write_image(tmp_path / "a.jpg", 800, 400), tmp_path / "cache", side=100)
    assert picture.shape == (50, 100, 3)


def test_a_small_image_is_not_blown_up(tmp_path: Path) -> None:
    assert thumbnail(write_image(tmp_path / "a.png", 20, 10), tmp_path / "cache").shape == (10, 20, 3)


def test_it_is_made_once_and_again_when_the_file_changes(tmp_path: Path) -> None:
    path, cache = write_image(tmp_path / "a.png", 20, 10, seed=1), tmp_path / "cache"
    first = thumbnail(path, cache)
    assert np.abs(thumbnail(path, cache).astype(int) - first).max() < 64
    assert len(list(cache.iterdir())) == 1
    write_image(path, 30, 10, seed=2)
    assert thumbnail(path, cache).shape == (10, 30, 3)


def test_a_file_that_is_no_image_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_text("no")
    with pytest.raises(ImageError):
        thumbnail(tmp_path / "a.jpg", tmp_path / "cache")


def test_pruning_keeps_within_the_limit(tmp_path: Path) -> None:
    for number in range(4):
        thumbnail(write_image(tmp_path / f"{number}.png", seed=number), tmp_path / "cache")
    prune(tmp_path / "cache", limit=0)
    assert not list((tmp_path / "cache").iterdir())

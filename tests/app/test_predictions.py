"""The cache of predictions: read back as written, damaged files ignored, the longest unused gone first."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from app.predictions import Predictions
from model.messages import Prediction


def prediction(version: str = "v1", detections: int = 3, seed: int = 0) -> Prediction:
    random = np.random.default_rng(seed)
    n, k = detections, 4
    return Prediction(
        model_version=version,
        categories=("a", "b"),
        image_width=640,
        image_height=480,
        prototypes=random.random((8, 8, k)).astype(np.float16),
        boxes=random.random((n, 4)).astype(np.float32),
        scores=random.random(n).astype(np.float32),
        classes=np.arange(n, dtype=np.int32) % 2,
        coefficients=random.random((n, k)).astype(np.float32),
        qualities=random.random(n).astype(np.float32),
    )


@pytest.fixture
def cache(tmp_path: Path) -> Predictions:
    return Predictions(tmp_path / "cache")


@pytest.mark.parametrize("detections", [0, 1, 5])
def test_what_was_kept_is_read_back(cache: Predictions, detections: int) -> None:
    kept = prediction(detections=detections)
    assert cache.save("image", kept)
    read = cache.load("image", "v1")
    assert read is not None
    for name in ("prototypes", "boxes", "scores", "classes", "coefficients", "qualities"):
        np.testing.assert_array_equal(getattr(read, name), getattr(kept, name))
    assert (read.categories, read.image_width, read.image_height) == (("a", "b"), 640, 480)


def test_each_version_has_its_own(cache: Predictions) -> None:
    cache.save("image", prediction("v1", 1))
    cache.save("image", prediction("v2", 2))
    found = [cache.load("image", version) for version in ("v1", "v2", "v3")]
    assert [len(each) if each else None for each in found] == [1, 2, None]
    assert cache.load("other", "v1") is None


@pytest.mark.parametrize("keep", [0, 10, 200, -1])
def test_a_file_cut_short_is_ignored_and_removed(cache: Predictions, keep: int) -> None:
    cache.save("image", prediction())
    path = cache.path("image", "v1")
    path.write_bytes(path.read_bytes()[:keep])
    assert cache.load("image", "v1") is None
    assert not path.exists()


def test_every_flipped_byte_is_noticed(cache: Predictions) -> None:
    cache.save("image", prediction())
    path = cache.path("image", "v1")
    whole = path.read_bytes()
    for position in range(0, len(whole), 37):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        assert cache.load("image", "v1") is None


def test_a_file_of_another_image_is_not_taken(cache: Predictions) -> None:
    cache.save("image", prediction())
    other = cache.path("other", "v1")
    other.parent.mkdir(parents=True, exist_ok=True)
    other.write_bytes(cache.path("image", "v1").read_bytes())
    assert cache.load("other", "v1") is None


def test_the_longest_unused_goes_first(tmp_path: Path) -> None:
    size = len_of_one(tmp_path / "measure")
    cache = Predictions(tmp_path / "cache", limit=3 * size + size // 2)
    for number, key in enumerate("abc"):
        cache.save(key, prediction())
        os.utime(cache.path(key, "v1"), (number + 1, number + 1))
    assert cache.load("a", "v1")  # used just now
    cache.save("d", prediction())
    assert [key for key in "abcd" if cache.path(key, "v1").exists()] == ["a", "c", "d"]


def test_many_saves_stay_below_the_limit(tmp_path: Path) -> None:
    limit = 5 * len_of_one(tmp_path / "measure")
    cache = Predictions(tmp_path / "cache", limit=limit)
    for number in range(20):
        cache.save(f"image {number}", prediction())
        assert sum(path.stat().st_size for path in cache.folder.glob("*/*")) <= limit
    assert cache.load("image 19", "v1")


def test_a_lowered_limit_holds_at_once(tmp_path: Path) -> None:
    size = len_of_one(tmp_path / "measure")
    large = Predictions(tmp_path / "cache")
    for number in range(4):
        large.save(f"image {number}", prediction())
    Predictions(tmp_path / "cache", limit=2 * size + size // 2).shrink()
    assert 0 < len(list(large.folder.glob("*/*"))) <= 2


def test_a_folder_that_cannot_be_made_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = Predictions(tmp_path / "cache")
    assert not cache.save("image", prediction())
    assert cache.load("image", "v1") is None


def test_a_full_disk_leaves_nothing_behind(cache: Predictions, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert not cache.save("image", prediction())
    assert list(cache.folder.glob("*/*")) == []


def test_clearing_removes_everything(cache: Predictions) -> None:
    cache.save("image", prediction())
    cache.clear()
    assert cache.load("image", "v1") is None


def len_of_one(folder: Path) -> int:
    cache = Predictions(folder)
    cache.save("x", prediction())
    return cache.path("x", "v1").stat().st_size

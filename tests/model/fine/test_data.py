"""Crops and wrong masks for training fine prototypes, made of a real file of generated scenes."""

from pathlib import Path

import numpy as np
import pytest

from model.fine import data
from model.fine.data import Object, _pasted, _strapped, _turn, read_objects, sample, wrong
from model.fine.sight import CELLS, SIDE
from model.scenes import generate


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> list[Object]:
    folder = tmp_path_factory.mktemp("scenes")
    file = generate(folder, 4, 1)
    return read_objects(file, file.parent / "images" if (file.parent / "images").is_dir() else folder)


def test_objects_have_their_own_pixels(objects: list[Object]) -> None:
    assert len(objects) > 4
    for each in objects:
        assert each.mask.max() == 255
        assert max(each.box[2:]) >= 12


def test_a_sample_shows_the_object(objects: list[Object]) -> None:
    rng = np.random.default_rng(0)
    made = [sample(each, rng, objects[:2]) for each in objects]
    found = [each for each in made if each is not None]
    assert found
    for each in found:
        assert each.crop.shape == (SIDE, SIDE, 3)
        assert each.truth.shape == each.start.shape == (CELLS, CELLS)
        assert 0 <= each.truth.min() <= each.truth.max() <= 1
        assert each.start.any()


def test_the_same_numbers_give_the_same_sample(objects: list[Object]) -> None:
    one, other = (sample(objects[0], np.random.default_rng(5)) for _ in range(2))
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.crop, other.crop)
    np.testing.assert_array_equal(one.start, other.start)


def test_wrong_masks_are_wrong_and_of_the_object() -> None:
    truth = np.zeros((CELLS, CELLS), np.bool_)
    truth[20:70, 30:60] = True
    rng = np.random.default_rng(1)
    likeness = []
    for _ in range(60):
        made = wrong(truth, rng)
        likeness.append((made & truth).sum() / (made | truth).sum())
    assert 0.5 < np.mean(likeness) < 0.95
    assert np.min(likeness) < 0.7
    assert np.max(likeness) > 0.9


def test_a_tiny_object_is_left_out(tmp_path: Path, objects: list[Object]) -> None:
    tiny = Object(np.zeros((40, 40, 3), np.uint8), np.zeros((3, 3), np.uint8), (5, 5), (5.0, 5.0, 2.0, 2.0))
    assert sample(tiny, np.random.default_rng(0)) is None


def test_what_is_put_in_front_is_no_part_of_the_object(objects: list[Object]) -> None:
    crop = np.full((SIDE, SIDE, 3), 90, np.uint8)
    truth = np.zeros((CELLS, CELLS), np.float32)
    truth[20:70, 30:60] = 1
    hidden = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        mixed, left_over, cells = _pasted(crop, truth, objects[seed % len(objects)], rng)
        assert mixed.shape == crop.shape
        assert (left_over <= truth + 1e-6).all()
        assert not (cells & (left_over > 0.55)).any()
        hidden += bool((left_over < truth).any())
        strapped, without, strap = _strapped(crop, truth, rng)
        assert strap.any()
        assert without[strap].max() <= 0.5
        assert (strapped != crop).any()
    assert 0 < hidden < 12  # before the object at times, behind it at others


def test_a_crop_ends_at_the_image_s_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "CLIPPED", 1.0)
    for seed in range(8):
        turn = _turn((0.0, 0.0, 30.0, 20.0), np.random.default_rng(seed), (60, 80))
        corner = turn @ (0.0, 0.0, 1.0)
        assert np.abs(corner[1]) < SIDE * 0.3
        assert min(abs(corner[0]), abs(corner[0] - SIDE)) < SIDE * 0.3

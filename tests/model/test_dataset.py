"""COCO files: what is kept, what is left out and said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.dataset import load
from model.errors import DataError
from model.opencv import cv2
from model.samples import SampleStore

SQUARE = [[2.0, 2.0, 8.0, 2.0, 8.0, 8.0, 2.0, 8.0]]


def coco(folder: Path, instances: list[dict[str, Any]], **changes: Any) -> Path:
    """A file with one 20 x 10 image of id 0 and category ids 7 and 3."""
    cv2.imwrite(str(folder / "a.png"), np.zeros((10, 20, 3), np.uint8))
    content = {
        "images": [{"id": 0, "file_name": "a.png", "width": 20, "height": 10}],
        "categories": [{"id": 7, "name": "b"}, {"id": 3, "name": "a"}],
        "annotations": instances,
    } | changes
    path = folder / "data.json"
    path.write_text(json.dumps(content))
    return path


def one(**changes: Any) -> dict[str, Any]:
    return {
        "id": 0,
        "image_id": 0,
        "category_id": 7,
        "bbox": [2, 2, 6, 6],
        "segmentation": SQUARE,
        "iscrowd": 0,
    } | changes


def test_categories_are_ranked_by_id(tmp_path: Path) -> None:
    data = load(coco(tmp_path, [one()]), tmp_path)
    assert data.categories == ("a", "b")
    assert data.images[0].instances[0].category == 1
    assert data.images[0].id == 0


def test_images_without_annotations_stay(tmp_path: Path) -> None:
    data = load(coco(tmp_path, []), tmp_path)
    assert len(data.images) == 1
    assert data.instances == 0


@pytest.mark.parametrize(
    "box", [None, [1, 2, 3], [float("nan"), 0, 1, 1], [50, 50, 5, 5], [1, 1, 0, 5], [1, 1, -3, 5], "x"]
)
def test_a_bad_box_is_taken_from_the_mask(tmp_path: Path, box: Any) -> None:
    data = load(coco(tmp_path, [one(bbox=box)]), tmp_path)
    assert data.images[0].instances[0].box is None
    assert any("taken from the mask" in line for line in data.report())
    mask = SampleStore(data, 100).get(0).masks[0]
    assert mask.box == (2, 2, 8, 8)


def test_a_box_is_cut_to_the_image(tmp_path: Path) -> None:
    data = load(coco(tmp_path, [one(bbox=[-5, 2, 40, 6])]), tmp_path)
    assert data.images[0].instances[0].box == (0, 2, 20, 8)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"category_id": 99}, "unknown category"),
        ({"image_id": 99}, "images that are not there"),
        ({"segmentation": {"size": [10, 20], "counts": [500]}}, "without a usable mask"),
        ({"segmentation": []}, "without a usable mask"),
        ({"segmentation": {"size": [10, 20], "counts": [200]}}, "no pixel in the image"),
        ({"segmentation": [[30, 1, 40, 1, 40, 8]]}, "no pixel in the image"),
    ],
)
def test_a_bad_annotation_is_left_out_and_counted(tmp_path: Path, change: Any, words: str) -> None:
    data = load(coco(tmp_path, [one(), one(**change)]), tmp_path)
    assert data.instances == 1
    assert any(words in line for line in data.report())


def test_a_missing_image_file_is_counted(tmp_path: Path) -> None:
    images = [
        {"id": 0, "file_name": "a.png", "width": 20, "height": 10},
        {"id": 1, "file_name": "gone.png", "width": 20, "height": 10},
    ]
    data = load(coco(tmp_path, [one()], images=images), tmp_path)
    assert len(data.images) == 1
    assert data.problems["images whose file is missing"] == 1


def test_a_category_without_instances_is_said(tmp_path: Path) -> None:
    data = load(coco(tmp_path, [one()]), tmp_path)
    assert "category without an instance (a): 1" in data.report()


@pytest.mark.parametrize(
    "changes",
    [
        {"images": []},
        {"images": "x"},
        {"categories": []},
        {"categories": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]},
        {"annotations": {"id": 3}},
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, changes: Any) -> None:
    with pytest.raises(DataError) as caught:
        load(coco(tmp_path, [], **changes), tmp_path)
    assert "\n" not in str(caught.value)


def test_no_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(DataError, match="JSON"):
        load(tmp_path / "x.json", tmp_path)
    with pytest.raises(DataError, match="could not read"):
        load(tmp_path / "y.json", tmp_path)


def test_large_images_are_kept_small_with_their_masks(tmp_path: Path) -> None:
    data = load(coco(tmp_path, [one()]), tmp_path)
    sample = SampleStore(data, 10).get(0)
    assert sample.image.shape == (5, 10, 3)
    mask = sample.masks[0]
    assert (mask.left, mask.top, *mask.bits.shape) == (1, 1, 3, 3)
    assert mask.box == (1, 1, 4, 4)


def test_an_image_of_another_size_than_the_file_says_is_refused(tmp_path: Path) -> None:
    images = [{"id": 0, "file_name": "a.png", "width": 21, "height": 10}]
    data = load(coco(tmp_path, [], images=images), tmp_path)
    with pytest.raises(DataError, match="21 x 10"):
        SampleStore(data, 100).get(0)


def test_the_store_forgets_the_oldest(tmp_path: Path) -> None:
    data = load(coco(tmp_path, [one()]), tmp_path)
    data = type(data)(data.categories, data.category_ids, data.images * 3)
    store = SampleStore(data, 100, cache_bytes=1400)  # two samples of 600 + 36 bytes
    first = store.get(0)
    store.get(1)
    assert store.get(0) is first
    store.get(2)
    assert store.get(0) is first
    store.get(1)
    store.get(2)
    assert store.get(0) is not first


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "categories", "instances"),
    [
        ("pennfudan/val", 1, 79),
        ("coco/val", 80, 714),
        ("fruits_nuts/train", None, None),
        ("nuclei/val", None, None),
    ],
)
def test_shared_files_are_read_and_decoded_whole(
    shared_data: Path, name: str, categories: int | None, instances: int | None
) -> None:
    path = shared_data / f"{name}.json"
    data = load(path, path.parent / "images")
    assert categories is None or len(data.categories) == categories
    assert instances is None or data.instances == instances
    assert not [line for line in data.report() if not line.startswith("category without")]
    sample = SampleStore(data, 200).get(0)
    assert len(sample.masks) <= len(data.images[0].instances)

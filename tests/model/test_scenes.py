"""Generated scenes: reproducible, with annotations that are what one sees."""

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from model.opencv import cv2
from model.scene_shapes import SHAPES
from model.scenes import LEAST_VISIBLE, SCENE_CATEGORIES, generate, scene


def test_the_same_seed_gives_the_same_scene() -> None:
    first, objects = scene(3, 5, (160, 120))
    again, _ = scene(3, 5, (160, 120))
    other, _ = scene(3, 6, (160, 120))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert objects


@pytest.mark.parametrize("number", range(6))
def test_objects_do_not_share_pixels_and_their_boxes_are_tight(number: int) -> None:
    image, objects = scene(0, number, (200, 150))
    assert image.shape == (150, 200, 3)
    assert image.dtype == np.uint8
    owners = np.zeros((150, 200), int)
    for one in objects:
        x, y, width, height = one.box
        assert one.mask.shape == (height, width)
        assert one.mask[0].any()
        assert one.mask[-1].any()
        assert one.mask[:, 0].any()
        assert one.mask[:, -1].any()
        owners[y : y + height, x : x + width] += one.mask
        assert one.mask.sum() >= 60 * LEAST_VISIBLE
    assert owners.max() == 1


def filled(name: str) -> np.ndarray:
    """A shape drawn alone, 200 pixels wide."""
    canvas = np.zeros((240, 240), np.uint8)
    for part in SHAPES[name](np.random.default_rng(0)):
        layer = np.zeros_like(canvas)
        cv2.fillPoly(layer, [np.round(contour * 100 + 120).astype(np.int32) for contour in part], 1)
        canvas |= layer
    return canvas


@pytest.mark.parametrize("name", SCENE_CATEGORIES)
def test_a_shape_is_one_piece_of_some_size(name: str) -> None:
    shape = filled(name)
    pieces, _ = cv2.connectedComponents(shape)
    assert pieces == 2  # with the background
    assert 4000 < shape.sum() < 30000


@pytest.mark.parametrize(("name", "holes"), [("ring", 1), ("mug", 1), ("ball", 0), ("moon", 0)])
def test_rings_and_mugs_have_a_hole(name: str, holes: int) -> None:
    pieces, _ = cv2.connectedComponents(1 - filled(name), connectivity=4)
    assert pieces - 2 == holes


def test_the_file_is_coco_and_its_masks_are_the_visible_parts(tmp_path: Path) -> None:
    path = generate(tmp_path, 3, seed=1, size=(160, 120))
    content = json.loads(path.read_text())
    assert len(content["images"]) == 3
    assert [one["name"] for one in content["categories"]] == list(SCENE_CATEGORIES)
    ids = [one["id"] for one in content["annotations"]]
    assert ids == list(range(1, len(ids) + 1))
    for number, image in enumerate(content["images"]):
        read = cv2.imread(str(tmp_path / "images" / image["file_name"]))
        assert read.shape == (120, 160, 3)
        mine = [one for one in content["annotations"] if one["image_id"] == image["id"]]
        _, objects = scene(1, number, (160, 120))
        for annotation, one in zip(mine, objects, strict=True):
            mask = coco_mask.decode(annotation["segmentation"])
            x, y, width, height = annotation["bbox"]
            assert np.array_equal(mask[y : y + height, x : x + width].astype(bool), one.mask)
            assert mask.sum() == annotation["area"] == one.mask.sum()
    assert not list(tmp_path.glob("*.part"))


def test_scenes_can_be_made_in_parts(tmp_path: Path) -> None:
    generate(tmp_path / "a", 2, seed=4, size=(160, 120), first=1)
    generate(tmp_path / "b", 1, seed=4, size=(160, 120), first=2)
    name = "scene_00002.jpg"
    assert (tmp_path / "a/images" / name).read_bytes() == (tmp_path / "b/images" / name).read_bytes()

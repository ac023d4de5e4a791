"""A folder straight to a COCO file: what pycocotools reads from it, and that it is whole or not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from app.errors import ExportFault, InputError
from app.inference import Inference
from app.prelabel_folder import list_images, prelabel_folder
from tests.app.fake_host import SERVE


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    for name in ("b.png", "a.png", "sub/é c.PNG", "notes.txt"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (80, 60)).save(path, format="PNG")
    return folder


def test_pycocotools_reads_what_was_written(images: Path, inference: Inference, tmp_path: Path) -> None:
    report = prelabel_folder(images, inference, tmp_path / "out.json", min_score=0.1)
    data = COCO(str(tmp_path / "out.json"))
    assert [data.imgs[number]["file_name"] for number in (1, 2, 3)] == ["a.png", "b.png", "sub/é c.PNG"]
    assert {(each["width"], each["height"]) for each in data.imgs.values()} == {(80, 60)}
    assert [each["name"] for each in data.cats.values()] == ["cat"]
    assert (report.done, report.proposals) == (3, 3)
    for annotation in data.anns.values():
        assert annotation["score"] == pytest.approx(0.9)
        assert annotation["area"] == coco_mask.area(annotation["segmentation"]) > 0
        assert annotation["bbox"] == coco_mask.toBbox(annotation["segmentation"]).tolist()


def test_a_file_that_fails_is_listed(images: Path, inference: Inference, tmp_path: Path) -> None:
    (images / "bad.png").touch()
    report = prelabel_folder(images, inference, tmp_path / "out.json", min_score=0.1)
    assert [str(each) for each in report.failed] == ["bad.png: expected an image"]
    assert len(json.loads((tmp_path / "out.json").read_text())["images"]) == 3


def test_a_threshold_above_every_score_leaves_images_without_annotations(
    images: Path, inference: Inference, tmp_path: Path
) -> None:
    prelabel_folder(images, inference, tmp_path / "out.json", min_score=0.95)
    data = json.loads((tmp_path / "out.json").read_text())
    assert (len(data["images"]), data["annotations"]) == (3, [])


def test_when_nothing_can_be_read_nothing_is_written(inference: Inference, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "bad.png").touch()
    with pytest.raises(InputError, match="expected an image"):
        prelabel_folder(tmp_path / "images", inference, tmp_path / "out.json", min_score=0.1)
    assert [path.name for path in tmp_path.iterdir()] == ["images"]


def test_the_old_file_stays_until_the_new_one_is_whole(images: Path, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("old")
    with Inference(Path("bad"), serve=SERVE) as inference, pytest.raises(InputError):
        prelabel_folder(images, inference, tmp_path / "out.json", min_score=0.1)
    assert (tmp_path / "out.json").read_text() == "old"


def test_a_folder_that_is_not_there_to_write_into(images: Path, inference: Inference, tmp_path: Path) -> None:
    with pytest.raises(ExportFault, match="absent"):
        prelabel_folder(images, inference, tmp_path / "absent" / "out.json", min_score=0.1)


def test_a_folder_without_images_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found none"):
        list_images(tmp_path)
    with pytest.raises(InputError, match="absent"):
        list_images(tmp_path / "absent")

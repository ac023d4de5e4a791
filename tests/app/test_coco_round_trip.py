"""In and out again: the same pixels, ids and categories, and a perfect score by pycocotools' evaluator.

Also the faults measured in other tools' exports, each with a test of its own.
"""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.coco import check_coco, export_coco, import_coco
from app.project import Project
from tests.app.coco_files import (
    HEIGHT,
    WIDTH,
    annotation,
    compressed,
    dataset,
    image,
    load,
    make_project,
    mask_ap,
    ring,
    same_pixels,
    uncompressed,
    write,
)

SETS = (
    "coco/train", "coco/val", "fruits_nuts/train", "fruits_nuts/val", "grabcut/val", "nuclei/train",
    "nuclei/val", "pennfudan/train", "pennfudan/val", "video/blackswan/val", "video/car-shadow/val",
)  # fmt: skip


def round_trip(project: Project, file: Path, segmentation: str) -> Path:
    """Import, export, and everything that has to be equal."""
    report = import_coco(project, file, done=True)
    assert report.annotations_refused == 0
    out = project.folder / f"{segmentation}.json"
    export_coco(project, out, segmentation="polygon" if segmentation == "polygon" else "rle")
    before, after = json.loads(file.read_text()), json.loads(out.read_text())
    assert after["categories"] == sorted(before["categories"], key=lambda each: each["id"])
    assert after["licenses"] == before.get("licenses", [])
    assert after["images"] == sorted(before["images"], key=lambda each: each["id"])
    one, other = load(file), load(out)
    assert same_pixels(one, other)
    for number, each in one.anns.items():
        again = other.anns[number]
        for key in each.keys() - {"segmentation", "area", "bbox"}:
            assert again[key] == each[key]
        if segmentation == "polygon" and isinstance(each["segmentation"], list):
            assert again["segmentation"] == each["segmentation"]
    assert [each for each in check_coco(out) if each.severity == "error"] == []
    return out


@pytest.mark.shared
@pytest.mark.parametrize("segmentation", ["rle", "polygon"])
@pytest.mark.parametrize("name", SETS)
def test_a_published_set_comes_back_whole(
    tmp_path: Path, shared_data: Path, name: str, segmentation: str
) -> None:
    file = shared_data / f"{name}.json"
    project = Project.create(tmp_path / "project", file.parent / "images")
    project.scan()
    out = round_trip(project, file, segmentation)
    assert mask_ap(file, out) == 1.0
    assert import_coco(project, out).annotations == 0


def blob(seed: int) -> NDArray[np.bool_]:
    rng = np.random.default_rng(seed)
    bits = np.zeros((HEIGHT, WIDTH), np.bool_)
    top, left = rng.integers(0, 15, 2)
    bits[top : top + 12, left : left + 18] = rng.random((12, 18)) < 0.8
    return bits


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Ids with gaps, an empty image, image id 0, parts, holes, all three forms, a crowd."""
    parts = [[2.5, 3, 12, 3, 12, 11.25], [20, 10, 33.5, 10, 33, 22, 20, 22, 20, 10]]
    annotations = [
        annotation(17, 0, 3, segmentation=parts, bbox=None),
        annotation(18, 0, 7, segmentation=compressed(ring()), bbox=None, track_id=5),
        annotation(900000000009, 42, 11, segmentation=uncompressed(ring(12, 3)), bbox=None, iscrowd=1),
        *(annotation(30 + n, 42, 3, segmentation=uncompressed(blob(n)), bbox=None) for n in range(6)),
        *(annotation(40 + n, 43, 7, segmentation=compressed(blob(9 + n)), bbox=None) for n in range(6)),
    ]
    images = [
        image(42, "sub/a.png", license=2),
        image(43, "sub/b.png"),
        image(44, "c.png", flickr_url="http://x"),
        image(0, "a.png"),
    ]
    names = {11: "tree", 3: "person", 7: "traffic light", 90: "unused"}
    categories = [{"id": number, "name": name, "supercategory": "x"} for number, name in names.items()]
    licenses = [{"id": 2, "name": "CC BY", "url": "http://cc"}]
    return write(tmp_path, dataset(annotations, images, categories, licenses=licenses, info={"year": 2017}))


@pytest.mark.parametrize("segmentation", ["rle", "polygon"])
def test_a_file_of_all_forms_comes_back_whole(tmp_path: Path, mixed: Path, segmentation: str) -> None:
    project = make_project(tmp_path, ["sub/a.png", "sub/b.png", "c.png", "a.png"])
    assert mask_ap(mixed, round_trip(project, mixed, segmentation)) == 1.0


@pytest.mark.parametrize("segmentation", ["rle", "polygon"])
def test_an_export_imported_elsewhere_exports_the_same_bytes(
    tmp_path: Path, mixed: Path, segmentation: str
) -> None:
    names = ["sub/a.png", "sub/b.png", "c.png", "a.png"]
    first = round_trip(make_project(tmp_path / "1", names), mixed, segmentation)
    second = round_trip(make_project(tmp_path / "2", names), first, segmentation)
    assert json.loads(first.read_text()) == json.loads(second.read_text())


# --- faults seen in other tools -----------------------------------------------------------------------------


def peers_file(folder: Path, *, with_rles: bool = True) -> Path:
    """Category ids 3/7/11, image ids 42-44, an empty image, two parts, a hole, a crowd."""
    annotations = [
        annotation(1, 42, 3, segmentation=[[2, 2, 12, 2, 12, 12], [20, 5, 30, 5, 30, 20, 20, 20]], bbox=None),
        annotation(2, 43, 7),
    ]
    if with_rles:
        annotations += [
            annotation(3, 43, 7, segmentation=compressed(ring()), bbox=None),
            annotation(4, 42, 11, segmentation=uncompressed(ring(12, 2)), bbox=None, iscrowd=1),
        ]
    categories = [{"id": n, "name": name, "supercategory": ""} for n, name in ((3, "a"), (7, "b"), (11, "c"))]
    images = [image(42, "a.png"), image(43, "b.png"), image(44, "c.png")]
    return write(folder, dataset(annotations, images, categories))


@pytest.mark.parametrize("with_rles", [True, False])
def test_every_standard_annotation_is_imported(tmp_path: Path, with_rles: bool) -> None:
    report = import_coco(make_project(tmp_path), peers_file(tmp_path, with_rles=with_rles))
    assert (report.annotations, report.annotations_refused) == (4 if with_rles else 2, 0)


def test_a_mask_with_a_hole_does_not_stop_the_file(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    import_coco(project, peers_file(tmp_path), done=True)
    export_coco(project, tmp_path / "out.json", segmentation="polygon")
    written = load(tmp_path / "out.json")
    assert (written.annToMask(written.anns[3]) == ring()).all()


def test_categories_are_not_renumbered_and_no_background_is_added(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    import_coco(project, peers_file(tmp_path), done=True)
    export_coco(project, tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert [(each["id"], each["name"]) for each in written["categories"]] == [(3, "a"), (7, "b"), (11, "c")]


def test_areas_are_not_too_large(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    import_coco(project, peers_file(tmp_path), done=True)
    for form in ("rle", "polygon"):
        export_coco(project, tmp_path / "out.json", segmentation="polygon" if form == "polygon" else "rle")
        written = load(tmp_path / "out.json")
        for each in written.anns.values():
            assert each["area"] == written.annToMask(each).sum()


def test_images_without_annotations_are_in_the_file(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    import_coco(project, peers_file(tmp_path), done=True)
    export_coco(project, tmp_path / "out.json")
    assert [each["id"] for each in json.loads((tmp_path / "out.json").read_text())["images"]] == [42, 43, 44]


def test_ids_from_0_are_mended_so_that_the_evaluator_counts_them(tmp_path: Path) -> None:
    """pycocotools reads annotation id 0 as 'not matched': a perfect result scores 0.25 of 1."""
    squares = [[4, 4, 12, 4, 12, 12, 4, 12], [20, 4, 28, 4, 28, 12, 20, 12]]
    zero = [annotation(n, segmentation=[points], bbox=[0, 0, 8, 8]) for n, points in enumerate(squares)]
    file = write(tmp_path, dataset(zero))
    assert any("id 0 or below" in each.reason for each in check_coco(file))
    project = make_project(tmp_path)
    import_coco(project, file, done=True)
    export_coco(project, tmp_path / "out.json")
    assert mask_ap(file, tmp_path / "out.json") < 0.5
    assert mask_ap(tmp_path / "out.json", tmp_path / "out.json") == 1.0

"""What an export writes, that it is what every reader paints, and that a failure leaves the old file."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import edits
from app.annotation import Annotation, AnnotationState, CategoryId, ImageState
from app.coco import check_coco, export_coco, import_coco
from app.errors import DataError, ExportFault
from app.formats import coco_file
from app.geometry import Geometry, PolygonPart, Polygons, RleMask, measure
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
    ring,
    write,
)

BOX = ((5.0, 5.0), (15.0, 5.0), (15.0, 15.0), (5.0, 15.0))
HOLE = ((8.0, 8.0), (12.0, 8.0), (12.0, 12.0), (8.0, 12.0))
SQUARE = Polygons((PolygonPart(BOX),))
FRAME = Polygons((PolygonPart(BOX, (HOLE,)),))
RING = RleMask(WIDTH, HEIGHT, compressed(ring())["counts"].encode())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = make_project(tmp_path)
    project.add_category("cat", id=CategoryId(7))
    return project


def draw(project: Project, path: str, *geometries: Geometry, done: bool = True, **fields: Any) -> None:
    """Draw these in an image and mark it done."""
    record = next(each for each in project.images() if each.path == path)
    document = project.document(record.id)
    drawn = []
    for geometry in geometries:
        try:
            box, area = measure(geometry, WIDTH, HEIGHT)
        except DataError:
            box, area = (0.0, 0.0, 0.0, 0.0), 0.0
        made = Annotation(
            document.new_id(), record.id, CategoryId(7), AnnotationState.DRAWN, geometry, box, area
        )
        drawn.append(replace(made, **fields))
    document.apply(edits.add(record.id, drawn))
    if done:
        document.apply(edits.set_image_state(record.id, document.state, ImageState.DONE))


def written(project: Project, **options: Any) -> dict[str, Any]:
    out = project.folder / "out.json"
    export_coco(project, out, **options)
    whole: dict[str, Any] = json.loads(out.read_text())
    return whole


def test_areas_and_boxes_are_those_of_the_mask(project: Project) -> None:
    draw(project, "a.png", SQUARE, RING, FRAME, area=1.0, bbox=(0.0, 0.0, 1.0, 1.0))
    found = written(project)["annotations"]
    assert [each["area"] for each in found] == [100, ring().sum(), 84]
    assert [each["bbox"] for each in found] == [[5, 5, 10, 10], [11, 6, 19, 19], [5, 5, 10, 10]]
    reread = load(project.folder / "out.json")
    assert [int(reread.annToMask(each).sum()) for each in reread.anns.values()] == [100, ring().sum(), 84]


def test_ids_start_at_1_and_stay_when_more_is_drawn_and_some_removed(project: Project) -> None:
    draw(project, "b.png", SQUARE, RING)
    first = written(project)["annotations"]
    assert [each["id"] for each in first] == [1, 2]
    draw(project, "a.png", SQUARE)
    document = project.document(next(each.id for each in project.images() if each.path == "b.png"))
    document.apply(edits.remove(document.image.id, [next(iter(document.annotations.values()))]))
    second = written(project)["annotations"]
    assert sorted(each["id"] for each in second) == [2, 3]
    assert [each for each in second if each["id"] == 2] == [first[1]]


def test_categories_keep_their_ids_and_unused_ones_are_there(project: Project) -> None:
    project.add_category("dog", id=CategoryId(3))
    assert written(project)["categories"] == [
        {"id": 3, "name": "dog", "supercategory": ""},
        {"id": 7, "name": "cat", "supercategory": ""},
    ]


def test_images_verified_as_empty_are_written_and_unfinished_ones_not(project: Project) -> None:
    draw(project, "a.png", SQUARE)
    draw(project, "b.png")
    draw(project, "c.png", SQUARE, done=False)
    found = written(project)
    assert [(each["file_name"], each["width"], each["height"]) for each in found["images"]] == [
        ("a.png", WIDTH, HEIGHT),
        ("b.png", WIDTH, HEIGHT),
    ]
    assert len(found["annotations"]) == 1
    everything = written(project, states=tuple(ImageState))
    assert len(everything["images"]) == 3
    assert len(everything["annotations"]) == 2


def test_rejected_ones_are_never_written_and_proposals_only_when_asked(project: Project) -> None:
    draw(project, "a.png", SQUARE, state=AnnotationState.REJECTED, score=0.9, done=False)
    draw(project, "a.png", RING, state=AnnotationState.PROPOSED, score=0.8, done=False)
    draw(project, "a.png", FRAME, state=AnnotationState.ACCEPTED, score=0.7)
    assert [each.get("score") for each in written(project)["annotations"]] == [None]
    assert [each.get("score") for each in written(project, include_proposals=True)["annotations"]] == [
        0.8,
        None,
    ]


def test_the_polygon_form_keeps_vertices_and_holes_stay_as_run_lengths(project: Project) -> None:
    two = Polygons((PolygonPart(((1.25, 2.5), (9.0, 2.0), (9.0, 8.5))), PolygonPart(BOX)))
    draw(project, "a.png", two, FRAME, RING)
    report = export_coco(project, project.folder / "out.json", segmentation="polygon")
    found = [
        each["segmentation"] for each in json.loads((project.folder / "out.json").read_text())["annotations"]
    ]
    assert found[0] == [[1.25, 2.5, 9.0, 2.0, 9.0, 8.5], [5, 5, 15, 5, 15, 15, 5, 15]]
    assert [set(each) for each in found[1:]] == [{"size", "counts"}] * 2
    assert [(note.reason, note.count) for note in report.notes] == [
        ("mask with a hole: written as run lengths", 2)
    ]


def test_a_mask_becomes_its_exact_outline(project: Project) -> None:
    shape = np.zeros((HEIGHT, WIDTH), np.bool_)
    shape[5:20, 10:30] = True
    shape[5:9, 10:14] = shape[19, 20:22] = False
    draw(project, "a.png", RleMask(WIDTH, HEIGHT, compressed(shape)["counts"].encode()))
    (found,) = written(project, segmentation="polygon")["annotations"]
    assert isinstance(found["segmentation"], list)
    reread = load(project.folder / "out.json")
    assert (reread.annToMask(found).astype(bool) == shape).all()


def test_crowds_are_marked_and_single_objects_are_not(project: Project) -> None:
    draw(project, "a.png", RING, is_crowd=True, done=False)
    draw(project, "a.png", RING)
    for form in ("rle", "polygon"):
        found = written(project, segmentation=form)["annotations"]
        assert [each["iscrowd"] for each in found] == [1, 0]
        assert isinstance(found[0]["segmentation"], dict)


def test_the_same_project_gives_the_same_bytes(project: Project) -> None:
    draw(project, "a.png", SQUARE, RING)
    export_coco(project, project.folder / "1.json")
    export_coco(project, project.folder / "2.json")
    assert (project.folder / "1.json").read_bytes() == (project.folder / "2.json").read_bytes()
    assert check_coco(project.folder / "1.json") == []


def test_names_of_sub_folders_are_posix_and_any_script(tmp_path: Path) -> None:
    project = make_project(tmp_path, ["ünter/日本 1.png"])
    project.add_category("猫", id=CategoryId(7))
    draw(project, "ünter/日本 1.png", SQUARE)
    found = written(project)
    assert found["images"][0]["file_name"] == "ünter/日本 1.png"
    assert found["categories"][0]["name"] == "猫"


def test_what_has_no_pixel_or_another_size_is_left_out_and_told(project: Project) -> None:
    outside = Polygons((PolygonPart(((50.0, 50.0), (60.0, 50.0), (60.0, 60.0))),))
    draw(
        project,
        "a.png",
        outside,
        RleMask(5, 5, b"P1"),
        Polygons((PolygonPart(BOX[:2]),)),
        SQUARE,
        bbox=(0, 0, 0, 0),
    )
    report = export_coco(project, project.folder / "out.json", segmentation="polygon")
    assert report.annotations == 1
    assert {note.reason for note in report.notes} == {
        "annotation that covers no pixel: left out",
        "mask of another size than its image: left out",
        "polygon with fewer than 3 points: left out",
    }


def test_the_report_says_what_was_written(project: Project) -> None:
    draw(project, "a.png", SQUARE)
    draw(project, "b.png")
    told: list[tuple[int, int]] = []
    report = export_coco(
        project, project.folder / "out.json", progress=lambda done, total: told.append((done, total))
    )
    assert (report.images, report.empty_images, report.annotations, report.categories) == (2, 1, 1, 1)
    assert report.bytes == (project.folder / "out.json").stat().st_size
    assert "1 annotations in 2 images (1 of them empty)" in str(report)
    assert json.loads(json.dumps(report.as_dict()))["images"] == 2
    assert told[-1] == (2, 2)


# --- failures: the old file stays, nothing else is left -----------------------------------------------------


def old_file(project: Project) -> Path:
    draw(project, "a.png", SQUARE, RING)
    folder = project.folder / "exports"
    folder.mkdir()
    (folder / "out.json").write_text("old")
    return folder / "out.json"


def is_untouched(out: Path) -> bool:
    return out.read_text() == "old" and [each.name for each in out.parent.iterdir()] == ["out.json"]


class FullDisk:
    """A file that has room for some bytes only."""

    def __init__(self, stream: Any, room: int) -> None:
        self._stream, self._room = stream, room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def write(self, data: bytes) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return int(self._stream.write(data))


@pytest.mark.parametrize("room", [0, 30, 200, 500])
def test_a_full_disk_at_any_byte_leaves_the_old_file(
    project: Project, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    out = old_file(project)
    opened = Path.open

    def open_new(path: Path, mode: str = "r", **options: Any) -> Any:
        file = opened(path, mode, **options)
        return FullDisk(file, room) if "x" in mode else file

    monkeypatch.setattr(Path, "open", open_new)
    with pytest.raises(ExportFault, match="No space left on device; free space") as caught:
        export_coco(project, out)
    assert "\n" not in str(caught.value)
    assert is_untouched(out)


LIMITED = """
import resource, sys
from pathlib import Path
from app.coco import export_coco
from app.errors import ExportFault
from app.formats import coco_file
from app.project import Project

project = Project.open(Path(sys.argv[1]))
write = coco_file._write

def limited(*arguments):
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, resource.RLIM_INFINITY))
    return write(*arguments)

coco_file._write = limited
try:
    export_coco(project, Path(sys.argv[2]))
except ExportFault as fault:
    print(fault)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_real_limit_on_the_size_of_files_leaves_the_old_file(project: Project) -> None:
    out = old_file(project)
    project.close()
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, str(project.folder), str(out)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    assert "File too large" in run.stdout, run.stderr
    assert is_untouched(out)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_fault_after_writing_leaves_the_old_file(
    project: Project, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    out = old_file(project)

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(ExportFault, match="Input/output error"):
        export_coco(project, out)
    assert is_untouched(out)


def test_a_file_that_fails_its_check_is_not_put_in_place(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = old_file(project)
    encode = coco_file._dump
    monkeypatch.setattr(
        coco_file, "_dump", lambda value: encode({**value, "area": 1} if "area" in (value or {}) else value)
    )
    with pytest.raises(ExportFault, match="its check failed: annotation 1: area or box is not its mask's"):
        export_coco(project, out)
    assert is_untouched(out)


def test_a_cancelled_export_leaves_the_old_file(project: Project) -> None:
    out = old_file(project)
    with pytest.raises(ExportFault, match="cancelled; the old file"):
        export_coco(project, out, cancelled=lambda: True)
    assert is_untouched(out)


def test_a_folder_that_cannot_be_written_is_told(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ExportFault, match="No such file or directory"):
        export_coco(project, tmp_path / "none" / "out.json")
    with pytest.raises(ExportFault, match="got a folder; add a name"):
        export_coco(project, tmp_path)
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked").chmod(0o500)
    if os.access(tmp_path / "locked", os.W_OK):  # root may write anywhere but here
        with pytest.raises(ExportFault, match="free space or choose another place"):
            export_coco(project, Path("/proc/out.json"))
    else:
        with pytest.raises(ExportFault, match="Permission denied"):
            export_coco(project, tmp_path / "locked" / "out.json")


def test_an_imported_file_is_given_back_with_its_ids_and_fields(project: Project) -> None:
    content = dataset(
        [
            annotation(900000000001, 42, attributes={"a": 1}),
            annotation(5, 43, segmentation=compressed(ring()), bbox=None),
        ],
        [image(43, "a.png"), image(42, "b.png"), image(44, "c.png")],
        [{"id": 1, "name": "bird", "supercategory": "animal"}],
    )
    import_coco(project, write(project.folder, content), done=True)
    found = written(project)
    assert [(each["id"], each["file_name"]) for each in found["images"]] == [
        (42, "b.png"),
        (43, "a.png"),
        (44, "c.png"),
    ]
    assert {each["id"]: each["image_id"] for each in found["annotations"]} == {900000000001: 42, 5: 43}
    assert {each["id"]: each.get("attributes") for each in found["annotations"]}[900000000001] == {"a": 1}
    assert {"id": 1, "name": "bird", "supercategory": "animal"} in found["categories"]

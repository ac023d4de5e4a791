"""What an import keeps, changes and refuses, and that nothing is lost or doubled by it."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.annotation import Annotation, AnnotationState, ImageState
from app.coco import ImportReport, Note, export_coco, import_coco
from app.edits import Change, Edit, EditKind
from app.errors import ImportFault
from app.formats import coco_index
from app.geometry import PolygonPart, Polygons, RleMask
from app.project import Project
from tests.app.coco_files import (
    HEIGHT,
    SQUARE,
    WIDTH,
    annotation,
    compressed,
    dataset,
    image,
    make_project,
    ring,
    uncompressed,
    write,
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def annotations(project: Project) -> list[Annotation]:
    return [a for record in project.images() for a in project.document(record.id).annotations.values()]


def take(project: Project, content: dict[str, Any], **options: Any) -> ImportReport:
    return import_coco(project, write(project.folder, content), **options)


def reasons(notes: Sequence[Note]) -> dict[str, int]:
    return {note.reason: note.count for note in notes}


def states(project: Project) -> dict[str, str]:
    return {record.path: str(record.state) for record in project.images()}


def test_polygons_of_several_parts_keep_their_vertices(project: Project) -> None:
    parts = [[1.25, 2, 9, 2, 9, 8.5], [20, 10, 30, 10, 30, 20, 20, 20]]
    report = take(project, dataset([annotation(7, segmentation=parts, bbox=None, area=None)]))
    (kept,) = annotations(project)
    assert kept.geometry == Polygons(
        (
            PolygonPart(((1.25, 2.0), (9.0, 2.0), (9.0, 8.5))),
            PolygonPart(((20.0, 10.0), (30.0, 10.0), (30.0, 20.0), (20.0, 20.0))),
        )
    )
    assert kept.state is AnnotationState.ACCEPTED
    assert (report.annotations, report.changed, report.refused) == (1, (), ())


@pytest.mark.parametrize("form", [compressed, uncompressed])
def test_run_lengths_of_both_kinds_are_the_same_mask(project: Project, form: Any) -> None:
    take(project, dataset([annotation(1, segmentation=form(ring()), bbox=None)]))
    (kept,) = annotations(project)
    assert kept.geometry == RleMask(WIDTH, HEIGHT, compressed(ring())["counts"].encode())
    assert (kept.area, kept.bbox) == (ring().sum(), (11.0, 6.0, 19.0, 19.0))


def test_crowds_scores_and_unknown_fields_are_kept(project: Project) -> None:
    one = annotation(1, iscrowd=1, segmentation=uncompressed(ring()), bbox=None, score=0.5)
    take(project, dataset([{**one, "attributes": {"occluded": True}, "track_id": 4, "w": math.nan}]))
    (kept,) = annotations(project)
    assert (kept.is_crowd, kept.score) == (True, 0.5)
    assert json.loads(kept.extra) == {"attributes": {"occluded": True}, "track_id": 4, "w": None}


def test_image_id_0_and_category_ids_with_gaps_and_0_are_kept(project: Project) -> None:
    content = dataset(
        [annotation(3, image_id=0, category_id=0), annotation(4, image_id=0, category_id=90)],
        [image(0, "a.png")],
        [{"id": 90, "name": "z"}, {"id": 0, "name": "y"}],
    )
    report = take(project, content, done=True)
    assert {each.id: each.name for each in project.categories()} == {90: "z", 0: "y"}
    export_coco(project, project.folder / "out.json")
    written = json.loads((project.folder / "out.json").read_text())
    assert [each["id"] for each in written["images"]] == [0]
    assert [(each["id"], each["category_id"]) for each in written["annotations"]] == [(3, 0), (4, 90)]
    assert report.changed == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"category_id": 5}, "category_id that is no category of the file"),
        ({"category_id": "cat"}, "category_id that is no category of the file"),
        ({"image_id": 99}, "image_id of no usable image"),
        ({"image_id": None}, "image_id that is not a whole number"),
        ({"segmentation": [[1, 2, 3, 4]]}, "polygon with fewer than 3 points"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "polygon with an odd number of coordinates"),
        ({"segmentation": [[1, 2, 3, 4, math.nan, 6]]}, "polygon with a coordinate that is not a number"),
        ({"segmentation": [[1, 2, 3, 4, math.inf, 6]]}, "polygon with a coordinate that is not a number"),
        ({"segmentation": [[1, 2, 3, 4, 10**400, 6]]}, "polygon with a coordinate that is not a number"),
        ({"segmentation": [[1, 2, 3, 4, "5", 6]]}, "polygon that is not a list of numbers"),
        ({"segmentation": [[0, 0, 1e9, 0, 0, 1e9]]}, "polygon with an outline of more than 4000000 pixels"),
        ({"segmentation": [[1e8, 0, 1e8 + 5, 0, 1e8, 5]]}, "polygon that is far from any image"),
        ({"segmentation": [[-9, -9, -5, -9, -5, -5]]}, "covers no pixel of the image"),
        ({"segmentation": "mask.png"}, "segmentation of an unknown form (str)"),
        (
            {"segmentation": [], "bbox": [1, 2, -3, 4]},
            "neither a segmentation nor a box with a positive size",
        ),
        (
            {"segmentation": None, "bbox": [1, 2, 0, 4]},
            "neither a segmentation nor a box with a positive size",
        ),
        (
            {"segmentation": None, "bbox": [1, math.nan, 3, 4]},
            "neither a segmentation nor a box with a positive size",
        ),
        ({"segmentation": None, "bbox": None}, "neither a segmentation nor a box with a positive size"),
        ({"segmentation": {"size": [99, 9], "counts": "0"}}, "run-length mask whose size is not its image's"),
        ({"segmentation": {"counts": [1200]}}, "run-length mask whose size is not its image's"),
        (
            {"segmentation": {"size": [HEIGHT, WIDTH], "counts": [0, 10**9]}},
            "run-length mask that does not fit its image",
        ),
        (
            {"segmentation": {"size": [HEIGHT, WIDTH], "counts": [1300, -200, 100]}},
            "run-length mask that does not fit its image",
        ),
        (
            {"segmentation": {"size": [HEIGHT, WIDTH], "counts": "PPYo0P"}},
            "run-length mask that does not fit its image",
        ),
        ({"segmentation": {"size": [HEIGHT, WIDTH]}}, "run-length mask that does not fit its image"),
    ],
)
def test_an_unusable_annotation_is_refused_in_words_and_its_neighbour_kept(
    project: Project, change: dict[str, Any], reason: str
) -> None:
    report = take(project, dataset([annotation(1, **change), annotation(2)]))
    assert reasons(report.refused) == {reason: 1}
    assert (report.annotations, report.annotations_refused) == (1, 1)
    assert [each.bbox for each in annotations(project)] == [(5.0, 5.0, 10.0, 10.0)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"segmentation": []}, "no segmentation: its box taken as a rectangle"),
        ({"segmentation": None}, "no segmentation: its box taken as a rectangle"),
        ({"segmentation": SQUARE}, "polygon that is not in a list of polygons: taken as one"),
        ({"segmentation": [SQUARE, [1, 2]]}, "part left out: polygon with fewer than 3 points"),
        ({"bbox": [1, 2, -3, 4]}, "box that is no box (negative, zero or not numbers): taken from the mask"),
        (
            {"bbox": [1, math.inf, 3, 4]},
            "box that is no box (negative, zero or not numbers): taken from the mask",
        ),
        ({"bbox": [0, 0, 30, 30]}, "box more than 2 pixels off its mask: taken from the mask"),
        ({"id": 0}, "id 0 or below, which evaluators misread: given a new one"),
        ({"id": None}, "no usable id: given one"),
        ({"id": "x"}, "no usable id: given one"),
        ({"id": 2}, "id that stands twice: the later one given a new one"),
        ({"score": 7}, "score that is no number from 0 to 1: left out"),
        ({"iscrowd": 5}, "iscrowd that is neither 0 nor 1: taken as 0"),
    ],
)
def test_what_can_be_mended_is_kept_and_told(project: Project, change: dict[str, Any], reason: str) -> None:
    report = take(
        project,
        dataset([annotation(2, segmentation=[[20, 20, 25, 20, 25, 25]], bbox=None), annotation(1, **change)]),
    )
    assert reasons(report.changed) == {reason: 1}
    assert report.annotations == 2
    assert annotations(project)[1].bbox == (5.0, 5.0, 10.0, 10.0)
    assert annotations(project)[1].area == 100


def test_the_report_names_the_first_examples(project: Project) -> None:
    report = take(project, dataset([annotation(n, category_id=9) for n in range(1, 9)]))
    (note,) = report.refused
    assert note.count == 8
    assert note.examples[:2] == ("annotation 1 (9)", "annotation 2 (9)")
    assert "0 of 8 annotations imported" in report.lines()[0]
    assert any("8 x category_id" in line for line in report.lines())
    assert json.loads(json.dumps(report.as_dict()))["refused"][0]["count"] == 8


def test_the_same_file_twice_doubles_nothing(project: Project) -> None:
    content = dataset(
        [annotation(1), annotation(2), annotation(3, segmentation=compressed(ring()), bbox=None)]
    )
    take(project, content)
    again = take(project, content)
    assert (again.annotations, again.already_there, again.changed, again.refused) == (0, 3, (), ())
    assert len(annotations(project)) == 3
    assert len(project.document(project.images()[0].id)._undo) == 1


def test_work_that_the_model_proposes_too_is_accepted_not_left_open(project: Project) -> None:
    content = dataset(
        [annotation(1) | {"score": 0.9}, annotation(2, segmentation=compressed(ring()), bbox=None)]
    )
    take(project, content, scores_are_proposals=True)
    offered, _ = annotations(project)
    assert offered.state is AnnotationState.PROPOSED
    again = take(project, content)
    assert (again.annotations, again.already_there) == (1, 1)
    assert [each.state for each in annotations(project)] == [AnnotationState.ACCEPTED] * 2
    assert annotations(project)[0].id == offered.id
    assert take(project, content).already_there == 2


def test_what_was_corrected_or_rejected_since_does_not_come_back(project: Project) -> None:
    content = dataset([annotation(1), annotation(2, segmentation=[[20, 20, 30, 20, 30, 29]], bbox=None)])
    take(project, content)
    document = project.document(project.images()[0].id)
    first, second = document.annotations.values()
    corrected = Annotation(
        **{name: getattr(first, name) for name in first.__slots__}
        | {"state": AnnotationState.CORRECTED, "bbox": (5.0, 5.0, 9.0, 10.0), "geometry": second.geometry}
    )
    rejected = Annotation(
        **{name: getattr(second, name) for name in second.__slots__} | {"state": AnnotationState.REJECTED}
    )
    changes = (Change(first, corrected), Change(second, rejected))
    document.apply(Edit(EditKind.BATCH, document.image.id, changes))
    assert take(project, content).already_there == 2


def test_another_file_with_the_same_ids_is_taken_with_new_ones(project: Project) -> None:
    take(project, dataset([annotation(1)]), done=True)
    other = dataset([annotation(1, category_id=2)], categories=[{"id": 2, "name": "dog"}])
    report = take(project, other, done=True)
    assert reasons(report.changed) == {"id that another annotation of the project has: given a new one": 1}
    export_coco(project, project.folder / "out.json")
    written = json.loads((project.folder / "out.json").read_text())["annotations"]
    assert [each["id"] for each in written] == [1, 2]


def test_images_with_annotations_are_in_progress_and_with_done_all_are_done(project: Project) -> None:
    content = dataset([annotation(1)], [image(1, "a.png"), image(2, "b.png")])
    take(project, content)
    assert states(project) == {"a.png": "in progress", "b.png": "new", "c.png": "new"}
    take(project, content, done=True)
    assert states(project) == {"a.png": "done", "b.png": "done", "c.png": "new"}


def test_a_done_image_with_new_annotations_is_in_progress_again(project: Project) -> None:
    take(project, dataset([annotation(1)]), done=True)
    more = dataset([annotation(1), annotation(2, segmentation=compressed(ring()), bbox=None)])
    report = take(project, more)
    assert reasons(report.changed) == {"image that was done has new annotations: in progress again": 1}
    assert states(project)["a.png"] == "in progress"


def test_scores_are_proposals_when_asked(project: Project) -> None:
    content = dataset([annotation(1, score=0.25), annotation(2, segmentation=compressed(ring()), bbox=None)])
    take(project, content, scores_are_proposals=True)
    assert [str(each.state) for each in annotations(project)] == ["proposed", "accepted"]
    assert annotations(project)[0].score == 0.25


def test_an_import_is_one_undoable_edit_of_each_image(project: Project) -> None:
    take(project, dataset([annotation(1), annotation(2)]))
    document = project.document(project.images()[0].id)
    assert document.undo_label == "import"
    document.undo()
    assert (len(document.annotations), document.state) == (0, ImageState.NEW)
    document.redo()
    assert len(document.annotations) == 2


def test_a_category_of_the_same_name_keeps_the_projects_id(project: Project) -> None:
    project.add_category("cat")
    project.add_category("dog")
    categories = [{"id": 7, "name": "cat"}, {"id": 2, "name": "cow"}, {"id": 5, "name": "cow"}]
    report = take(
        project, dataset([annotation(1, category_id=7), annotation(2, category_id=5)], categories=categories)
    )
    assert {each.name: each.id for each in project.categories()} == {"cat": 1, "dog": 2, "cow": 8}
    assert [each.category_id for each in annotations(project)] == [1, 8]
    assert set(reasons(report.changed)) == {
        "category with another id in the project: found by its name",
        "category whose id the project uses for another: given a new one",
        "category name that several ids have: taken as one",
    }


def test_ids_of_removed_categories_stay_theirs(project: Project) -> None:
    for name in ("cat", "dog"):
        project.remove_category(project.add_category(name).id)
    take(project, dataset([], categories=[{"id": 9, "name": "cat"}, {"id": 2, "name": "cow"}]))
    assert {each.name: each.id for each in project.categories()} == {"cat": 1, "cow": 10}


def test_only_the_categories_asked_for_are_taken(project: Project) -> None:
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    content = dataset([annotation(1), annotation(2, category_id=2)], categories=categories)
    report = take(project, content, categories=["dog"])
    assert reasons(report.refused) == {"category that was not asked for": 1}
    assert [each.name for each in project.categories()] == ["dog"]


def test_a_file_of_which_no_annotation_is_taken_leaves_no_category(project: Project) -> None:
    content = dataset([annotation(1, image_id=99)], categories=[{"id": 1, "name": "cat"}])
    report = take(project, content)
    assert project.categories() == []
    assert (report.annotations_refused, report.categories_added, report.categories_left) == (1, (), ("cat",))
    assert "no category was added, since no annotation was taken: cat" in report.lines()


@pytest.mark.parametrize("done", [True, False])
def test_refused_annotations_leave_none_where_images_are_marked_done_either(
    project: Project, done: bool
) -> None:
    report = take(project, dataset([annotation(1, segmentation=[[1, 1]], bbox=None)]), done=done)
    assert report.annotations == 0
    assert project.categories() == []


def test_a_file_without_annotations_brings_its_categories(project: Project) -> None:
    report = take(project, dataset([], categories=[{"id": 3, "name": "cat"}]))
    assert [(each.id, each.name) for each in project.categories()] == [(3, "cat")]
    assert (report.categories_added, report.categories_left) == (("cat",), ())


def test_faulty_images_and_categories_are_told(project: Project) -> None:
    content = dataset(
        [annotation(1), annotation(2, image_id=4), "x"],
        [
            image(1, "a.png"),
            image(1, "a.png"),
            image(4, "b.png"),
            image(4, "c.png"),
            {"id": 8},
            5,
            image(9, "gone.png"),
        ],
        [{"id": 1, "name": "cat"}, {"id": 1, "name": "dog"}, {"id": 3}, {"name": "cow"}],
    )
    report = take(project, content)
    assert reasons(report.refused) == {
        "image id that stands for several files": 1,
        "image without a file_name": 1,
        "image whose id is not a whole number": 1,
        "category id that stands twice: the first counts": 1,
        "category without a name": 1,
        "category whose id is not a whole number": 1,
        "image that is not in the project": 1,
        "image_id of no usable image": 1,
        "not an object": 1,
    }
    assert reasons(report.changed) == {"image that is listed twice: taken once": 1}
    assert report.annotations == 1


def test_annotations_of_an_image_that_is_not_there_are_counted(project: Project) -> None:
    content = dataset(
        [annotation(1, 2), annotation(2, 2), annotation(3)], [image(1, "a.png"), image(2, "none.png")]
    )
    report = take(project, content)
    assert reasons(report.refused) == {"image that is not in the project": 1, "its image was refused": 2}
    assert (report.annotations, report.annotations_refused) == (1, 2)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("sub/a.png", "sub/a.png"),
        ("./sub/a.png", "sub/a.png"),
        ("sub\\a.png", "sub/a.png"),
        ("train/sub/a.png", "sub/a.png"),
        ("elsewhere/b.png", "b.png"),
        ("u\u0308.png", "\u00fc.png"),
        ("other/a.png", None),
        ("a.png", None),
        ("A.png", None),
    ],
)
def test_an_image_is_found_by_its_path_then_by_its_name(tmp_path: Path, name: str, path: str | None) -> None:
    project = make_project(tmp_path, ["sub/a.png", "sub2/a.png", "b.png", "\u00fc.png"])
    take(project, dataset([annotation(1)], [image(1, name)]))
    assert [each.path for each in project.images() if each.annotation_count] == ([path] if path else [])


def test_names_may_start_at_another_folder(tmp_path: Path) -> None:
    project = make_project(tmp_path, ["train/a.png", "val/a.png"])
    file = write(project.folder, dataset([annotation(1)]))
    import_coco(project, file, project.images_dir / "val")
    assert [each.path for each in project.images() if each.annotation_count] == ["val/a.png"]


def test_two_names_that_fit_one_image_by_name_alone_are_refused(project: Project) -> None:
    content = dataset([annotation(1)], [image(1, "train/a.png"), image(2, "val/a.png")])
    report = take(project, content)
    assert reasons(report.refused) == {
        "image whose name alone fits several in the project": 2,
        "its image was refused": 1,
    }


def test_a_size_that_is_not_the_images_is_refused_in_words(project: Project) -> None:
    turned = {"id": 1, "file_name": "a.png", "width": HEIGHT, "height": WIDTH}
    other = {"id": 2, "file_name": "b.png", "width": 999, "height": WIDTH}
    report = take(project, dataset([annotation(1), annotation(2, 2)], [turned, other]))
    assert reasons(report.refused) == {
        "image that the file has unturned (width and height swapped): its camera's turn was ignored": 1,
        "image that has another size in the file": 1,
        "its image was refused": 2,
    }


def test_a_photo_turned_by_its_camera_takes_what_was_drawn_upright(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (HEIGHT, WIDTH)).save(images / "turned.jpg", exif=exif)
    project = Project.create(tmp_path / "project", images)
    project.scan()
    assert take(project, dataset([annotation(1)], [image(1, "turned.jpg")])).annotations == 1


def test_an_image_without_a_size_in_the_file_has_its_own(project: Project) -> None:
    assert take(project, dataset([annotation(1)], [{"id": 1, "file_name": "a.png"}])).annotations == 1


def test_a_missing_file_keeps_its_annotations_when_its_size_is_known(project: Project) -> None:
    project.ensure_sizes(project.images())
    (project.images_dir / "a.png").unlink()
    project.scan()
    report = take(project, dataset([annotation(1)]))
    assert report.annotations == 1
    assert reasons(report.changed) == {"image whose file is missing: its annotations are kept": 1}


def test_a_file_that_is_no_image_is_refused(project: Project) -> None:
    (project.images_dir / "a.png").write_bytes(b"no image")
    assert reasons(take(project, dataset([annotation(1)])).refused) == {
        "image that cannot be read": 1,
        "its image was refused": 1,
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "the file is empty"),
        ("{", "ends in the middle"),
        ('{"images": [], "annotations": [', "ends in the middle"),
        ('{"hello": 1}', "no categories and no images"),
        ('{"images": [], "annotations": []}', "got no categories"),
        ('{"images": {}, "categories": []}', "'images' to be a list, got dict"),
        ('[{"image_id": 1, "category_id": 1, "score": 0.5}]', "got a list"),
        ('{"shapes": [], "imagePath": "a.png"}', "expected a COCO data set"),
    ],
)
def test_a_file_that_is_not_coco_imports_nothing(project: Project, content: str, said: str) -> None:
    path = project.folder / "in.json"
    path.write_text(content)
    with pytest.raises(ImportFault, match=said) as caught:
        import_coco(project, path)
    assert "\n" not in str(caught.value)
    assert project.categories() == []


def test_a_file_cut_short_or_cancelled_leaves_the_project_as_it_was(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coco_index, "BATCH", 1)
    images = [image(1, "a.png"), image(2, "b.png"), image(3, "c.png")]
    path = write(project.folder, dataset([annotation(n, n) for n in (1, 2, 3)], images))
    answers = iter([False, False, True])  # when two images were taken
    with pytest.raises(ImportFault, match="cancelled; nothing was imported"):
        import_coco(project, path, cancelled=lambda: next(answers))
    assert list(answers) == []
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ImportFault, match="ends in the middle"):
        import_coco(project, path)
    assert (project.categories(), annotations(project)) == ([], [])
    assert set(states(project).values()) == {"new"}


def test_annotations_may_come_first_and_in_any_order_of_images(project: Project) -> None:
    content = dataset(
        [annotation(1, 2), annotation(2, 1), annotation(3, 2)], [image(1, "a.png"), image(2, "b.png")]
    )
    shuffled = {key: content[key] for key in ("annotations", "categories", "images")}
    told: list[tuple[int, int]] = []
    take(project, shuffled, progress=lambda done, total: told.append((done, total)))
    assert [each.annotation_count for each in project.images()] == [1, 2, 0]
    assert told[-1] == (3, 3)


def test_info_licences_and_image_fields_are_given_back(project: Project) -> None:
    one = dataset(
        [annotation(1)],
        [image(1, "a.png", license=4, coco_url="http://x/a.png")],
        info={"description": "mine", "year": 2026},
        licenses=[{"id": 4, "name": "CC0"}],
    )
    two = dataset(
        [], [image(2, "b.png", license=4)], info={"description": "other"}, licenses=[{"id": 4, "name": "MIT"}]
    )
    take(project, one, done=True)
    report = take(project, two, done=True)
    export_coco(project, project.folder / "out.json")
    written = json.loads((project.folder / "out.json").read_text())
    assert written["info"] == {"description": "mine", "year": 2026}
    assert written["licenses"] == [{"id": 4, "name": "CC0"}, {"id": 5, "name": "MIT"}]
    assert [each.get("license") for each in written["images"]] == [4, 5]
    assert written["images"][0]["coco_url"] == "http://x/a.png"
    assert reasons(report.changed) == {"info of another file is there: that is kept": 1}


def test_a_huge_run_never_reaches_pycocotools(project: Project) -> None:
    overrun = {"size": [HEIGHT, WIDTH], "counts": "0" + "o" * 6 + "0"}
    report = take(project, dataset([annotation(1, segmentation=overrun, bbox=None)]))
    assert report.annotations_refused == 1
    assert np.all([each.geometry is not None for each in annotations(project)])

"""Measuring a project: kept predictions first, others from the model, resumed, stopped, told of failures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.annotation import ImageId, ImageState
from app.ceilings import STATES, measure_project, read_instances, with_found
from app.edits import add
from app.inference import Inference
from app.predictions import of_project
from app.project import Project
from tests.app.fake_host import prediction_of
from tests.builders import box_mask, make_annotation, make_project

COUNT = 5


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Each image has two rectangles that a person drew."""
    made = make_project(tmp_path, images=COUNT)
    for record in made.images():
        document = made.document(record.id)
        shapes = (box_mask(10, 8, 20, 12), box_mask(40, 8, 30, 40))
        document.apply(add(record.id, [make_annotation(document, shape) for shape in shapes]))
    yield made
    made.close()


def ids(project: Project) -> list[ImageId]:
    return [each.id for each in project.images()]


def known(project: Project) -> int:
    return sum(each.ceiling is not None for each in read_instances(project, "fake"))


def test_every_instance_is_measured_and_kept(project: Project, inference: Inference) -> None:
    told: list[tuple[int, int]] = []
    progress = lambda done, total: told.append((done, total))  # noqa: E731
    report = measure_project(project, "fake", inference, ids(project), progress=progress)
    assert (report.images, report.instances, report.failed) == (COUNT, 2 * COUNT, ())
    assert told == [(done, COUNT) for done in range(COUNT + 1)]
    project.close()
    again = Project.open(project.folder)
    found = [each.ceiling for each in read_instances(again, "fake")]
    assert all(each is not None and 0 <= each.alone <= each.helped <= 1 for each in found)
    assert any(each is not None and each.alone < each.helped for each in found)
    again.close()


def test_without_a_model_only_kept_predictions_are_used(project: Project) -> None:
    record = project.images()[1]
    of_project(project).save(record.content_key, prediction_of(Path("x")))
    report = measure_project(project, "fake", None, ids(project))
    assert (report.images, report.instances, report.waiting) == (1, 2, COUNT - 1)
    assert "4 images wait for a prediction" in report.words()
    assert known(project) == 2


def test_predictions_that_were_made_are_kept(project: Project, inference: Inference) -> None:
    measure_project(project, "fake", inference, ids(project)[:1])
    assert of_project(project).load(project.images()[0].content_key, "fake") is not None


def test_what_was_stopped_goes_on_where_it_was(project: Project, inference: Inference) -> None:
    report = measure_project(project, "fake", inference, ids(project), cancelled=lambda: known(project) >= 3)
    assert report.cancelled
    assert 0 < known(project) < 2 * COUNT
    before = known(project)
    again = measure_project(project, "fake", inference, ids(project))
    assert again.instances == 2 * COUNT - before
    assert known(project) == 2 * COUNT


@pytest.mark.parametrize("name", ["bad.png", "kill.png"])
def test_a_file_that_fails_is_told_and_the_rest_goes_on(
    project: Project, inference: Inference, name: str
) -> None:
    record = project.images()[2]
    (project.images_dir / record.path).rename(project.images_dir / name)
    project.store.update_image(record.id, path=name)
    report = measure_project(project, "fake", inference, ids(project))
    assert [each.image for each in report.failed] == [name]
    assert report.images == COUNT - 1
    assert name in report.words()


def test_a_file_that_is_gone_is_told(project: Project, inference: Inference) -> None:
    (project.images_dir / "0.jpg").unlink()
    project.scan()
    report = measure_project(project, "fake", inference, ids(project)[:2])
    assert (report.images, [each.image for each in report.failed]) == (1, ["0.jpg"])


def test_weights_without_a_name_leave_nothing(project: Project, inference: Inference) -> None:
    report = measure_project(project, "", inference, ids(project))
    assert len(report.found) == 2 * COUNT
    assert known(project) == 0
    assert of_project(project).load(project.images()[0].content_key, "fake") is None
    found = with_found(read_instances(project, ""), report.found)
    assert all(each.ceiling is not None for each in found)


def test_skipped_images_are_left_out(project: Project) -> None:
    assert ImageState.SKIPPED not in STATES
    assert len(read_instances(project, "fake", [ImageState.IN_PROGRESS])) == 2 * COUNT
    assert read_instances(project, "fake", [ImageState.DONE]) == []

"""Pre-labelling a project: progress, cancel and resume, failures that stop nothing, open documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.annotation import AnnotationState, ImageState
from app.bulk import DEATHS
from app.edits import Edit, set_image_state
from app.errors import HostError, InputError
from app.inference import Inference
from app.prelabel import prelabel_project
from app.project import Project
from tests.app import fake_host
from tests.app.fake_host import SERVE
from tests.app.projects import make_project

COUNT = 6


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = make_project(tmp_path, COUNT)
    yield made
    made.close()


def states(project: Project) -> list[ImageState]:
    return [each.state for each in project.images()]


def rename(project: Project, number: int, name: str) -> None:
    """Give an image a name that the fake model reacts to, and have it found again."""
    record = project.images()[number]
    project.image_path(record.id).rename(project.images_dir / name)
    project.scan()


def test_every_image_gets_its_proposals(project: Project, inference: Inference) -> None:
    told: list[tuple[int, int]] = []
    report = prelabel_project(project, inference, progress=lambda done, total: told.append((done, total)))
    assert (report.done, report.proposals, report.failed, report.cancelled) == (COUNT, COUNT, (), False)
    assert states(project) == [ImageState.PRELABELLED] * COUNT
    assert told == [(done, COUNT) for done in range(COUNT + 1)]


def test_a_second_run_has_nothing_to_do(project: Project, inference: Inference) -> None:
    prelabel_project(project, inference)
    report = prelabel_project(project, inference)
    assert (report.done, report.skipped) == (0, COUNT)


def test_asked_to_it_runs_again_from_the_cache(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = tmp_path / "order.txt"
    monkeypatch.setenv(fake_host.ORDER, str(order))
    with Inference(Path("w"), serve=SERVE) as inference:
        prelabel_project(project, inference)
        report = prelabel_project(project, inference, again=True)
    assert report.done == COUNT
    assert len(order.read_text().split()) == COUNT


def test_what_was_stopped_goes_on_where_it_was(project: Project, inference: Inference) -> None:
    seen: list[int] = []
    first = prelabel_project(
        project, inference, progress=lambda done, _: seen.append(done), cancelled=lambda: len(seen) > 2
    )
    assert (first.cancelled, first.done) == (True, 2)
    second = prelabel_project(project, inference)
    assert (second.done, second.skipped) == (COUNT - 2, 2)
    assert states(project) == [ImageState.PRELABELLED] * COUNT


def test_finished_images_are_left_alone(project: Project, inference: Inference) -> None:
    for number, state in enumerate((ImageState.DONE, ImageState.SKIPPED, ImageState.IN_PROGRESS)):
        document = project.document(project.images()[number].id)
        document.apply(set_image_state(document.image.id, document.state, state))
    report = prelabel_project(project, inference)
    assert (report.done, report.skipped) == (COUNT - 3, 3)
    assert prelabel_project(project, inference, again=True).done == COUNT - 2
    assert states(project)[:3] == [ImageState.DONE, ImageState.SKIPPED, ImageState.IN_PROGRESS]


def test_only_what_was_named_is_run(project: Project, inference: Inference) -> None:
    named = [project.images()[number].id for number in (1, 4)]
    assert prelabel_project(project, inference, named).done == 2
    assert [number for number, state in enumerate(states(project)) if state is ImageState.PRELABELLED] == [
        1,
        4,
    ]


@pytest.mark.parametrize("name", ["bad.png", "kill.png"])
def test_a_file_that_fails_is_listed_and_the_rest_goes_on(
    project: Project, inference: Inference, name: str
) -> None:
    rename(project, 2, name)
    report = prelabel_project(project, inference)
    assert report.done == COUNT - 1
    assert [each.image for each in report.failed] == [name]
    assert "1 failed" in report.words()


def test_a_model_that_dies_on_everything_stops_the_run(tmp_path: Path) -> None:
    project = make_project(tmp_path, DEATHS + 2)
    for number in range(DEATHS + 2):
        (project.images_dir / f"{number:02}.png").rename(project.images_dir / f"kill{number}.png")
    project.scan()
    with (
        Inference(Path("w"), serve=SERVE) as inference,
        pytest.raises(HostError, match="in a row"),
    ):
        prelabel_project(project, inference)
    project.close()


def test_weights_that_cannot_be_loaded_change_nothing(project: Project) -> None:
    with Inference(Path("bad"), serve=SERVE) as inference, pytest.raises(InputError):
        prelabel_project(project, inference)
    assert states(project) == [ImageState.NEW] * COUNT


def test_a_document_that_is_open_is_the_one_that_changes(project: Project, inference: Inference) -> None:
    open_document = project.document(project.images()[0].id)
    heard: list[Edit] = []
    open_document.changed.connect(heard.append)
    prelabel_project(
        project,
        inference,
        document_for=lambda image_id: open_document if image_id == open_document.image.id else None,
    )
    assert len(heard) == 1
    assert [each.state for each in open_document.annotations.values()] == [AnnotationState.PROPOSED]


def test_documents_are_used_where_the_caller_says(project: Project, inference: Inference) -> None:
    calls = []

    def here(work: object) -> object:
        assert callable(work)
        calls.append(work)
        return work()

    prelabel_project(project, inference, on_project_thread=here)
    assert len(calls) == COUNT + 2  # the list of images, what is to be done, each image

"""Proposals: what is offered, what is kept away, and that a person's work is never touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.annotation import Annotation, AnnotationState, ImageState
from app.document import ImageDocument
from app.edits import EditKind, change
from app.project import Project
from app.proposals import candidates, categories_for, offer, proposals
from tests.app.projects import make_project, prediction

LEFT, RIGHT = (4, 4, 30, 50), (45, 4, 75, 50)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = make_project(tmp_path)
    yield made
    made.close()


@pytest.fixture
def document(project: Project) -> ImageDocument:
    return project.document(project.images()[0].id)


def set_state(document: ImageDocument, annotation: Annotation, state: AnnotationState) -> Annotation:
    after = replace(annotation, state=state)
    document.apply(change(EditKind.BATCH, document.image.id, [(annotation, after)]))
    return after


def only(document: ImageDocument) -> Annotation:
    (annotation,) = document.annotations.values()
    return annotation


def names(project: Project, document: ImageDocument) -> list[str]:
    by_id = {each.id: each.name for each in project.categories()}
    return sorted(by_id[each.category_id] for each in document.annotations.values())


def test_detections_become_proposals_with_all_they_came_from(
    project: Project, document: ImageDocument
) -> None:
    offer(project, document, prediction(("cat", 0.9, LEFT)))
    annotation = only(document)
    assert annotation.state is AnnotationState.PROPOSED
    assert annotation.score == pytest.approx(0.9)
    assert annotation.origin is not None
    assert annotation.origin.model_version == "m1"
    assert annotation.origin.box == pytest.approx((4, 4, 26, 46))
    assert annotation.origin.coefficients == (8.0,)
    x, y, w, h = annotation.bbox
    assert (x, y, x + w, y + h) == pytest.approx(LEFT, abs=2)
    assert annotation.area == w * h
    assert document.state is ImageState.PRELABELLED


def test_doubtful_detections_are_kept_with_their_score(project: Project, document: ImageDocument) -> None:
    offer(
        project, document, prediction(("cat", 0.9, LEFT), ("cat", 0.06, RIGHT), ("cat", 0.04, (0, 0, 9, 9)))
    )
    assert sorted(each.score or 0 for each in document.annotations.values()) == pytest.approx([0.06, 0.9])


def test_an_image_in_which_nothing_was_found_is_prelabelled_too(
    project: Project, document: ImageDocument
) -> None:
    assert offer(project, document, prediction()) is not None
    assert document.state is ImageState.PRELABELLED
    assert offer(project, document, prediction()) is None


def test_a_detection_without_a_pixel_is_not_offered() -> None:
    assert candidates(prediction(("cat", 0.9, (400, 400, 500, 500)))) == []


@pytest.mark.parametrize(
    "state", [AnnotationState.ACCEPTED, AnnotationState.CORRECTED, AnnotationState.DRAWN]
)
def test_what_a_person_did_stays_and_is_not_offered_again(
    project: Project, document: ImageDocument, state: AnnotationState
) -> None:
    offer(project, document, prediction(("cat", 0.9, LEFT)))
    done = set_state(document, only(document), state)
    offer(project, document, prediction(("cat", 0.8, LEFT), ("cat", 0.7, RIGHT), version="m2"))
    assert document.annotations[done.id] == done
    others = [each for each in document.annotations.values() if each.id != done.id]
    assert [each.score for each in others] == [pytest.approx(0.7)]


@pytest.mark.parametrize(
    ("category", "rectangle", "offered"),
    [
        ("cat", (4, 4, 30, 50), False),  # the same
        ("cat", (4, 4, 30, 32), False),  # 28 of 46 rows: IoU .61
        ("cat", (4, 4, 30, 22), True),  # 18 of 46 rows: IoU .39
        ("dog", (4, 4, 30, 50), False),  # the same, named otherwise
        ("dog", (4, 4, 30, 36), True),  # 32 of 46 rows: IoU .70
    ],
)
def test_how_much_of_a_persons_annotation_keeps_a_detection_away(
    project: Project,
    document: ImageDocument,
    category: str,
    rectangle: tuple[int, int, int, int],
    offered: bool,
) -> None:
    offer(project, document, prediction(("cat", 0.9, LEFT)))
    set_state(document, only(document), AnnotationState.ACCEPTED)
    offer(project, document, prediction((category, 0.8, rectangle)))
    assert (len(document.annotations) == 2) is offered


def test_a_rejected_proposal_does_not_come_back(project: Project, document: ImageDocument) -> None:
    offer(project, document, prediction(("cat", 0.9, LEFT)))
    set_state(document, only(document), AnnotationState.REJECTED)
    for version in ("m1", "m2"):
        offer(project, document, prediction(("cat", 0.95, (5, 4, 31, 50)), version=version))
    assert only(document).state is AnnotationState.REJECTED


def test_rejecting_a_wrong_name_does_not_keep_the_right_one_away(
    project: Project, document: ImageDocument
) -> None:
    offer(project, document, prediction(("cat", 0.9, LEFT)))
    set_state(document, only(document), AnnotationState.REJECTED)
    offer(project, document, prediction(("dog", 0.9, LEFT)))
    assert names(project, document) == ["cat", "dog"]


def test_running_again_replaces_untouched_proposals_in_one_undoable_step(
    project: Project, document: ImageDocument
) -> None:
    offer(project, document, prediction(("cat", 0.9, LEFT), ("dog", 0.5, RIGHT)))
    before = dict(document.annotations)
    offer(project, document, prediction(("cat", 0.7, LEFT), version="m2"))
    assert only(document).origin is not None
    assert only(document).origin.model_version == "m2"  # type: ignore[union-attr]
    document.undo()
    assert dict(document.annotations) == before
    document.redo()
    assert only(document).score == pytest.approx(0.7)


def test_the_same_prediction_again_changes_nothing(project: Project, document: ImageDocument) -> None:
    found = prediction(("cat", 0.9, LEFT), ("dog", 0.5, RIGHT))
    offer(project, document, found)
    assert offer(project, document, found) is None


@pytest.mark.parametrize("state", [ImageState.IN_PROGRESS, ImageState.DONE, ImageState.SKIPPED])
def test_the_state_that_a_person_gave_an_image_stays(
    project: Project, document: ImageDocument, state: ImageState
) -> None:
    from app.edits import set_image_state

    document.apply(set_image_state(document.image.id, document.state, state))
    offer(project, document, prediction(("cat", 0.9, LEFT)))
    assert document.state is state


def test_categories_are_found_by_name_and_made_when_missing(
    project: Project, document: ImageDocument
) -> None:
    found = prediction(("Cat", 0.9, LEFT), ("cow", 0.8, RIGHT), categories=("Cat", "cow"))
    offer(project, document, found)
    assert names(project, document) == ["cat", "cow"]
    assert [each.name for each in project.categories()] == ["cat", "dog", "cow"]


def test_the_doubts_of_a_model_make_no_categories(project: Project, document: ImageDocument) -> None:
    offer(project, document, prediction(("cow", 0.07, LEFT), ("cat", 0.07, RIGHT)))
    assert names(project, document) == ["cat"]
    assert [each.name for each in project.categories()] == ["cat", "dog"]


def test_nothing_of_an_edit_depends_on_the_order_of_the_document(
    project: Project, document: ImageDocument
) -> None:
    found = candidates(prediction(("cat", 0.9, LEFT), ("dog", 0.5, RIGHT)))
    edit = proposals(found, document, categories_for(project, found))
    assert edit is not None
    assert edit.kind is EditKind.PRELABEL
    assert [each.after.score for each in edit.changes if each.after] == pytest.approx([0.9, 0.5])

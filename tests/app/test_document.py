"""Edits, undo and redo, in memory and on disk."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import edits
from app.annotation import AnnotationState, CategoryId, ImageState
from app.document import ImageDocument, StaleEdit
from app.edits import Edit, EditKind
from app.project import Project
from tests.builders import box_mask, make_annotation, make_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = make_project(tmp_path)
    yield project
    project.close()


def first(project: Project) -> ImageDocument:
    return project.document(project.images()[0].id)


def draw(document: ImageDocument, left: int = 5) -> Edit:
    return document.apply(edits.add(document.image.id, [make_annotation(document, box_mask(left, 5, 10, 8))]))


def test_an_edit_is_there_after_opening_again(project: Project) -> None:
    document = first(project)
    draw(document)
    assert first(project).annotations == document.annotations


def test_undo_and_redo_reach_back_over_a_restart(project: Project) -> None:
    document = first(project)
    draw(document, 5)
    draw(document, 30)
    folder = project.folder
    project.close()
    again = Project.open(folder)
    reopened = first(again)
    reopened.undo()
    reopened.undo()
    assert not reopened.annotations
    assert not reopened.can_undo
    third = first(again)
    third.redo()
    third.redo()
    assert len(first(again).annotations) == 2
    again.close()


def test_a_new_edit_after_an_undo_ends_the_redo(project: Project) -> None:
    document = first(project)
    draw(document)
    document.undo()
    draw(document)
    assert not first(project).can_redo
    assert len(first(project).annotations) == 1


def test_the_first_edit_puts_the_image_in_progress_and_undo_takes_it_back(project: Project) -> None:
    document = first(project)
    draw(document)
    assert project.images()[0].state is ImageState.IN_PROGRESS
    document.undo()
    assert project.images()[0].state is ImageState.NEW


def test_proposals_leave_the_state_to_the_edit(project: Project) -> None:
    document = first(project)
    proposal = make_annotation(document, box_mask(1, 1, 5, 5), state=AnnotationState.PROPOSED, score=0.7)
    edit = replace(edits.add(document.image.id, [proposal]), kind=EditKind.PRELABEL)
    document.apply(edit)
    record = project.images()[0]
    assert (record.state, record.proposal_count, record.min_score) == (ImageState.NEW, 1, 0.7)


def test_relabel_and_state_come_back_by_undo(project: Project) -> None:
    document = first(project)
    draw(document)
    (before,) = document.annotations.values()
    after = replace(before, category_id=CategoryId(2))
    document.apply(edits.change(EditKind.RELABEL, document.image.id, [(before, after)]))
    document.apply(edits.set_image_state(document.image.id, ImageState.IN_PROGRESS, ImageState.DONE))
    assert document.undo_label == "image state"
    document.undo()
    document.undo()
    assert first(project).annotations[before.id].category_id == 1


def test_an_edit_of_something_else_is_refused_and_changes_nothing(project: Project) -> None:
    document = first(project)
    draw(document)
    (before,) = document.annotations.values()
    stale = replace(before, category_id=CategoryId(2))
    with pytest.raises(StaleEdit):
        document.apply(edits.remove(document.image.id, [stale]))
    assert list(document.annotations.values()) == [before]


def test_listeners_hear_every_step(project: Project) -> None:
    document = first(project)
    heard: list[Edit] = []
    document.changed.connect(heard.append)
    edit = draw(document)
    document.undo()
    assert heard == [edit, edit.reversed()]


def test_a_failed_write_goes_back_to_what_the_disk_has(project: Project) -> None:
    document = first(project)
    on_disk = project.store.load_document(document.image.id)
    draw(document)
    document.restore(on_disk)
    assert not document.annotations
    assert document.state is ImageState.NEW


def test_ids_are_never_given_twice(project: Project) -> None:
    ids = [first(project).new_id() for _ in range(5)]
    folder = project.folder
    project.close()
    again = Project.open(folder)
    ids += [first(again).new_id() for _ in range(5)]
    again.close()
    assert len(set(ids)) == 10
    assert min(ids) >= 1

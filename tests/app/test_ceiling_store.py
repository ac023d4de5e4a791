"""Kept ceilings: they survive a restart, belong to one mask and one version, and are no edits."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import ceiling_store
from app.annotation import Annotation, AnnotationState, CategoryId, ImageState
from app.ceiling import Ceiling
from app.ceiling_store import Instance
from app.document import ImageDocument
from app.edits import Change, Edit, EditKind, add
from app.geometry import from_mask
from app.project import Project
from tests.builders import box_mask, make_annotation, make_project

FOUND = Ceiling(0.75, 0.9375)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = make_project(tmp_path, images=2)
    yield made
    made.close()


def first(project: Project) -> ImageDocument:
    return project.document(project.images()[0].id)


def drawn(
    project: Project, state: AnnotationState = AnnotationState.DRAWN
) -> tuple[ImageDocument, Annotation]:
    """A rectangle in the first image."""
    document = first(project)
    made = make_annotation(document, box_mask(10, 8, 20, 12), state=state)
    document.apply(add(document.image.id, [made]))
    return document, made


def known(project: Project, version: str = "m1") -> list[Instance]:
    return [
        each for page in ceiling_store.instances(project.store, version, list(ImageState)) for each in page
    ]


def keep(project: Project, version: str = "m1") -> None:
    ceiling_store.keep(project.store, version, [(each, FOUND) for each in known(project, version)])


def reshape(document: ImageDocument, before: Annotation) -> None:
    after = replace(before, geometry=from_mask(box_mask(10, 8, 21, 12), 80, 60), area=252.0)
    document.apply(Edit(EditKind.RESHAPE, before.image_id, (Change(before, after),)))


def test_what_is_kept_survives_a_restart_and_is_no_edit(project: Project) -> None:
    _, made = drawn(project)
    assert known(project)[0].ceiling is None
    keep(project)
    project.close()
    again = Project.open(project.folder)
    (found,) = known(again)
    assert (found.id, found.area, found.ceiling) == (made.id, 240.0, FOUND)
    document = first(again)
    document.undo()
    assert not document.can_undo
    again.close()


def test_another_mask_makes_it_stale_and_undo_brings_it_back(project: Project) -> None:
    document, made = drawn(project)
    keep(project)
    reshape(document, made)
    assert [each.ceiling for each in known(project)] == [None]
    assert [each.id for each, _ in ceiling_store.unmeasured(project.store, "m1", made.image_id)] == [made.id]
    document.undo()
    assert [each.ceiling for each in known(project)] == [FOUND]
    assert ceiling_store.unmeasured(project.store, "m1", made.image_id) == []


def test_a_removal_that_is_undone_has_its_number_again(project: Project) -> None:
    document, _ = drawn(project)
    keep(project)
    document.apply(Edit(EditKind.REMOVE, document.image.id, (Change(known_as(document), None),)))
    assert known(project) == []
    document.undo()
    assert [each.ceiling for each in known(project)] == [FOUND]


def known_as(document: ImageDocument) -> Annotation:
    return next(iter(document.annotations.values()))


def test_another_category_leaves_it(project: Project) -> None:
    document, made = drawn(project)
    keep(project)
    other = replace(made, category_id=CategoryId(2))
    document.apply(Edit(EditKind.RELABEL, made.image_id, (Change(made, other),)))
    assert [(each.category_id, each.ceiling) for each in known(project)] == [(2, FOUND)]


def test_another_version_has_its_own(project: Project) -> None:
    drawn(project)
    keep(project)
    assert [each.ceiling for each in known(project, "m2")] == [None]
    keep(project, "m2")
    keep(project)  # again: in place of the former one
    assert [each.ceiling for each in known(project)] == [FOUND]


def test_a_changed_file_makes_it_stale(project: Project) -> None:
    _, made = drawn(project)
    keep(project)
    os.utime(project.image_path(made.image_id), (1, 1))
    project.scan()
    assert [each.ceiling for each in known(project)] == [None]


def test_only_a_persons_work_is_measured(project: Project) -> None:
    drawn(project, state=AnnotationState.PROPOSED)
    drawn(project, state=AnnotationState.REJECTED)
    document = first(project)
    crowd = replace(make_annotation(document, box_mask(1, 1, 5, 5)), is_crowd=True)
    document.apply(add(document.image.id, [crowd]))
    assert known(project) == []
    drawn(project, state=AnnotationState.ACCEPTED)
    assert len(known(project)) == 1


def test_pages_and_states_of_images(project: Project) -> None:
    for _ in range(5):
        drawn(project)
    pages = list(ceiling_store.instances(project.store, "m1", [ImageState.IN_PROGRESS], chunk=2))
    assert [len(page) for page in pages] == [2, 2, 1]
    assert len({each.id for page in pages for each in page}) == 5
    assert list(ceiling_store.instances(project.store, "m1", [ImageState.DONE])) == []


def test_a_project_of_before_gets_the_table_after_a_copy(project: Project) -> None:
    drawn(project)
    project.close()
    connection = sqlite3.connect(project.folder / "project.db")
    connection.executescript("DROP TABLE ceiling; UPDATE meta SET value = '1' WHERE key = 'minor';")
    connection.close()
    again = Project.open(project.folder)
    keep(again)
    assert [each.ceiling for each in known(again)] == [FOUND]
    again.close()
    assert (project.folder / "project.db.1.1.bak").is_file()

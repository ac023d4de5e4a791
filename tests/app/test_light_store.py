"""The light way to a project's database tells what the Store tells, and leaves the rest to it."""

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import edits
from app.annotation import Annotation, AnnotationState, CategoryId, ImageId, Origin
from app.errors import StoreError
from app.light_store import LightStore
from app.project import DATABASE, Project
from app.records import DocumentData
from tests.builders import box_mask, make_annotation, make_project

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with work, proposals, undone edits, a removed category and a setting."""
    project = make_project(tmp_path)
    project.add_category("bird", color="#123456", supercategory="animal")
    project.remove_category(project.add_category("gone").id)
    project.set_setting("threshold", 0.25)
    first, second, _ = (project.document(record.id) for record in project.images())
    drawn = [make_annotation(first, box_mask(5 + n, 5, 10, 8)) for n in range(3)]
    first.apply(edits.add(first.image.id, drawn))
    first.apply(edits.remove(first.image.id, drawn[:1]))
    first.undo()
    proposed = [
        replace(
            make_annotation(second, box_mask(5, 5 + n, 10, 8)),
            state=AnnotationState.PROPOSED,
            score=0.5 + n / 8,
            origin=Origin("m1", (5.0, 5.0, 10.0, 8.0), (0.5, -1.0)),
            coefficients=(0.25, 2.0),
            extra='{"note": 1}',
        )
        for n in range(2)
    ]
    second.apply(edits.add(second.image.id, proposed))
    project.close()
    return project.folder


@pytest.fixture
def light(folder: Path) -> Iterator[LightStore]:
    light = LightStore.open(folder / DATABASE)
    assert light is not None
    yield light
    light.close()


def unpacked(data: DocumentData) -> tuple[object, ...]:
    logs = [
        [each.unpack() for each in log if not isinstance(each, edits.Edit)] for log in (data.undo, data.redo)
    ]
    return data.image, data.annotations, *logs


def change(folder: Path, statement: str) -> None:
    """As another program might."""
    with contextlib.closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as connection:
        connection.execute(statement)


def test_it_tells_what_the_store_tells(folder: Path, light: LightStore) -> None:
    project = Project.open(folder)
    store = project.store
    ids = [record.id for record in store.images()]
    assert light.images() == store.images()
    assert light.images(ids[1:]) == store.images(ids[1:])
    assert light.categories() == store.categories()
    assert [each.name for each in light.categories(removed=True)] == ["gone"]
    assert light.setting("threshold") == 0.25
    assert light.setting("none", "usual") == "usual"
    documents = [light.load_document(each) for each in ids]
    assert [unpacked(each) for each in documents] == [unpacked(store.load_document(each)) for each in ids]
    assert [(len(each.undo), len(each.redo)) for each in documents] == [(1, 1), (1, 0), (0, 0)]
    counts = [(each.annotation_count, each.proposal_count, each.mean_score) for each in light.images()]
    assert counts == [(3, 0, None), (0, 2, 0.5625), (0, 0, None)]
    project.close()


def test_ids_are_given_once_whoever_reserves_them(folder: Path, light: LightStore) -> None:
    project = Project.open(folder)
    blocks = [
        light.reserve_annotation_ids(7),
        project.store.reserve_annotation_ids(5),
        light.reserve_annotation_ids(2),
    ]
    assert [len(block) for block in blocks] == [7, 5, 2]
    assert len({each for block in blocks for each in block}) == 14
    assert min(blocks[0]) > max(each.id for each in annotations_of(project))
    project.close()


def annotations_of(project: Project) -> list[Annotation]:
    return [each for record in project.images() for each in project.document(record.id).annotations.values()]


def test_an_unknown_image_is_said(light: LightStore) -> None:
    with pytest.raises(StoreError, match="expected an image of this project, got id 99"):
        light.load_document(ImageId(99))


def test_a_fault_of_the_file_is_one_line_and_the_next_read_goes_on(folder: Path, light: LightStore) -> None:
    change(folder, "ALTER TABLE setting RENAME TO hidden")
    with pytest.raises(StoreError, match=r"the database said: no such table: setting; .+") as caught:
        light.setting("threshold")
    assert "\n" not in str(caught.value)
    assert len(light.images()) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE meta SET value = '1' WHERE key = 'minor'",
        "UPDATE meta SET value = '2' WHERE key = 'major'",
        "DELETE FROM meta WHERE key = 'minor'",
        "DROP TABLE meta",
    ],
)
def test_another_layout_is_left_to_the_store(folder: Path, statement: str) -> None:
    change(folder, statement)
    assert LightStore.open(folder / DATABASE) is None


def test_other_databases_and_unsound_files_are_left_to_the_store(folder: Path) -> None:
    assert LightStore.open("postgresql://nowhere/project") is None
    assert LightStore.open(folder / "none.db") is None
    (folder / DATABASE).write_bytes(b"no database" * 1000)
    assert LightStore.open(folder / DATABASE) is None


def test_what_a_crash_left_is_the_stores_to_take_in(folder: Path) -> None:
    (folder / f"{DATABASE}-wal").write_bytes(b"left")
    assert LightStore.open(folder / DATABASE) is None


def test_a_project_reads_and_draws_without_sqlalchemy_and_writes_with_it(folder: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from app.project import Project

project = Project.open(Path({str(folder)!r}))
class Journal:
    append = step = None
document = project.document(project.images()[0].id, Journal())
print(len(document.annotations), document.new_id() > 0, len(project.categories()), project.read_only)
print("sqlalchemy" in sys.modules)
project.set_setting("threshold", 0.75)
print("sqlalchemy" in sys.modules, project.setting("threshold"))
project.close()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.splitlines() == ["3 True 3 False", "False", "True 0.75"]


def test_a_category_that_an_undo_brings_back_is_told_though_the_store_came_later(folder: Path) -> None:
    project = Project.open(folder)
    document = project.document(project.images()[2].id)
    category = project.add_category("late")
    shape = replace(make_annotation(document, box_mask(5, 5, 9, 9)), category_id=CategoryId(category.id))
    document.apply(edits.add(document.image.id, [shape]))
    document.apply(edits.remove(document.image.id, [shape]))
    project.remove_category(category.id)
    told: list[object] = []
    project.changed.connect(told.append)
    document.undo()
    assert told == ["categories"]
    project.close()

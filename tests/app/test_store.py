"""The database: what it refuses, what outlives a removal, older layouts, faults of the disk."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from app import edits, schema
from app.annotation import AnnotationState, CategoryId, ImageState
from app.document import ImageDocument
from app.errors import ProjectError, StoreError
from app.folder_lock import FolderLock
from app.project import Project
from tests.builders import box_mask, make_annotation, make_project, write_image


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    project = make_project(tmp_path)
    yield project
    project.close()


def draw(document: ImageDocument, count: int = 1) -> None:
    shapes = [make_annotation(document, box_mask(5 + n, 5, 10, 8)) for n in range(count)]
    document.apply(edits.add(document.image.id, shapes))


def first(project: Project) -> ImageDocument:
    return project.document(project.images()[0].id)


def coco_ids(project: Project) -> dict[int, int]:
    project.store.assign_coco_ids()
    return {row["id"]: row["coco_id"] for page in project.store.iter_annotations() for row in page}


def test_an_edit_of_what_changed_meanwhile_is_refused_and_memory_is_as_it_was(project: Project) -> None:
    one, other = first(project), first(project)
    draw(one)
    (annotation,) = one.annotations.values()
    late = first(project)
    one.apply(edits.remove(one.image.id, [annotation]))
    with pytest.raises(StoreError, match="changed meanwhile"):
        late.apply(edits.remove(late.image.id, [annotation]))
    assert list(late.annotations.values()) == [annotation]
    with pytest.raises(StoreError):
        draw(other)  # it says that the image was new
    assert not other.annotations
    assert not other.can_undo


def test_an_undo_that_does_not_fit_the_disk_is_refused(project: Project) -> None:
    one = first(project)
    draw(one)
    late = first(project)
    draw(one)
    with pytest.raises(StoreError):
        late.undo()
    assert late.can_undo
    assert len(late.annotations) == 1


def test_a_full_disk_costs_the_edit_only(project: Project) -> None:
    document = first(project)
    draw(document)
    with project.store.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreError, match="free some space"):
        draw(document, 300)
    assert len(document.annotations) == 1
    with project.store.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    draw(document)
    assert first(project).annotations == document.annotations


def test_reading_only_refuses_in_words_and_changes_nothing(project: Project) -> None:
    folder = project.folder
    draw(first(project))
    project.close()
    before = (folder / "project.db").read_bytes()
    still = Project.open(folder, read_only=True)
    write_image(still.images_dir / "0.jpg", 30, 20)
    document = first(still)
    with pytest.raises(StoreError, match="for reading only"):
        draw(document)
    assert len(document.annotations) == 1
    still.close()
    assert (folder / "project.db").read_bytes() == before


def test_a_second_process_is_told_who_has_the_project(project: Project) -> None:
    code = "import sys, pathlib, app.project as it; it.Project.open(pathlib.Path(sys.argv[1]))"
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code, str(project.folder)]
    second = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert "it is open in another Protolabel (process" in second.stderr
    project.close()
    assert subprocess.run(command, cwd=root, check=False).returncode == 0


def _taken_elsewhere(folder: Path) -> bool:
    """Whether another process finds the folder's lock taken."""
    code = (
        "import sys; from pathlib import Path; from app.folder_lock import FolderLock, Taken\n"
        "try: FolderLock.take(Path(sys.argv[1]))\n"
        "except Taken: sys.exit(3)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code, str(folder)], cwd=root, check=False)
    assert done.returncode in (0, 3)
    return done.returncode == 3


def test_a_lock_is_let_go_with_its_last_holder(tmp_path: Path) -> None:
    one, other = FolderLock.take(tmp_path), FolderLock.take(tmp_path)
    one.release()
    one.release()  # does nothing, in particular not the other's
    assert _taken_elsewhere(tmp_path)
    other.release()
    assert not _taken_elsewhere(tmp_path)


def test_coco_ids_outlive_a_removal_that_is_undone_and_are_not_given_twice(project: Project) -> None:
    document = first(project)
    draw(document, 2)
    before = coco_ids(project)
    assert sorted(before.values()) == [1, 2]
    last = list(document.annotations.values())[-1]
    document.apply(edits.remove(document.image.id, [last]))
    draw(document)
    assert sorted(coco_ids(project).values()) == [1, 3]
    document.undo()
    document.undo()
    assert coco_ids(project) == before


def test_a_coco_id_of_a_removed_annotation_may_be_imported_again(project: Project) -> None:
    document = first(project)
    draw(document)
    (gone,) = document.annotations.values()
    project.store.set_coco_ids([(gone.id, 900100581904)])
    document.undo()
    draw(document)
    (new,) = document.annotations
    assert project.store.taken_coco_ids() == set()
    project.store.set_coco_ids([(new, 900100581904)])
    assert coco_ids(project) == {new: 900100581904}


def test_rejected_annotations_get_no_coco_id(project: Project) -> None:
    document = first(project)
    rejected = make_annotation(document, box_mask(1, 1, 5, 5), state=AnnotationState.REJECTED)
    document.apply(edits.add(document.image.id, [rejected]))
    assert coco_ids(project) == {rejected.id: None}
    assert project.images()[0].annotation_count == 0


def test_undo_brings_back_a_category_that_was_removed(project: Project) -> None:
    document = first(project)
    draw(document)
    document.apply(edits.remove(document.image.id, list(document.annotations.values())))
    project.remove_category(CategoryId(1))
    assert [each.name for each in project.categories()] == ["dog"]
    assert project.add_category("cow").id == 3
    document.undo()
    assert [each.id for each in project.categories()] == [1, 2, 3]


def test_a_used_category_is_not_removed_and_a_removed_one_comes_back_under_its_id(project: Project) -> None:
    draw(first(project))
    with pytest.raises(ProjectError, match="1 annotations have it"):
        project.remove_category(CategoryId(1))
    project.remove_category(CategoryId(2))
    assert project.add_category("dog").id == 2


def test_rows_come_in_pages_in_order(project: Project) -> None:
    for record in project.images():
        draw(project.document(record.id), 3)
    wanted = sorted(record.id for record in project.images())[1:]
    pages = list(project.store.iter_annotations(wanted, chunk=2))
    rows = [(row["image_id"], row["id"]) for page in pages for row in page]
    assert max(map(len, pages)) == 2
    assert rows == sorted(rows)
    assert len(rows) == 6
    assert {image for image, _ in rows} == set(wanted)


def test_all_or_nothing_of_a_transaction(project: Project) -> None:
    document = first(project)

    def half() -> None:
        with project.store.transaction():
            project.set_setting("a", 1)
            draw(document)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert project.setting("a") is None
    assert not first(project).annotations


OLD = """
CREATE TABLE annotation_old AS SELECT * FROM annotation;
DROP TABLE annotation; DROP TABLE annotation_coco; DROP TABLE ceiling;
ALTER TABLE annotation_old RENAME TO annotation;
ALTER TABLE annotation ADD COLUMN coco_id INTEGER;
UPDATE annotation SET coco_id = 7;
CREATE INDEX annotation_by_image ON annotation (image_id);
ALTER TABLE category DROP COLUMN removed;
UPDATE meta SET value = '0' WHERE key = 'minor';
"""


def test_an_older_layout_is_brought_up_to_date_after_a_copy(project: Project) -> None:
    folder = project.folder
    draw(first(project))
    project.close()
    connection = sqlite3.connect(folder / "project.db")
    connection.executescript(OLD)
    connection.close()
    again = Project.open(folder)
    assert [row["coco_id"] for page in again.store.iter_annotations() for row in page] == [7]
    assert first(again).state is ImageState.IN_PROGRESS
    assert len(again.categories()) == 2
    again.close()
    copy = sqlite3.connect(folder / "project.db.1.0.bak")
    assert copy.execute("SELECT value FROM meta WHERE key = 'minor'").fetchone() == ("0",)
    copy.close()


@pytest.mark.parametrize(("major", "words"), [("0", "older Protolabel"), ("none", "no version")])
def test_other_versions_are_refused(project: Project, major: str, words: str) -> None:
    project.close()
    connection = sqlite3.connect(project.folder / "project.db")
    connection.execute("UPDATE meta SET value = ? WHERE key = 'major'", (major,))
    connection.commit()
    connection.close()
    with pytest.raises(ProjectError, match=words):
        Project.open(project.folder)


def test_a_database_url_stands_in_for_the_file(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "a.png")
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    project = Project.create(tmp_path / "p", tmp_path / "images", categories=["cat"], database=url)
    project.scan()
    draw(first(project))
    project.close()
    again = Project.open(tmp_path / "p")
    assert len(first(again).annotations) == 1
    again.close()
    assert not (tmp_path / "p" / "project.db").exists()


def test_the_tables_can_be_made_in_postgresql() -> None:
    for table in schema.metadata.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def test_a_changed_value_is_kept_exactly(project: Project) -> None:
    document = first(project)
    draw(document)
    (before,) = document.annotations.values()
    after = replace(before, coefficients=(0.1, -1 / 3), score=0.1 + 0.2, extra='{"a": "ü"}', seconds=1e-9)
    document.apply(edits.change(edits.EditKind.RECOMPOSE, document.image.id, [(before, after)]))
    assert first(project).annotations == {after.id: after}

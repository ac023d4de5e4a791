"""Projects: making, opening, scanning, and what stands in the way."""

import os
import sqlite3
import sys
from pathlib import Path

import pytest

from app.errors import NewerProject, ProjectError
from app.project import Project
from tests.builders import make_project, write_image


def test_sub_folders_and_odd_names_are_found_in_natural_order(tmp_path: Path) -> None:
    names = ["img10.jpg", "img2.JPG", "Ünï 名前 #1 %20.png", "deep/er/x.png"]
    for name in names:
        write_image(tmp_path / "images" / name)
    write_image(tmp_path / "images" / ".hidden" / "no.png")
    (tmp_path / "images" / "notes.txt").write_text("no image")
    project = Project.create(tmp_path / "p", tmp_path / "images")
    assert project.scan().new == 4
    assert [record.path for record in project.images()] == [
        "deep/er/x.png",
        "img2.JPG",
        "img10.jpg",
        "Ünï 名前 #1 %20.png",
    ]
    assert all((project.images_dir / record.path).exists() for record in project.images())
    project.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name may be any bytes")
def test_a_name_that_is_no_text_is_passed_over_and_told(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "a.png")
    (tmp_path / "images" / os.fsdecode(b"bad\xff.png")).write_bytes(b"x")
    project = Project.create(tmp_path / "p", tmp_path / "images")
    report = project.scan()
    assert (report.found, report.unnamed) == (1, (r"bad\xff.png",))
    project.close()


def test_a_file_that_changed_or_came_back_is_told_and_measured_again(tmp_path: Path) -> None:
    project = make_project(tmp_path, images=2)
    (tmp_path / "images" / "0.jpg").rename(tmp_path / "away")
    write_image(tmp_path / "images" / "1.jpg", 30, 20)
    assert (project.scan().changed, project.scan().changed) == (2, 0)
    (tmp_path / "away").rename(tmp_path / "images" / "0.jpg")
    assert project.scan().changed == 1
    sizes = [(each.width, each.height) for each in project.ensure_sizes(project.images())]
    assert sizes == [(80, 60), (30, 20)]
    project.close()


def test_images_may_lie_in_the_project_itself_or_beside_other_projects(tmp_path: Path) -> None:
    write_image(tmp_path / "a.png")
    write_image(tmp_path / "cache" / "thumbnail.png")
    other = Project.create(tmp_path / "other", tmp_path)
    write_image(tmp_path / "other" / "in it.png")
    project = Project.create(tmp_path, tmp_path)
    assert project.scan().found == 1
    other.close()
    project.close()


def test_a_project_is_not_made_inside_another(tmp_path: Path) -> None:
    make_project(tmp_path).close()
    with pytest.raises(ProjectError, match="one is there"):
        Project.create(tmp_path / "project" / "deep" / "er", tmp_path / "images")


def test_bad_category_names_leave_no_project(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(ProjectError, match="new name"):
        Project.create(tmp_path / "p", tmp_path / "images", categories=["cat", " cat"])
    assert not (tmp_path / "p").exists()


def test_a_second_scan_adds_only_what_is_new_and_marks_what_is_gone(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    (tmp_path / "images" / "1.jpg").unlink()
    write_image(tmp_path / "images" / "9.jpg")
    report = project.scan()
    assert (report.new, report.missing) == (1, 1)
    assert [record.missing for record in project.images()] == [False, True, False, False]
    project.close()


def test_a_folder_linked_into_itself_ends(tmp_path: Path) -> None:
    write_image(tmp_path / "images" / "a.png")
    (tmp_path / "images" / "loop").symlink_to(tmp_path / "images")
    project = Project.create(tmp_path / "p", tmp_path / "images")
    assert project.scan().found == 1
    project.close()


def test_images_may_move_with_the_project(tmp_path: Path) -> None:
    make_project(tmp_path / "old").close()
    (tmp_path / "old").rename(tmp_path / "new")
    project = Project.open(tmp_path / "new" / "project")
    assert project.image_path(project.images()[0].id).is_file()
    project.close()


def test_images_that_were_moved_are_found_again(tmp_path: Path) -> None:
    project = make_project(tmp_path, images=3)
    (tmp_path / "images").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "2.jpg").unlink()
    with pytest.raises(ProjectError, match=r"no such folder.*Find the images"):
        project.scan()
    write_image(tmp_path / "others" / "x.jpg")
    for wrong in ("others", "nowhere"):
        with pytest.raises(ProjectError, match="found none of its 3 there"):
            project.find_images_in(tmp_path / wrong)
    assert project.images_dir == tmp_path / "images"
    assert project.find_images_in(tmp_path / "elsewhere") == 2
    assert project.scan().missing == 1
    project.close()
    again = Project.open(tmp_path / "project")
    assert again.images_dir == tmp_path / "elsewhere"
    assert [each.missing for each in again.images()] == [False, False, True]
    again.close()


def test_a_project_is_never_made_over_another(tmp_path: Path) -> None:
    make_project(tmp_path).close()
    with pytest.raises(ProjectError, match="one is there"):
        Project.create(tmp_path / "project", tmp_path / "images")


def test_no_folder_of_images_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="folder of images"):
        Project.create(tmp_path / "p", tmp_path / "nowhere")
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_a_damaged_database_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "project.db").write_bytes(content)
    with pytest.raises(ProjectError) as caught:
        Project.open(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_project_of_a_newer_version_is_refused_in_words(tmp_path: Path) -> None:
    make_project(tmp_path).close()
    with sqlite3.connect(tmp_path / "project" / "project.db") as connection:
        connection.execute("update meta set value = '99' where key = 'major'")
    connection.close()
    with pytest.raises(NewerProject, match="newer Protolabel"):
        Project.open(tmp_path / "project")


def test_category_ids_are_kept_and_names_are_unique(tmp_path: Path) -> None:
    project = make_project(tmp_path, categories=["cat"])
    assert project.add_category("dog", id=77).id == 77  # type: ignore[arg-type]
    assert project.add_category("cow").id == 78
    with pytest.raises(ProjectError, match="new name"):
        project.add_category("cat")
    project.close()


def test_settings_are_kept(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    project.set_setting("threshold", {"value": 0.3})
    project.close()
    again = Project.open(tmp_path / "project")
    assert again.setting("threshold") == {"value": 0.3}
    assert again.setting("nothing", 5) == 5
    again.close()

"""The order of paths, and folders that get in the way."""

import os
import random
import sys
from pathlib import Path

import pytest

from app.errors import ProjectError
from app.images import content_hash, find_images, natural_key, none_found
from tests.builders import write_image


def test_numbers_sort_by_value_and_folders_stay_together() -> None:
    wanted = ["a/img2.jpg", "a/img10.jpg", "a b/1.jpg", "B/1.jpg", "b1/1.jpg", "img1.jpg", "IMG2.jpg"]
    assert sorted(random.Random(1).sample(wanted, len(wanted)), key=natural_key) == wanted


def test_broken_links_and_folders_named_like_images_are_no_images(tmp_path: Path) -> None:
    write_image(tmp_path / "real.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "broken.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    assert [each.path for each in find_images(tmp_path)] == ["real.png"]


def test_it_can_be_stopped(tmp_path: Path) -> None:
    write_image(tmp_path / "real.png")
    assert not list(find_images(tmp_path, cancelled=lambda: True))


def test_no_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="found none"):
        list(find_images(tmp_path / "nowhere"))


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="everything is open to root")
def test_a_folder_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    with pytest.raises(ProjectError, match="permissions"):
        list(find_images(tmp_path / "closed"))


def test_a_hash_is_of_the_content(tmp_path: Path) -> None:
    one, other = write_image(tmp_path / "a.png", seed=1), write_image(tmp_path / "b.png", seed=2)
    assert content_hash(one) != content_hash(other)
    other.write_bytes(one.read_bytes())
    assert content_hash(one) == content_hash(other)


def test_what_is_there_instead_of_images_is_named(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("a.HEIC", "sub/b.heic", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).touch()
    said = none_found(tmp_path)
    assert f"in {tmp_path} or its sub-folders, found none among 3 files (.heic, .txt);" in said
    assert said.endswith("tif tiff webp")
    assert " jpg " in said
    (tmp_path / "empty").mkdir()
    assert "found none: no files at all;" in none_found(tmp_path / "empty")


def test_a_projects_own_files_are_no_files_instead_of_images(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "project.db").touch()
    assert "no files at all" in none_found(tmp_path, skip=lambda folder: folder.name == "project")

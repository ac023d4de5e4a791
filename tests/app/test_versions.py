"""Model versions: found by name or file, never changed, active only after they were tried."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import versions
from app.errors import InputError, ProjectError, WeightsError
from app.project import Project
from model.card import WEIGHTS_FILE
from tests.app.projects import make_project
from tests.app.tiny import save_tiny


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = make_project(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("run") / "tiny")


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of built-in versions: people (person) and starter (cat, dog)."""
    folder = tmp_path / "shipped"
    for name, categories in (("people", ["person"]), ("starter", ["cat", "dog"])):
        (folder / name).mkdir(parents=True)
        (folder / name / WEIGHTS_FILE).write_bytes(b"")
        (folder / name / "card.json").write_text(json.dumps({"name": name, "categories": categories}))
    monkeypatch.setattr(versions, "BUILT_IN", folder)
    return folder


def names(project: Project) -> list[str]:
    return [each.name for each in versions.list_versions(project)]


def test_what_ships_is_listed_before_the_projects_own(project: Project, shipped: Path, tiny: Path) -> None:
    for name in ("v1", "v2", "v10"):
        versions.register(project, name, tiny, {})
    assert names(project) == ["people", "starter", "v1", "v2", "v10"]
    assert versions.next_name(project) == "v3"


def test_a_registered_version_is_a_whole_copy_with_its_card(project: Project, tiny: Path) -> None:
    version = versions.register(project, "v1", tiny, {**versions.read_card(tiny), "parent": "starter"})
    assert version.weights.read_bytes() == tiny.read_bytes()
    assert version.categories == ("cat", "dog")
    assert (version.card["name"], version.card["parent"]) == ("v1", "starter")
    assert [path.name for path in (project.folder / "models").iterdir()] == ["v1"]


def test_a_version_is_never_replaced(project: Project, tiny: Path) -> None:
    versions.register(project, "v1", tiny, {})
    with pytest.raises(ProjectError, match="never changed"):
        versions.register(project, "v1", tiny, {})


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b", "x" * 65])
def test_a_name_that_is_no_folder_is_refused(project: Project, tiny: Path, name: str) -> None:
    with pytest.raises(InputError, match="version's name"):
        versions.register(project, name, tiny, {})


def test_weights_that_vanish_leave_no_half_version(project: Project, tmp_path: Path) -> None:
    with pytest.raises(ProjectError):
        versions.register(project, "v1", tmp_path / "absent", {})
    assert list((project.folder / "models").iterdir()) == []


def test_found_by_name_folder_or_file(project: Project, shipped: Path, tiny: Path) -> None:
    own = versions.register(project, "v1", tiny, {})
    assert versions.find("v1", project) == own
    assert versions.find("people").built_in
    assert versions.find(tiny.parent).weights == tiny
    assert versions.find(tiny).categories == ("cat", "dog")
    assert versions.find(tiny).loose
    with pytest.raises(WeightsError, match="people, starter"):
        versions.find("nobody")


def test_where_nothing_is_active_the_one_that_knows_the_categories_is(
    project: Project, shipped: Path, tmp_path: Path
) -> None:
    assert versions.active(project).name == "starter"
    other = make_project(tmp_path / "other", categories=["lamp"])
    assert versions.active(other).name == "people"
    other.close()


def test_a_version_becomes_active_after_it_answered(project: Project, tiny: Path) -> None:
    versions.register(project, "v1", tiny, versions.read_card(tiny))
    assert versions.activate(project, "v1", device="cpu").name == "v1"
    assert versions.active(project).name == "v1"


def test_a_version_that_does_not_load_does_not_become_active(
    project: Project, shipped: Path, tiny: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut.safetensors").write_bytes(tiny.read_bytes()[:5000])
    versions.register(project, "v1", tmp_path / "cut.safetensors", versions.read_card(tiny))
    with pytest.raises(InputError):
        versions.activate(project, "v1", device="cpu")
    assert versions.active(project).name == "starter"


def test_a_stray_file_does_not_become_active(project: Project, tiny: Path) -> None:
    with pytest.raises(ProjectError, match="register"):
        versions.activate(project, str(tiny))


def test_an_active_version_that_is_gone_is_not_active(project: Project, shipped: Path) -> None:
    project.set_setting(versions.SETTING, "v7")
    assert versions.active(project).name == "starter"


def test_a_damaged_card_does_not_hide_the_version(project: Project, tiny: Path) -> None:
    folder = project.folder / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / WEIGHTS_FILE).write_bytes(tiny.read_bytes())
    (folder / "card.json").write_text("[nonsense")
    assert versions.find("mine", project).card == {}


def test_the_same_weights_are_taken_into_a_project_once(project: Project, tiny: Path) -> None:
    first, again = (versions.adopt(project, versions.find(tiny)) for _ in range(2))
    assert again == first
    assert [path.name for path in (project.folder / "models").iterdir()] == [first.name]

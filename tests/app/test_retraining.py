"""Retraining: what is frozen, what is refused, and what becomes of a run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import retraining, versions
from app.annotation import AnnotationState, ImageState
from app.edits import EditKind, change, set_image_state
from app.errors import InputError, ProjectError
from app.project import Project
from app.proposals import offer
from app.retraining import Settings
from app.runs import RunState
from tests.app.projects import make_project, prediction

COUNT = 12


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    made = make_project(tmp_path, COUNT)
    finish(made, COUNT)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Runs of the fake trainer; one built-in version. Gives that one's weights."""
    monkeypatch.setattr(retraining, "MAIN", Path(__file__).with_name("fake_main.py"))
    monkeypatch.setattr(versions, "BUILT_IN", tmp_path / "shipped")
    weights = tmp_path / "shipped" / "starter" / "weights.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"")
    return weights


def finish(project: Project, count: int) -> None:
    """Mark images done, with an accepted cat each."""
    for record in project.images()[:count]:
        document = project.document(record.id)
        offer(project, document, prediction(("cat", 0.9, (4, 4, 30, 50))))
        (proposal,) = document.annotations.values()
        accepted = replace(proposal, state=AnnotationState.ACCEPTED)
        document.apply(change(EditKind.ACCEPT, record.id, [(proposal, accepted)]))
        document.apply(set_image_state(record.id, document.state, ImageState.DONE))


def names(path: Path) -> set[str]:
    return {each["file_name"] for each in json.loads(path.read_text())["images"]}


def test_every_finished_image_is_on_one_side_and_stays_there(project: Project, tmp_path: Path) -> None:
    first = retraining.snapshot(project, tmp_path)
    train, val = names(first.train), names(first.val)
    assert (len(train), len(val)) == (first.train_images, first.val_images)
    assert len(train | val) == COUNT == len(train) + len(val)
    assert val
    again = retraining.snapshot(project, tmp_path)
    assert (names(again.val), again.digest) == (val, first.digest)


def test_an_image_keeps_its_side_under_another_name_and_among_others(tmp_path: Path) -> None:
    small, large = (make_project(tmp_path / name, COUNT) for name in ("small", "large"))
    for project in (small, large):
        first = project.images_dir / "00.png"
        shutil.move(first, project.images_dir / f"renamed in {project.folder.parent.name}.png")
        project.scan()
    sides = []
    for project in (small, large):
        records = [each for each in project.images() if not each.missing]
        prints, _ = retraining._fingerprints(project, records)
        sides.append([retraining.held_out(prints[each.id]) for each in records])
        project.close()
    assert sides[0] == sides[1]


def test_about_a_fifth_is_held_out() -> None:
    share = sum(retraining.held_out(str(number)) for number in range(5000)) / 5000
    assert share == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("finished", "missing"), [(0, "mark 5 more"), (3, "got 3 with 3|mark 2 more")])
def test_too_few_finished_images_are_refused_with_the_number(
    tmp_path: Path, finished: int, missing: str
) -> None:
    project = make_project(tmp_path, 6)
    finish(project, finished)
    with pytest.raises(InputError, match=missing):
        retraining.start_run(project)
    assert list((project.folder / "runs").iterdir()) == []
    project.close()


def test_a_finished_image_whose_file_is_gone_is_passed_over_and_named(project: Project) -> None:
    (project.images_dir / "03.png").unlink()
    run = retraining.start_run(project, Settings(iterations=2))
    assert retraining.follow(run, lambda event: None, pause=0.05) is RunState.DONE
    first = run.events()[0]
    assert first["event"] == "skipped-image"
    assert "03.png: cannot be read" in first["reason"]
    given = names(run.folder / "train.json") | names(run.folder / "val.json")
    assert len(given) == COUNT - 1
    assert "03.png" not in given


def test_a_finished_image_that_is_none_any_more_is_passed_over_and_named(
    project: Project, tmp_path: Path
) -> None:
    (project.images_dir / "03.png").write_text("not an image")
    project.scan()
    frozen = retraining.snapshot(project, tmp_path)
    assert frozen.passed_over == ("03.png: cannot be read as an image",)
    assert frozen.train_images + frozen.val_images == COUNT - 1
    assert len(names(frozen.train) | names(frozen.val)) == COUNT - 1


def test_files_that_are_gone_are_named_when_too_few_are_left(project: Project) -> None:
    for record in project.images()[: COUNT - 4]:
        (project.images_dir / record.path).unlink()
    with pytest.raises(InputError, match=r"got 4 with 4 \(8 more cannot be read: 00.png"):
        retraining.start_run(project)


def test_a_run_goes_to_its_end_and_its_result_becomes_a_version(project: Project) -> None:
    run = retraining.start_run(project, Settings(iterations=2))
    heard: list[object] = []
    assert retraining.follow(run, lambda event: heard.append(event["event"]), pause=0.05) is RunState.DONE
    assert heard == ["start", "progress", "progress", "done"]
    comparison = retraining.compare(run)
    assert (comparison.old, comparison.old_scores["mask"]["AP"]) == ("starter", 0.25)
    assert comparison.new_scores["mask"]["AP"] == 0.5
    version = retraining.register(project, run, comparison)
    assert (version.name, version.card["parent"], version.card["run"]) == ("v1", "starter", run.name)
    assert versions.active(project).name == "starter", "a person decides"


def test_an_old_version_that_knows_none_of_the_categories_has_no_scores(
    project: Project, tmp_path: Path
) -> None:
    (tmp_path / "stranger.safetensors").write_bytes(b"")
    run = retraining.start_run(project, Settings(init=str(tmp_path / "stranger.safetensors")))
    run.wait(20)
    assert retraining.compare(run).old_scores == {}


def test_a_cancelled_run_can_go_on(project: Project) -> None:
    run = retraining.start_run(project, Settings(iterations=150))
    run.cancel()
    assert run.wait(20) is RunState.CANCELLED
    again = retraining.resume(run)
    assert again.wait(30) is RunState.DONE
    assert [event["resume"] for event in again.events() if event["event"] == "start"] == [False, True]
    with pytest.raises(ProjectError, match=r"its first checkpoint, got .* done: start a new one"):
        retraining.resume(run)


def test_a_run_whose_process_dies_says_its_last_words(project: Project) -> None:
    run = retraining.start_run(project, Settings(iterations=13))
    assert run.wait(20) is RunState.INTERRUPTED
    assert run.failure == "Killed by bad luck"
    with pytest.raises(InputError, match="bad luck"):
        retraining.compare(run)


def test_a_run_that_failed_says_why(project: Project) -> None:
    run = retraining.start_run(project, Settings(iterations=14))
    assert run.wait(20) is RunState.FAILED
    assert run.failure == "no room"


def test_a_run_is_started_with_what_a_person_would_type(project: Project) -> None:
    run = retraining.start_run(project, Settings(iterations=2, batch_size=3, device="cpu"))
    run.wait(20)
    words = json.loads((run.folder / "process.json").read_text())["command"][2:]
    assert words[0] == "train"
    options = dict(zip(words[1::2], words[2::2], strict=True))
    assert options["--data"] == str(run.folder / "train.json")
    assert options["--images"] == str(project.images_dir)
    assert (options["--batch-size"], options["--iterations"], options["--device"]) == ("3", "2", "cpu")

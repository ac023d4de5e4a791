"""Shared work: every image is one process' own, nothing is lost with a process, nothing is written twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.inference import Inference
from app.prelabel_folder import prelabel_folder, prelabel_share
from app.prelabel_shared import prelabel_project_share
from app.project import Project
from app.shards import Parts, Shard
from tests.app.fake_host import SERVE


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(7):
        Image.new("RGB", (80, 60)).save(folder / f"{number}.png")
    return folder


def model() -> Inference:
    return Inference(Path("fake/weights"), serve=SERVE)


@given(st.text(), st.integers(1, 9))
def test_every_name_belongs_to_one_process(name: str, world: int) -> None:
    assert [Shard(rank, world).has(name) for rank in range(world)].count(True) == 1


def test_a_line_that_a_kill_cut_short_is_done_again(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "parts", Shard())
    parts.add("a", 1, {"x": 1})
    parts.close()
    path = tmp_path / "parts" / "part-0-of-1.jsonl"
    path.write_bytes(path.read_bytes() + b'{"key": "b", "sta')
    again = Parts(tmp_path / "parts", Shard())
    assert list(again.places()) == ["a"]
    again.add("b", 1, {"x": 2})
    assert [line["x"] for line in again.read(list(again.places().values()))] == [1, 2]
    again.remove()
    assert not (tmp_path / "parts").exists()


def test_the_last_of_two_processes_writes_what_one_would(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    with model() as inference:
        prelabel_folder(images, inference, tmp_path / "alone.json", min_score=0.1)
        Parts(next_parts(tmp_path, images, inference, out), Shard(1, 2)).close()  # the other has begun
        assert prelabel_share(images, inference, out, Shard(0, 2), min_score=0.1) is None
        assert not out.exists()
        report = prelabel_share(images, inference, out, Shard(1, 2), min_score=0.1)
    assert report is not None
    assert report.done == 7
    assert out.read_bytes() == (tmp_path / "alone.json").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["alone.json", "images", "out.json"]


def next_parts(tmp_path: Path, images: Path, inference: Inference, out: Path) -> Path:
    from app.prelabel_folder import _parts_folder

    return _parts_folder(images, inference, out, 0.1)


def test_what_was_predicted_before_an_end_is_not_predicted_again(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.json"
    asked: list[str] = []
    predict = Inference.predict

    def counted(self: Inference, path: Path, *rest: object, **more: object) -> object:
        asked.append(path.name)
        if len(asked) == 5:
            raise KeyboardInterrupt
        return predict(self, path, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(Inference, "predict", counted)
    with model() as inference, pytest.raises(KeyboardInterrupt):
        prelabel_folder(images, inference, out, min_score=0.1)
    with model() as inference:
        report = prelabel_folder(images, inference, out, min_score=0.1)
    assert report.done == 7
    assert len(asked) < 5 + 7  # those that were written were not asked for again
    assert len(json.loads(out.read_text())["images"]) == 7


def test_an_image_changed_since_is_predicted_again(images: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    with model() as inference:
        part = next_parts(tmp_path, images, inference, out) / "part-0-of-2.jsonl"
        prelabel_share(images, inference, out, Shard(0, 2), min_score=0.1)
        before = part.read_text().count("\n")
        first = next(path for path in images.iterdir() if Shard(0, 2).has(path.name))
        Image.new("RGB", (40, 30)).save(first)
        prelabel_share(images, inference, out, Shard(0, 2), min_score=0.1)
    assert part.read_text().count("\n") == before + 1


def test_a_project_is_offered_what_all_processes_found(images: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    project = Project.create(folder, images, categories=("cat",))
    project.scan()
    project.close()
    with model() as inference:
        assert prelabel_project_share(folder, inference, Shard(0, 2)) is None
        report = prelabel_project_share(folder, inference, Shard(1, 2))
        assert report is not None
        assert (report.done, report.proposals, report.failed) == (7, 7, ())
        again = prelabel_project_share(folder, inference, Shard(0, 1))
    assert again is not None
    assert (again.done, again.skipped) == (0, 7)
    project = Project.open(folder)
    assert {str(each.state) for each in project.images()} == {"prelabelled"}
    assert sum(each.proposal_count for each in project.images()) == 7
    project.close()
    assert not list((folder / "cache").glob("prelabel-*"))

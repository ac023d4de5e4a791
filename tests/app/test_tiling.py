"""Tiles: they cover the image, and every object appears once, whole, wherever the tiles cut it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inference import Inference
from app.prelabel import prelabel_project
from app.proposals import Candidate
from app.tiling import AHEAD, OVERLAP, SIDE, WORTH, predict_tiles, tiles_of
from model.masks import assemble_all
from model.messages import Prediction, Region
from tests.app.fake_host import SERVE
from tests.app.projects import make_project

WIDTH, HEIGHT = 2400, 1500
Box = tuple[float, float, float, float]  # x1 y1 x2 y2
CELLS = 96


def predicted(objects: Sequence[Box], region: Region | None, scores: Sequence[float]) -> Prediction:
    """What a perfect network says of a region: the objects' rectangles as far as they lie in it."""
    x, y, width, height = region or (0.0, 0.0, float(WIDTH), float(HEIGHT))
    boxes, kept = [], []
    for (x1, y1, x2, y2), score in zip(objects, scores, strict=True):
        left, top = max(x1, x) - x, max(y1, y) - y
        right, bottom = min(x2, x + width) - x, min(y2, y + height) - y
        if right - left > 4 and bottom - top > 4:
            boxes.append([left / width, top / height, right / width, bottom / height])
            kept.append(score)
    n = len(boxes)
    return Prediction(
        model_version="fake",
        categories=("cat",),
        image_width=WIDTH,
        image_height=HEIGHT,
        prototypes=np.ones((CELLS, CELLS, 2), np.float16),
        boxes=np.array(boxes, np.float32).reshape(n, 4),
        scores=np.array(kept, np.float32),
        classes=np.zeros(n, np.int32),
        coefficients=np.full((n, 2), 4, np.float32),
        qualities=np.array(kept, np.float32),
        region=region,
    )


class Seer:
    """Stands in for the model's process."""

    def __init__(self, objects: Sequence[Box], smallest: float = 0.0) -> None:
        self.objects, self.smallest = objects, smallest
        self.asked: list[Region | None] = []
        self.cancelled = 0

    def see(self, region: Region | None) -> Prediction:
        least = self.smallest if region is None else 0.0
        shown = [each for each in self.objects if each[2] - each[0] >= least]
        return predicted(shown, region, [0.8 if region else 0.6] * len(shown))

    def predict(self, path: Path, min_score: float, *, priority: Any, region: Region) -> Future[Prediction]:
        self.asked.append(region)
        future: Future[Prediction] = Future()
        future.set_result(self.see(region))
        return future

    def cancel(self, future: Future[Any]) -> None:
        self.cancelled += 1

    def candidates(self) -> list[Candidate]:
        return predict_tiles(self, Path("a.jpg"), self.see(None), 0.05)  # type: ignore[arg-type]


@given(width=st.integers(1, 9000), height=st.integers(1, 9000))
def test_tiles_cover_the_image_and_overlap_enough(width: int, height: int) -> None:
    tiles = tiles_of(width, height)
    if max(width, height) <= WORTH * SIDE:
        assert tiles == []
        return
    for axis, length in ((0, width), (1, height)):
        spans = sorted({(tile[axis], tile[axis] + tile[axis + 2]) for tile in tiles})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        for before, after in itertools.pairwise(spans):
            assert before[1] - after[0] >= OVERLAP * SIDE - 1
    assert len(set(tiles)) == len(tiles)


def test_a_small_image_is_seen_whole_only() -> None:
    assert tiles_of(1000, 700) == []
    assert len(tiles_of(1200, 700)) == 2


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("in one tile", (100, 100, 180, 170)),
        ("where tiles overlap", (620, 300, 700, 380)),
        ("on a corner of four tiles", (560, 560, 720, 720)),
        ("larger than the overlap", (300, 200, 1000, 500)),
        ("larger than a tile", (100, 100, 2200, 1400)),
        ("at the image's end", (2300, 1400, 2400, 1500)),
    ],
)
def test_an_object_appears_once_and_whole(name: str, box: Box) -> None:
    found = Seer([box]).candidates()
    assert len(found) == 1, name
    x, y, width, height = found[0].bbox
    cell = WIDTH / CELLS  # masks reach one cell beyond their box
    np.testing.assert_allclose((x, y, x + width, y + height), box, atol=2 * cell)


def test_what_only_tiles_show_is_finer_and_says_which_region_it_is_of() -> None:
    seer = Seer([(900, 300, 930, 330)], smallest=100)
    (only,) = seer.candidates()
    assert only.origin.region in seer.asked
    assert only.bbox[2] < 60


def test_a_long_object_that_only_tiles_show_is_put_together() -> None:
    rope = (50.0, 700.0, 2350.0, 730.0)
    (only,) = Seer([rope], smallest=9999).candidates()
    x, _, width, height = only.bbox
    assert x < 70
    assert width > 2250
    assert height < 70
    assert only.origin.region is None
    assert len(only.origin.coefficients) == 2
    assert only.mask.bits.sum() == only.area


def test_many_objects_stay_apart() -> None:
    grid = [(x, y, x + 40.0, y + 40.0) for x in range(10, 2300, 150) for y in range(10, 1400, 150)]
    found = Seer(grid).candidates()
    assert len(found) == len(grid)
    assert all(found[i].score >= found[i + 1].score for i in range(len(found) - 1))


def test_a_blur_of_several_objects_gives_way_to_them() -> None:
    pair = [(200.0, 200.0, 290.0, 300.0), (330.0, 200.0, 420.0, 300.0)]
    seer = Seer(pair)
    whole = predicted([(200, 200, 420, 300)], None, [0.5])
    found = predict_tiles(seer, Path("a"), whole, 0.05)  # type: ignore[arg-type]
    assert len(found) == 2


def test_nothing_found_is_no_candidate_and_nothing_is_left_waiting() -> None:
    seer = Seer([])
    assert seer.candidates() == []
    assert len(seer.asked) == len(tiles_of(WIDTH, HEIGHT))
    assert seer.cancelled == 0
    assert assemble_all(seer.see(None)) == []


def test_tiles_are_counted_and_few_are_asked_for_ahead() -> None:
    seer = Seer([])
    told: list[tuple[int, int, int]] = []

    def progress(done: int, total: int) -> None:
        told.append((done, total, len(seer.asked)))

    predict_tiles(seer, Path("a.jpg"), seer.see(None), 0.05, side=200, progress=progress)  # type: ignore[arg-type]
    count = len(tiles_of(WIDTH, HEIGHT, side=200))
    assert [done for done, _, _ in told] == list(range(1, count + 1))
    assert {total for _, total, _ in told} == {count}
    assert max(asked - done for done, _, asked in told) < AHEAD < count


def test_a_cancelled_run_asks_for_no_more_tiles() -> None:
    seer = Seer([])
    with pytest.raises(CancelledError):
        predict_tiles(
            seer,  # type: ignore[arg-type]
            Path("a.jpg"),
            seer.see(None),
            0.05,
            side=200,
            cancelled=lambda: len(seer.asked) > AHEAD,
        )
    assert len(seer.asked) == AHEAD + 1
    assert seer.cancelled == AHEAD


def test_pre_labelling_one_image_counts_its_tiles_and_can_be_stopped_between_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.prelabel.predict_tiles", partial(predict_tiles, side=20))
    told: list[tuple[int, int]] = []
    project = make_project(tmp_path, 1)
    with Inference(Path("w"), serve=SERVE) as inference:
        first = prelabel_project(
            project,
            inference,
            tiles=True,
            progress=lambda done, total: told.append((done, total)),
            cancelled=lambda: len(told) > 2,
        )
        second = prelabel_project(project, inference, tiles=True)
    project.close()
    assert told == [(0, 1), (1, len(tiles_of(80, 60, side=20))), (2, len(tiles_of(80, 60, side=20)))]
    assert (first.cancelled, first.done, first.failed) == (True, 0, ())
    assert (second.cancelled, second.done) == (False, 1)

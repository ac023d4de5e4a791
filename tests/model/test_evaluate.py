"""Scores are pycocotools' own, whatever ids and categories the file has."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from model.dataset import load
from model.errors import InputError
from model.evaluate import NAMES, evaluate, measure
from model.masks import assemble_all
from model.messages import Prediction
from model.opencv import cv2
from tests.model.tiny import tiny_weights

SIDE = 64
NAMES_KNOWN = ("zebra", "ball", "ring")  # the network's order is not the file's


class Noisy:
    """Predicts the squares it was told of, moved and mixed up by chance."""

    categories = NAMES_KNOWN

    def __init__(self, squares: dict[bytes, list[tuple[int, int, int, int, int]]]) -> None:
        self.squares = squares
        self.rng = np.random.default_rng(0)
        self.seen: dict[bytes, Prediction] = {}

    def predict(self, image_rgb: Any, min_score: float = 0.05, max_detections: int = 100) -> Prediction:
        key = image_rgb.tobytes()
        if key in self.seen:
            return self.seen[key]
        found = []
        for x, y, w, h, category in self.squares[key]:
            for _ in range(2):
                shift = self.rng.normal(0, 2, 4)
                box = np.array([x, y, x + w, y + h]) + shift
                wrong = self.rng.random() < 0.2
                found.append(
                    (box / SIDE, self.rng.random(), NAMES_KNOWN.index("zebra" if wrong else category))
                )
        found.sort(key=lambda one: -one[1])
        count = len(found)
        self.seen[key] = Prediction(
            "noisy",
            NAMES_KNOWN,
            SIDE,
            SIDE,
            np.full((32, 32, 1), 9, np.float16),
            np.array([one[0] for one in found], np.float32).reshape(-1, 4),
            np.array([one[1] for one in found], np.float32),
            np.array([one[2] for one in found], np.int32),
            np.ones((count, 1), np.float32),
            np.array([one[1] for one in found], np.float32),
        )
        return self.seen[key]


@pytest.fixture
def world(tmp_path: Path) -> tuple[Path, Noisy]:
    """Ten images of squares; image and annotation ids from 0, category ids 40 and 12, a crowd."""
    rng = np.random.default_rng(1)
    images, annotations, squares = [], [], {}
    for number in range(10):
        pixels = rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), pixels[..., ::-1])
        images.append({"id": number * 3, "file_name": f"{number}.png", "width": SIDE, "height": SIDE})
        here = []
        for _ in range(int(rng.integers(0, 5))):
            x, y, w, h = (int(value) for value in rng.integers((0, 0, 8, 8), (40, 40, 24, 24)))
            name = ("ring", "ball")[rng.integers(2)]
            here.append((x, y, w, h, name))
            bits = np.zeros((SIDE, SIDE), np.uint8, order="F")
            bits[y : y + h, x : x + w] = 1
            rle = coco_mask.encode(bits)
            polygon = [[x, y, x + w, y, x + w, y + h, x, y + h]]
            plain = {"size": [SIDE, SIDE], "counts": rle["counts"].decode()}
            annotations.append(
                {
                    "id": len(annotations),
                    "image_id": number * 3,
                    "category_id": 12 if name == "ring" else 40,
                    "segmentation": polygon if rng.random() < 0.5 else plain,
                    "bbox": [x, y, w, h],
                    "area": int(bits.sum()),
                    "iscrowd": int(rng.random() < 0.1),
                }
            )
        squares[pixels.tobytes()] = here
    path = tmp_path / "data.json"
    categories = [{"id": 40, "name": "ball"}, {"id": 12, "name": "ring"}]
    path.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return path, Noisy(squares)


def official(path: Path, predictor: Noisy, kind: str) -> list[float]:
    """pycocotools on the file as it is, but for annotation ids from 1."""
    content = json.loads(path.read_text())
    for annotation in content["annotations"]:
        annotation["id"] += 1
    ids = {"ball": 40, "ring": 12}
    found = []
    for image in content["images"]:
        pixels = cv2.imread(str(path.parent / image["file_name"]))[..., ::-1]
        prediction = predictor.predict(np.ascontiguousarray(pixels))
        for index, mask in enumerate(assemble_all(prediction)):
            name = NAMES_KNOWN[prediction.classes[index]]
            if name == "zebra":
                continue
            full = np.zeros((SIDE, SIDE), np.uint8, order="F")
            full[mask.top : mask.bottom, mask.left : mask.right] = mask.bits
            x1, y1, x2, y2 = np.clip(prediction.boxes[index], 0, 1) * SIDE
            found.append(
                {
                    "image_id": image["id"],
                    "category_id": ids[name],
                    "score": float(prediction.scores[index]),
                    "bbox": [float(x1), float(y1), float(x2 - x1), float(y2 - y1)],
                    "segmentation": coco_mask.encode(full),
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = content
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(found), kind)
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return [float(value) for value in judge.stats]


def test_numbers_are_pycocotools_own(world: tuple[Path, Noisy]) -> None:
    path, predictor = world
    scores = measure(predictor, load(path, path.parent))
    for kind, name in (("segm", scores.mask), ("bbox", scores.box)):
        expected = official(path, predictor, kind)
        assert [name[key] for key in NAMES] == pytest.approx(expected, abs=1e-12)
        assert 0.05 < name["AP"] < 0.95
    assert scores.images == 10
    assert set(scores.per_category) == {"ball", "ring"}
    mean = np.mean([values["mask"] for values in scores.per_category.values()])
    assert scores.mask["AP"] == pytest.approx(mean)


def test_perfect_answers_get_full_marks_with_id_zero(world: tuple[Path, Noisy]) -> None:
    path, predictor = world

    class Steady(Noisy):
        def predict(self, image_rgb: Any, min_score: float = 0.05, max_detections: int = 100) -> Prediction:
            here = self.squares[image_rgb.tobytes()]
            count = len(here)
            boxes = np.array([(x, y, x + w, y + h) for x, y, w, h, _ in here], np.float32) / SIDE
            classes = np.array([NAMES_KNOWN.index(name) for *_, name in here], np.int32)
            scores = np.ones(count, np.float32)
            flat = np.full((SIDE, SIDE, 1), 9, np.float16)
            return Prediction(
                "steady",
                NAMES_KNOWN,
                SIDE,
                SIDE,
                flat,
                boxes.reshape(-1, 4),
                scores,
                classes,
                np.ones((count, 1), np.float32),
                scores,
            )

    scores = measure(Steady(predictor.squares), load(path, path.parent))
    assert scores.box["AP"] == pytest.approx(1)


def test_a_model_that_knows_no_category_is_refused(world: tuple[Path, Noisy]) -> None:
    path, predictor = world
    predictor.categories = ("cat", "dog")  # type: ignore[assignment]
    with pytest.raises(InputError, match="cat, dog"):
        measure(predictor, load(path, path.parent))


def test_an_unreadable_image_is_left_out_and_counted(world: tuple[Path, Noisy]) -> None:
    path, predictor = world
    (path.parent / "3.png").write_bytes(b"no image")
    scores = measure(predictor, load(path, path.parent))
    assert scores.images == 9
    assert scores.skipped == {"images that cannot be read": 1}


def test_no_detections_score_zero_and_nothing_to_find_minus_one(world: tuple[Path, Noisy]) -> None:
    path, predictor = world
    silent = Noisy({key: [] for key in predictor.squares})
    assert measure(silent, load(path, path.parent)).mask["AP"] == 0
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "annotations": []}))
    assert measure(silent, load(path, path.parent)).mask["AP"] == -1


def test_weights_on_disk_are_measured(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((40, 50, 3), np.uint8))
    square = [[5, 5, 30, 5, 30, 30, 5, 30]]
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": 50, "height": 40}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": square, "bbox": [5, 5, 25, 25]}
        ],
        "categories": [{"id": 1, "name": "disc"}],
    }
    (tmp_path / "data.json").write_text(json.dumps(content))
    told = []
    scores = evaluate(
        tiny_weights(tmp_path),
        tmp_path / "data.json",
        tmp_path,
        "cpu",
        lambda done, of: told.append((done, of)),
    )
    assert 0 <= scores.mask["AP"] <= 1
    assert told == [(1, 1)]
    assert json.loads(json.dumps(scores.as_dict()))["instances"] == 1

"""The dump of one image: every array of the contract, consistent with each other."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.anchors import priors
from model.dump import dump, to_pixels
from model.errors import ImageError
from tests.model.tiny import TINY, tiny_weights

CONFIG = replace(TINY, score_threshold=0.3, max_detections=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dump")
    tiny_weights(folder, config=CONFIG)
    noise = np.random.default_rng(0).integers(0, 256, (45, 70, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "a.png")
    return folder


def arrays(folder: Path, **options: object) -> dict[str, np.ndarray]:
    shapes = dump(folder, folder / "a.png", folder / "out.npz", **options)
    with np.load(folder / "out.npz", allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    assert {name: each.shape for name, each in found.items()} == shapes
    return found


def test_every_array_is_there(folder: Path) -> None:
    found = arrays(folder)
    count, anchors = len(found["det_scores"]), len(priors(CONFIG))
    assert count > 0
    assert {name: each.shape for name, each in found.items()} == {
        "input": (3, 96, 96),
        "prototypes": (24, 24, 4),
        "boxes_raw": (anchors, 4),
        "class_scores": (anchors, 4),
        "coefficients": (anchors, 4),
        "priors": (anchors, 4),
        "det_boxes_rel": (count, 4),
        "det_boxes": (count, 4),
        "det_classes": (count,),
        "det_scores": (count,),
        "det_coefficients": (count, 4),
        "det_masks": (count, 45, 70),
    }
    assert all(found[name].dtype == np.float32 for name in ("input", "prototypes", "boxes_raw", "det_scores"))
    assert found["det_masks"].dtype == np.bool_


def test_arrays_fit_each_other(folder: Path) -> None:
    found = arrays(folder)
    np.testing.assert_allclose(found["class_scores"].sum(1), 1, atol=1e-5)
    np.testing.assert_array_equal(found["priors"], priors(CONFIG))
    foreground = found["class_scores"][:, 1:]
    for score, number, coefficients in zip(
        found["det_scores"], found["det_classes"], found["det_coefficients"], strict=True
    ):
        anchor = np.flatnonzero((found["coefficients"] == coefficients).all(1))
        assert score in foreground[anchor, number]


def test_features_come_on_request(folder: Path) -> None:
    found = arrays(folder, features=True)
    assert [found[name].shape[0] for name in ("C3", "C4", "C5", "P3", "P5")] == [40, 112, 320, 8, 8]
    assert found["P3"].min() >= 0


def test_kinds_of_suppression_differ(folder: Path) -> None:
    counts = {
        nms: len(arrays(folder, nms=nms)["det_scores"]) for nms in ("fast", "cross-class", "traditional")
    }
    assert counts["fast"] == 20  # filled up with low scores
    assert arrays(folder, nms="traditional")["det_scores"].min() > 0.3


def test_nothing_found_gives_empty_arrays(folder: Path, tmp_path: Path) -> None:
    tiny_weights(tmp_path, config=replace(CONFIG, score_threshold=1.0))
    shapes = dump(tmp_path, folder / "a.png", tmp_path / "none.npz")
    assert (shapes["det_boxes"], shapes["det_masks"]) == ((0, 4), (0, 45, 70))


def test_boxes_become_whole_pixels_as_published() -> None:
    boxes = np.array([[0.9, 0.1, 0.2, 1.4], [-0.5, 0.25, 0.5, 0.999]], np.float32)
    np.testing.assert_array_equal(to_pixels(boxes, 100, 10), [[20, 1, 90, 10], [0, 2, 50, 9]])


def test_a_failure_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        dump(folder, folder / "weights.safetensors", tmp_path / "out.npz")
    assert list(tmp_path.iterdir()) == []

"""Regions: cut to the image, whole pixels, and what the network then says is in the region's own frame."""

from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from model.config import CONFIGS
from model.errors import InputError
from model.host import _Host
from model.image_io import ImageHeader, read_image
from model.masks import assemble_all
from model.messages import TOP, Failed, LoadModel, Predict, Predicted, Prediction
from model.predictor import Predictor
from model.region import cut, reduction, whole_pixels
from tests.model.tiny import TINY, tiny_weights

REGION = (20.0, 10.0, 30.0, 40.0)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def host(weights: Path) -> Iterator[_Host]:
    ours, theirs = Pipe()
    with ours, theirs, _Host(theirs) as made:
        made.answer(LoadModel(1, weights, "cpu"))
        yield made


@pytest.fixture
def image(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def predicted(host: _Host, request: Predict) -> Prediction:
    answer = host.answer(request)
    assert isinstance(answer, Predicted)
    return answer.prediction


@pytest.mark.parametrize(
    ("region", "step", "expected"),
    [
        ((2.2, 3.9, 4.0, 5.0), 1, (2, 3, 5, 6)),  # 2.2 .. 6.2 -> 2 .. 7, 3.9 .. 8.9 -> 3 .. 9
        ((-5, -5, 500, 500), 1, (0, 0, 80, 60)),
        ((70, 50, 100, 100), 1, (70, 50, 10, 10)),
        ((5, 6, 3, 3), 4, (4, 4, 4, 8)),  # 5 .. 8 -> 4 .. 8, 6 .. 9 -> 4 .. 12
        ((77, 0, 3, 4), 8, (72, 0, 8, 8)),
    ],
)
def test_regions_grow_to_whole_pixels_inside_the_image(
    region: tuple[float, ...], step: int, expected: tuple[int, ...]
) -> None:
    assert whole_pixels(region, 80, 60, step=step) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "region", [(80, 0, 5, 5), (0, -9, 5, 9), (1, 1, 0, 5), (1, 1, 5, -2), (float("nan"), 0, 5, 5)]
)
def test_a_region_without_pixels_is_refused(region: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="expected a region"):
        whole_pixels(region, 80, 60)  # type: ignore[arg-type]


@given(
    width=st.integers(1, 90),
    height=st.integers(1, 90),
    corner=st.tuples(st.floats(-20, 90), st.floats(-20, 90)),
    size=st.tuples(st.floats(0.01, 120), st.floats(0.01, 120)),
    step=st.sampled_from([1, 2, 4, 8]),
)
def test_what_is_cut_out_has_the_regions_size(
    width: int, height: int, corner: tuple[float, float], size: tuple[float, float], step: int
) -> None:
    try:
        x, y, across, down = whole_pixels((*corner, *size), width, height, step=step)
    except InputError:
        return
    assert 0 <= x < x + across <= width
    assert 0 <= y < y + down <= height
    reduced = np.zeros((-(-height // step), -(-width // step), 3), np.uint8)
    assert cut(reduced, (x, y, across, down), step=step).shape[:2] == (-(-down // step), -(-across // step))


def test_a_large_region_of_a_jpeg_may_be_reduced_and_a_small_one_may_not() -> None:
    header = ImageHeader(8000, 6000, "JPEG")
    assert reduction(header, CONFIGS["lite"]) == 4
    assert reduction(header, CONFIGS["lite"], (0, 0, 2000, 2000)) == 2
    assert reduction(header, CONFIGS["lite"], (0, 0, 600, 2000)) == 1


def test_a_region_is_seen_as_an_image_of_its_own(host: _Host, image: Path, weights: Path) -> None:
    found = predicted(host, Predict(2, image, 0.3, region=REGION))
    x, y, width, height = (int(value) for value in REGION)
    crop = np.ascontiguousarray(read_image(image)[y : y + height, x : x + width])
    alone = Predictor(weights, "cpu").predict(crop, 0.3)
    np.testing.assert_allclose(found.boxes, alone.boxes, atol=1e-5)
    np.testing.assert_allclose(found.prototypes, alone.prototypes, atol=1e-3)
    assert (found.image_width, found.image_height, found.region) == (80, 60, REGION)
    assert found.frame == REGION
    assert len(found) > 0
    for mask, own in zip(assemble_all(found), assemble_all(alone), strict=True):
        assert (mask.left - own.left, mask.top - own.top) == (x, y)
        np.testing.assert_array_equal(mask.bits, own.bits)


def test_the_whole_image_as_a_region_says_the_same(host: _Host, image: Path) -> None:
    whole = predicted(host, Predict(2, image, 0.3))
    region = predicted(host, Predict(3, image, 0.3, region=(-1, -1, 99, 99)))
    np.testing.assert_array_equal(whole.boxes, region.boxes)
    assert whole.region is None
    assert whole.frame == region.frame


def test_a_region_outside_the_image_costs_one_answer(host: _Host, image: Path) -> None:
    failed = host.answer(Predict(2, image, region=(500, 0, 5, 5)))
    assert isinstance(failed, Failed)
    assert "expected a region" in failed.reason


def test_an_image_is_decoded_once_for_its_regions_and_again_when_it_changes(
    host: _Host, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    monkeypatch.setattr(
        "model.host.read_image", lambda *given: (decoded.append(given), read_image(*given))[1]
    )
    for corner in (0.0, 20.0):
        predicted(host, Predict(2, image, region=(corner, 0, 30, 30)))
    assert len(decoded) == 1
    Image.new("RGB", (90, 60), "red").save(image)
    assert predicted(host, Predict(2, image, region=REGION)).image_width == 90
    assert len(decoded) == 2


def test_a_region_of_a_reduced_jpeg_spans_what_it_says(host: _Host, tmp_path: Path) -> None:
    Image.new("RGB", (1001, 803), "red").save(tmp_path / "big.jpg")
    found = predicted(host, Predict(2, tmp_path / "big.jpg", region=(301, 5, 698, 790)))
    # 698 x 790 leaves at least 192 after a division by 2: the span is then even, but for the image's end
    assert found.region == (300, 4, 700, 792)


def test_anchors_come_only_where_asked_for(host: _Host, image: Path) -> None:
    assert predicted(host, Predict(2, image)).anchors is None
    found = predicted(host, Predict(2, image, 0.3, anchors=True))
    anchors = found.anchors
    assert anchors is not None
    count = sum(side * side for side in TINY.level_sizes)  # one anchor a cell
    assert len(anchors) == count
    assert anchors.top_classes.shape == (count, min(TOP, 3))
    assert (np.diff(anchors.top_scores.astype(np.float32)) <= 0).all()
    best = np.abs(anchors.boxes - found.boxes[0]).sum(1).argmin()
    np.testing.assert_allclose(anchors.boxes[best], found.boxes[0], atol=1e-6)
    np.testing.assert_allclose(anchors.coefficients[best], found.coefficients[0], atol=1e-3)
    place = list(anchors.top_classes[best]).index(found.classes[0])
    assert anchors.top_scores[best, place] == pytest.approx(found.scores[0], abs=1e-3)

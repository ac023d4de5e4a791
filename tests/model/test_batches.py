"""Batches through the model's process: the answers of one by one, bad images alone, nothing left waiting."""

import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.batches import Batches
from model.host import serve
from model.messages import Failed, LoadModel, Passed, Predict, Predicted, Prediction, PredictMany
from model.predictor import Predictor
from tests.model.tiny import tiny_weights


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(5):
        pixels = rng.integers(0, 256, (40 + 7 * number, 50, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return sorted(folder.iterdir())


@pytest.fixture
def pipe(weights: Path) -> Iterator[Connection]:
    ours, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=serve, args=(theirs,))
    thread.start()
    ours.send(LoadModel(0, weights, "cpu"))
    ours.recv()
    yield ours
    ours.close()
    thread.join(20)
    assert not thread.is_alive()


def asked(paths: list[Path]) -> tuple[Predict, ...]:
    return tuple(Predict(number, path, 0.3, 20) for number, path in enumerate(paths, start=1))


def answers(pipe: Connection, count: int) -> dict[int, object]:
    """`count` answers to images by their number; `Passed` under its own."""
    found: dict[int, object] = {}
    while len(found) < count + 1:
        answer = pipe.recv()
        found[answer.request] = answer
    return found


def assert_same(one: Prediction, other: Prediction) -> None:
    assert (one.image_width, one.image_height, len(one)) == (
        other.image_width,
        other.image_height,
        len(other),
    )
    np.testing.assert_allclose(one.boxes, other.boxes, atol=1e-5)
    np.testing.assert_allclose(one.scores, other.scores, atol=1e-5)
    np.testing.assert_array_equal(one.classes, other.classes)
    np.testing.assert_allclose(one.coefficients, other.coefficients, atol=1e-4)
    np.testing.assert_allclose(one.prototypes, other.prototypes, atol=2e-3)


def test_a_batch_says_what_one_by_one_says(pipe: Connection, images: list[Path]) -> None:
    pipe.send(PredictMany(99, asked(images[:3]), tuple(images[3:])))
    together = answers(pipe, 3)
    assert together.pop(99) == Passed(99)
    for number, path in enumerate(images[:3], start=1):
        pipe.send(Predict(number, path, 0.3, 20))
        alone, batched = pipe.recv(), together[number]
        assert isinstance(batched, Predicted)
        assert len(batched.prediction) > 0
        assert_same(batched.prediction, alone.prediction)
        assert set(batched.prediction.seconds) == {"decode", "transform", "forward", "detect"}


def test_a_bad_image_fails_alone(pipe: Connection, images: list[Path], tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no image")
    pipe.send(PredictMany(99, asked([images[0], bad, tmp_path / "absent.png", images[1]])))
    found = answers(pipe, 4)
    assert [type(found[number]) for number in (1, 2, 3, 4)] == [Predicted, Failed, Failed, Predicted]
    assert "bad.png" in str(found[2])


def test_what_was_decoded_ahead_is_used_and_what_is_not_wanted_is_dropped(
    weights: Path, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []

    def counted(path: Path, reduce: int = 1) -> np.ndarray:
        read.append(path)
        return np.zeros((30, 40, 3), np.uint8)

    monkeypatch.setattr("model.batches.read_image", counted)
    found: list[object] = []
    batches = Batches(Predictor(weights, "cpu"), found.append)
    batches.run(PredictMany(10, asked(images[:2]), (images[2], images[4])))
    batches.run(PredictMany(11, asked(images[2:4])))
    assert len(batches._ahead) == 0
    batches.settle()
    batches.close()
    assert sorted(read) in (sorted(images), sorted(images[:4]))  # the fifth may not have been begun
    assert sum(isinstance(each, Predicted) for each in found) == 4


def test_where_memory_does_not_do_for_all_halves_are_run(
    weights: Path, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(weights, "cpu")
    forward, sizes = predictor.forward, []

    def small(inputs: object) -> object:
        sizes.append(len(inputs))
        if len(inputs) > 1:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate")
        return forward(inputs)

    monkeypatch.setattr(predictor, "forward", small)
    found: list[object] = []
    batches = Batches(predictor, found.append)
    batches.run(PredictMany(10, asked(images[:3])))
    batches.settle()
    batches.close()
    assert sizes == [3, 1, 2, 1, 1]
    assert sorted(each.request for each in found) == [1, 2, 3, 10]
    assert not any(isinstance(each, Failed) for each in found)


def test_an_image_before_a_model_is_refused(images: list[Path]) -> None:
    ours, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=serve, args=(theirs,))
    thread.start()
    ours.send(PredictMany(9, asked(images[:1])))
    assert isinstance(ours.recv(), Failed)
    assert ours.recv() == Passed(9)
    ours.close()
    thread.join(20)


def test_a_bug_after_the_network_ends_the_process(
    weights: Path, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Predictor, "finish", broken)
    ours, theirs = multiprocessing.Pipe()
    ours.send(LoadModel(0, weights, "cpu"))
    ours.send(PredictMany(9, asked(images[:1])))
    with pytest.raises(ZeroDivisionError):
        serve(theirs)
    ours.close()


@pytest.mark.gpu
@pytest.mark.parametrize("count", [1, 3])
def test_half_precision_graphs_say_nearly_the_same(weights: Path, images: list[Path], count: int) -> None:
    plain, fast = Predictor(weights, "cuda"), Predictor(weights, "cuda", precision="float16", batch=3)
    pixels = [np.asarray(Image.open(path).convert("RGB")) for path in images[:count]]
    import torch

    inputs = torch.cat([plain.prepare(each) for each in pixels])
    for _ in range(2):
        one, other = plain.forward(inputs), fast.forward(inputs)
        for a, b in zip(one[:4], other[:4], strict=True):
            torch.testing.assert_close(b, a, atol=0.03 * float(a.abs().max()), rtol=0.05)

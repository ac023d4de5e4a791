"""The model's process, driven over a real pipe."""

import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from PIL import Image

from model.config import CONFIGS
from model.host import serve
from model.image_io import ImageHeader
from model.messages import Failed, Loaded, LoadModel, Predict, Predicted, Shutdown
from model.region import reduction
from tests.model.tiny import NAMES, tiny_weights


@pytest.fixture
def pipe() -> Iterator[Connection]:
    """Our end of the pipe; the server runs in a thread, so that its bugs are seen."""
    ours, theirs = multiprocessing.Pipe()
    thread = threading.Thread(target=serve, args=(theirs,))
    thread.start()
    yield ours
    ours.close()
    thread.join(10)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    Image.new("RGB", (40, 30), "red").save(path)
    return path


def ask(pipe: Connection, request: LoadModel | Predict) -> object:
    pipe.send(request)
    return pipe.recv()


def test_load_predict_shutdown(pipe: Connection, weights: Path, image: Path) -> None:
    loaded = ask(pipe, LoadModel(1, weights, "cpu"))
    assert loaded == Loaded(1, "tiny-1", NAMES, "cpu", batch=1)
    answer = ask(pipe, Predict(2, image, min_score=0.1, max_detections=5))
    assert isinstance(answer, Predicted)
    assert answer.request == 2
    assert (answer.prediction.image_width, answer.prediction.image_height) == (40, 30)
    assert set(answer.prediction.seconds) == {"decode", "transform", "forward", "detect"}
    pipe.send(Shutdown())
    with pytest.raises(EOFError):
        pipe.recv()


@pytest.mark.parametrize(
    ("width", "height", "kind", "expected"),
    [
        (4000, 3000, "JPEG", 2),  # 3000 / 2 holds twice 416, 3000 / 4 does not
        (4000, 4000, "JPEG", 4),
        (90000, 9000, "MPO", 8),
        (1600, 1700, "JPEG", 1),
        (4000, 3000, "PNG", 1),
    ],
)
def test_large_jpegs_are_reduced_while_decoding(width: int, height: int, kind: str, expected: int) -> None:
    header = ImageHeader(width, height, kind)
    assert reduction(header, CONFIGS["lite"]) == expected
    assert reduction(header, CONFIGS["yolact_resnet50"]) == 1


def test_a_reduced_jpeg_keeps_its_size(pipe: Connection, weights: Path, tmp_path: Path) -> None:
    Image.new("RGB", (1001, 803), "red").save(tmp_path / "big.jpg")
    ask(pipe, LoadModel(1, weights, "cpu"))
    answer = ask(pipe, Predict(2, tmp_path / "big.jpg", min_score=0.9))
    assert (answer.prediction.image_width, answer.prediction.image_height) == (1001, 803)


def test_a_bad_image_costs_one_answer(pipe: Connection, weights: Path, image: Path) -> None:
    ask(pipe, LoadModel(1, weights, "cpu"))
    image.with_name("b.png").write_bytes(b"no image at all")
    failed = ask(pipe, Predict(2, image.with_name("b.png")))
    assert isinstance(failed, Failed)
    assert "b.png" in failed.reason
    assert isinstance(ask(pipe, Predict(3, image)), Predicted)


def test_bad_weights_leave_the_loaded_model(pipe: Connection, weights: Path, image: Path) -> None:
    ask(pipe, LoadModel(1, weights, "cpu"))
    failed = ask(pipe, LoadModel(2, image.with_name("no.safetensors")))
    assert isinstance(failed, Failed)
    assert "nothing there" in failed.reason
    assert isinstance(ask(pipe, Predict(3, image)), Predicted)


def test_an_image_before_a_model_is_refused(pipe: Connection, image: Path) -> None:
    answer = ask(pipe, Predict(7, image))
    assert answer == Failed(7, "expected a loaded model before the first image, got none")


def test_running_out_of_memory_costs_one_answer(
    pipe: Connection, weights: Path, image: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(pipe, LoadModel(1, weights, "cpu"))

    def exhausted(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: not enough memory: you tried ...")

    with monkeypatch.context() as patched:
        patched.setattr("model.host.read_image", exhausted)
        failed = ask(pipe, Predict(2, image))
    assert isinstance(failed, Failed)
    assert "memory" in failed.reason
    assert isinstance(ask(pipe, Predict(3, image)), Predicted)

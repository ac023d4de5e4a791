"""The model's process with the real `model.host`: real weights, real images, real faults."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from app.errors import HostError, InputError
from app.inference import Inference
from tests.app.tiny import save_tiny

ROOT = Path(__file__).parents[2]
WAIT = 60


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def inference(weights: Path) -> Iterator[Inference]:
    with Inference(weights, "cpu") as made:
        yield made


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "ümlaut and space.png"
    Image.new("RGB", (90, 70), (200, 60, 20)).save(path)
    return path


def test_an_image_file_becomes_a_prediction(inference: Inference, image: Path) -> None:
    prediction = inference.predict(image).result(WAIT)
    assert prediction.model_version == "tiny"
    assert prediction.categories == ("cat", "dog")
    assert (prediction.image_width, prediction.image_height) == (90, 70)
    assert prediction.prototypes.shape[2] == prediction.coefficients.shape[1] == 32


def test_no_image_is_one_line_and_the_next_is_answered(
    inference: Inference, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_text("nonsense")
    bad, absent, good = (
        inference.predict(path) for path in (tmp_path / "bad.png", tmp_path / "no.png", image)
    )
    for future in (bad, absent):
        with pytest.raises(InputError) as caught:
            future.result(WAIT)
        assert "\n" not in str(caught.value)
    assert good.result(WAIT).image_width == 90


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes and signals of POSIX")
def test_killed_while_it_predicts_it_comes_back(inference: Inference, image: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "slow.png")
    doomed = inference.predict(tmp_path / "slow.png")
    writer = os.open(tmp_path / "slow.png", os.O_WRONLY)  # waits until the other process reads
    assert inference.pid
    os.kill(inference.pid, signal.SIGKILL)
    os.close(writer)
    with pytest.raises(HostError, match="SIGKILL"):
        doomed.result(WAIT)
    assert inference.predict(image).result(WAIT).image_width == 90


class Code:
    """Makes a pickle that would write a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return (os.mkdir, (str(self.path),))  # type: ignore[return-value]


def test_code_in_weights_is_refused_and_never_run(tmp_path: Path) -> None:
    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Code(tmp_path / "done")))
    with Inference(tmp_path / "evil.pth", "cpu") as inference, pytest.raises(InputError):
        inference.load().result(WAIT)
    assert not (tmp_path / "done").exists()


def test_torch_stays_in_the_other_process(weights: Path, image: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.inference import Inference\n"
        f"with Inference(Path({str(weights)!r}), 'cpu') as i: i.predict(Path({str(image)!r})).result()\n"
        "print('torch' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert run.stdout.strip() == "False"

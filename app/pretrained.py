"""The published models: what they are, where their weights lie, and how to fetch them.

Weights come from the Hugging Face hub (`HF_ENDPOINT` names another one) through `huggingface_hub`, which is
imported when it is needed. What was fetched of a file is kept beside its place and gone on with; a finished
file is checked by its size and, where the hub tells it, its SHA-256. No account, no token.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import InputError

MAIN = Path(__file__).parents[1] / "main.py"
OWNER = "dbolya"
LICENCE = "code MIT; none named for the weights; trained on COCO (annotations CC BY 4.0)"
HUB = "https://huggingface.co"
TIMEOUT = 10.0  # seconds for the hub to answer
Progress = Callable[[int, int], None]  # bytes done, of how many


class DownloadStopped(InputError):
    """A person stopped a download; what came is kept."""


@dataclass(frozen=True, slots=True)
class Pretrained:
    """One published model. Speed: the authors', in images a second on a Titan Xp; AP: mask, COCO test-dev."""

    name: str  # the configuration's
    backbone: str
    size: int  # of the input
    parameters: int
    ap: float
    speed: float
    repository: str
    licence: str = LICENCE

    @property
    def file(self) -> str:
        return f"{self.name}_54_800000.pth"

    @property
    def megabytes(self) -> int:
        """About, in single precision."""
        return round(self.parameters * 4 / 1e6)


MODELS = (
    Pretrained("yolact_resnet50", "ResNet-50", 550, 31_164_943, 28.2, 42.5, "yolact-resnet50"),
    Pretrained("yolact_darknet53", "DarkNet-53", 550, 47_783_087, 28.7, 40.0, "yolact-darknet53"),
    Pretrained("yolact_base", "ResNet-101", 550, 50_157_071, 29.8, 33.5, "yolact-base"),
    Pretrained("yolact_im700", "ResNet-101", 700, 50_157_071, 31.2, 23.6, "yolact-im700"),
    Pretrained("yolact_plus_resnet50", "ResNet-50, deformable", 550, 33_766_460, 34.1, 33.5,
               "yolact-plus-resnet50"),
    Pretrained("yolact_plus_base", "ResNet-101, deformable", 550, 52_571_142, 34.6, 27.3, "yolact-plus-base"),
)  # fmt: skip


def find(name: str) -> Pretrained:
    """A model of the table. InputError names them."""
    for model in MODELS:
        if model.name == name:
            return model
    known = ", ".join(model.name for model in MODELS)
    raise InputError(
        f"expected one of {known}, got {name!r}; any other checkpoint: 'protolabel convert FILE.pth'"
    )


def address(model: Pretrained) -> str:
    """Where its file lies."""
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    return f"{endpoint}/{OWNER}/{model.repository}/resolve/main/{model.file}"


def by_hand(model: Pretrained) -> str:
    """What a person without network does."""
    return (
        f"fetch {address(model)} elsewhere, then choose the file in 'Get published weights', or "
        f"'protolabel convert {model.file} --config {model.name} --out {model.name}.safetensors'"
    )


def download(
    model: Pretrained,
    folder: Path,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """The model's `.pth` in `folder`, fetched unless it is there.

    Raises InputError (no network, no space, damaged: the manual way is named) and DownloadStopped; what
    came so far stays and is gone on with next time.
    """
    done = folder / model.file
    if done.is_file():
        return done
    try:
        size, digest, location = _ask(address(model))
        part = folder / f"{model.file}.{re.sub(r'[^0-9A-Za-z]', '', digest)[:12] or 'new'}.part"
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(location, part, size, progress or (lambda *_: None), cancelled)
    except _Stopped:
        raise DownloadStopped(f"{model.name}: stopped; what came so far is kept and gone on with") from None
    except _faults() as error:
        raise InputError(f"expected to fetch {model.file}, got: {_words(error)}; {by_hand(model)}") from None
    if (size is not None and part.stat().st_size != size) or _differs(part, digest):
        part.unlink()
        raise InputError(
            f"{model.file}: expected the file that the hub describes, got a damaged one, which was "
            "thrown away: try again"
        )
    os.replace(part, done)
    return done


def weights_folder() -> Path:
    """Where the window keeps what it fetched."""
    import platformdirs

    return Path(platformdirs.user_data_dir("protolabel", appauthor=False)) / "weights"


def fetch(
    model: Pretrained, folder: Path, progress: Progress, cancelled: Callable[[], bool] = lambda: False
) -> Path:
    """Download and convert: `<name>.safetensors` with its card in `folder`. Errors as those two."""
    out = folder / f"{model.name}.safetensors"
    if not out.is_file():
        file = download(model, folder, progress, cancelled)
        convert(file, model.name, out)
        file.unlink()
    return out


def convert(file: Path, config: str, out: Path, categories: str = "") -> None:
    """`convert` in a process of its own, since a window has no torch. InputError: what it said."""
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(MAIN), "convert", str(file), "--config", config, "--out", str(out)]
    command += ["--categories", categories] if categories else []
    ended = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if ended.returncode:
        said = (ended.stderr.strip().splitlines() or [f"status {ended.returncode}"])[-1]
        raise InputError(said.removeprefix("protolabel: "))


class _Stopped(BaseException):
    """Ends a transfer from within; no library's handler of errors may catch it."""


def _ask(url: str) -> tuple[int | None, str, str]:
    """Size, etag and where the bytes are."""
    from huggingface_hub import get_hf_file_metadata

    told = get_hf_file_metadata(url, timeout=TIMEOUT, token=False)
    return told.size, told.etag or "", told.location


def _fetch(url: str, part: Path, size: int | None, progress: Progress, cancelled: Callable[[], bool]) -> None:
    """Append what is missing to `part`."""
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import tqdm

    have = part.stat().st_size if part.exists() else 0
    if size is not None and have > size:
        part.unlink()
        have = 0

    class Bar(tqdm):
        """Tells the progress instead of drawing it."""

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})
            self.came = int(options.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            self.came += int(n or 0)
            progress(self.came, size or 0)
            if cancelled():
                raise _Stopped

    with part.open("ab") as file:
        try:
            http_get(url, file, resume_size=have, expected_size=size, tqdm_class=Bar)
        finally:
            file.flush()
            os.fsync(file.fileno())


def _differs(path: Path, etag: str) -> bool:
    """Whether the file's SHA-256 is another than the hub's; the hub tells it for large files only."""
    if not re.fullmatch(r"[0-9a-f]{64}", etag):
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() != etag


def _faults() -> tuple[type[Exception], ...]:
    """What the hub's client raises for faults of the world."""
    try:
        from huggingface_hub.errors import HTTPError
    except ImportError:  # a release whose errors are all OSErrors
        return (OSError,)
    return OSError, HTTPError


def _words(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]

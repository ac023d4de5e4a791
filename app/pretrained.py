"""The published models: what they are, where their weights lie, and how to fetch them.

Weights come from the Hugging Face hub (`HF_ENDPOINT` names another one) through `huggingface_hub`, which is
imported when it is needed. What was fetched of a file is kept beside its place and gone on with; a finished
file is checked by its size and, where the hub tells it, its SHA-256. No account, no token.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from app import hub_file
from app.errors import InputError
from app.hub_file import HubFile

MAIN = Path(__file__).parents[1] / "main.py"
OWNER = "dbolya"
LICENCE = "code MIT; none named for the weights; trained on COCO (annotations CC BY 4.0)"
HUB = "https://huggingface.co"
POLL = 0.1  # seconds between looks at whether to stop
DISK = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)
Progress = Callable[[int, int], None]  # bytes done, of how many; (0, 0): converting


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
    """Where its file lies. InputError for a hub whose name is no address."""
    endpoint = os.environ.get("HF_ENDPOINT", "").rstrip("/") or HUB
    try:
        parts = urlsplit(endpoint)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fine = False
    if not fine:
        raise InputError(f"HF_ENDPOINT: expected an address like {HUB}, got {endpoint!r}: mend or unset it")
    return f"{endpoint}/{OWNER}/{model.repository}/resolve/main/{model.file}"


def by_hand(model: Pretrained) -> str:
    """What a person without network does."""
    return (
        f"fetch {address(model)} elsewhere and choose the file in 'Get published weights' "
        f"(protolabel convert {model.file} --out {model.name}.safetensors)"
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
    part = None
    try:
        file = hub_file.ask(address(model), cancelled)
        folder.mkdir(parents=True, exist_ok=True)
        with hub_file.alone(done):
            if done.is_file():  # by another one meanwhile
                return done
            part = folder / f"{model.file}.{re.sub(r'[^0-9A-Za-z]', '', file.digest)[:12] or 'new'}.part"
            _make_room(file, part)
            hub_file.fetch(file, part, progress or (lambda *_: None), cancelled)
            if cancelled():
                raise hub_file.Stopped
            if (file.size is not None and part.stat().st_size != file.size) or _differs(part, file.digest):
                raise _thrown_away(part, model)
            os.replace(part, done)
    except hub_file.Stopped:
        raise DownloadStopped(f"{model.name}: stopped{_kept(part, 'and gone on with next time')}") from None
    except hub_file.faults() as error:
        raise _refusal(error, model, folder, part) from None
    return done


def _refusal(error: Exception, model: Pretrained, folder: Path, part: Path | None) -> InputError:
    """What a fault of the world means for whoever wanted the file, and what they can do."""
    if part is not None and _status(error) == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return _thrown_away(part, model)
    kept = _kept(part, "and gone on with")
    if isinstance(error, OSError) and error.errno in DISK:
        return InputError(
            f"expected to write {model.file} into {folder}, got: {os.strerror(error.errno)}{kept}; "
            "see to it, then try again"
        )
    return InputError(
        f"expected to fetch {model.file}, got: {_words(error)}{kept}; try again, or {by_hand(model)}"
    )


def _thrown_away(part: Path, model: Pretrained) -> InputError:
    """A file that is not the one described, which going on with would not mend."""
    part.unlink(missing_ok=True)
    return InputError(
        f"{model.file}: expected the file that the hub describes, got a damaged one, which was thrown away: "
        "try again"
    )


def _kept(part: Path | None, then: str) -> str:
    """What is said of bytes that came before it ended."""
    size = part.stat().st_size if part is not None and part.exists() else 0
    return f"; {max(round(size / 1e6), 1)} MB that came are kept {then}" if size else ""


def _make_room(file: HubFile, part: Path) -> None:
    """InputError where the disk has no room for what is missing."""
    missing = (file.size or 0) - (part.stat().st_size if part.exists() else 0)
    free = shutil.disk_usage(part.parent).free
    if missing > free:
        raise InputError(
            f"{part.parent}: expected room for {missing / 1e6:.0f} MB, got {free / 1e6:.0f} MB: "
            "free some, then try again"
        )


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
        convert(file, model.name, out, progress=progress, cancelled=cancelled)
    (folder / model.file).unlink(missing_ok=True)
    return out


def convert(
    file: Path,
    config: str | None,
    out: Path,
    categories: str = "",
    *,
    progress: Progress = lambda *_: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """`convert` in a process of its own, since a window has no torch.

    InputError: what it said. DownloadStopped: nothing is left of it. `progress` is told (0, 0): no share of
    it can be given.
    """
    progress(0, 0)
    out.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(MAIN), "convert", str(file), "--out", str(out)]
    command += ["--config", config] if config else []
    command += ["--categories", categories] if categories else []
    if not _run(command, cancelled):
        for left in out.parent.glob(f".{out.name}-*"):
            left.unlink(missing_ok=True)
        raise DownloadStopped(f"{file.name}: stopped before it was converted")


def _run(command: Sequence[str], cancelled: Callable[[], bool]) -> bool:
    """Whether it came to its end before it was stopped. InputError: its last words where it failed."""
    run = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    with run:
        while True:
            try:
                _, told = run.communicate(timeout=POLL)
                break
            except subprocess.TimeoutExpired:
                if cancelled():
                    run.kill()
                    run.communicate()
                    return False
    if run.returncode:
        said = (told.strip().splitlines() or [f"status {run.returncode}"])[-1]
        raise InputError(said.removeprefix("protolabel: "))
    return True


def _differs(path: Path, etag: str) -> bool:
    """Whether the file's SHA-256 is another than the hub's; the hub tells it for large files only."""
    if not re.fullmatch(r"[0-9a-f]{64}", etag):
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() != etag


def _words(error: BaseException) -> str:
    """What is wrong, in a few words."""
    if type(error).__name__ == "RemoteProtocolError":  # of whichever client the hub's library has
        return "the connection broke off"
    status = _status(error)
    if status is not None:
        return f"the hub's answer {status}, {HTTPStatus(status).phrase}"
    words = (str(error).strip().splitlines() or [type(error).__name__])[0]
    words = re.sub(r"https?://\S+?(?=[:,]?(\s|$))", "the hub", words)  # whose address follows
    return re.sub(r"^\[Errno -?\d+\] ", "", words)[:120]


def _status(error: BaseException) -> HTTPStatus | None:
    """The hub's answer, where it is one."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return HTTPStatus(status) if status in list(HTTPStatus) else None

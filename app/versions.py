"""Model versions: those that ship, and a project's own in models/<version>/. Which one is active.

A version is a folder that is never changed: weights.safetensors and card.json (categories, configuration,
data, scores, licence, parent). A new one becomes active only when a person says so, after it has loaded
strictly in the model's process and answered a probe image.
"""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.errors import InputError, ProjectError, WeightsError
from model.card import CARD_FILE, WEIGHTS_FILE, card_path

if TYPE_CHECKING:
    from app.project import Project

BUILT_IN = Path(__file__).parents[1] / "resources" / "weights"
SETTING = "active_version"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """One version of a model. `card` is what its card.json says, {} when it has none."""

    name: str
    weights: Path
    card: Mapping[str, Any] = field(default_factory=dict)
    built_in: bool = False
    loose: bool = False  # a file from elsewhere: neither shipped nor of the project, and not known to stay

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(self.card.get("categories", ()))


def built_in() -> list[ModelVersion]:
    """The versions that ship, by name."""
    return _in_folder(BUILT_IN, built_in=True)


def list_versions(project: Project) -> list[ModelVersion]:
    """Those that ship, then the project's own, oldest first."""
    own = _in_folder(project.folder / "models")
    return built_in() + sorted(own, key=lambda each: (float(each.card.get("created") or 0), each.name))


def find(text: str | Path, project: Project | None = None) -> ModelVersion:
    """A version by name, by its folder, or by a weights file. WeightsError in words when there is none."""
    known = list_versions(project) if project else built_in()
    for version in known:
        if version.name == str(text):
            return version
    path = Path(text)
    if (path / WEIGHTS_FILE).is_file():
        return replace(_read(path), loose=True)
    if path.is_file():
        return ModelVersion(path.stem, path, read_card(path), loose=True)
    names = ", ".join(version.name for version in known) or "none here"
    raise WeightsError(f"expected a weights file, a version's folder or a name ({names}), got {str(text)!r}")


def active(project: Project) -> ModelVersion:
    """The version that pre-labels: the one a person made active, else the built-in that fits best.

    Fits best: shares the most category names with the project; `people` where there is no difference.
    """
    name = project.setting(SETTING, None)
    versions = list_versions(project)
    for version in versions:
        if version.name == name:
            return version
    if not versions:
        raise WeightsError(f"expected model versions in {BUILT_IN}, found none; install Protolabel again")
    names = {category.name.casefold() for category in project.categories()}

    def fit(version: ModelVersion) -> tuple[int, bool]:
        return len(names & {each.casefold() for each in version.categories}), version.name == "people"

    return max((each for each in versions if each.built_in), key=fit, default=versions[-1])


def activate(project: Project, name: str, *, probe: Path | None = None, device: str = "auto") -> ModelVersion:
    """Make a version the active one, after it loaded in the model's process and answered an image.

    `probe`: the image to ask about; a grey one is made when none is given. Raises what the model's process
    says (InputError); the old version then stays active.
    """
    version = find(name, project)
    if version.loose:
        raise ProjectError(f"expected a version of this project or one that ships, got {name!r}; register it")
    try_out(version, probe=probe, device=device)
    project.set_setting(SETTING, version.name)
    return version


def try_out(version: ModelVersion, *, probe: Path | None = None, device: str = "auto") -> None:
    """Load a version strictly in a process of its own and let it answer one image. InputError if it fails."""
    from app.inference import Inference  # here: the window asks for names before it needs a process

    with (
        tempfile.TemporaryDirectory(prefix="protolabel-") as folder,
        Inference(version.weights, device) as trial,
    ):
        trial.load().result()
        trial.predict(probe or _grey_image(Path(folder))).result()


def register(project: Project, name: str, weights: Path, card: Mapping[str, Any]) -> ModelVersion:
    """Copy a run's weights into models/<name>/, with its card. The folder appears whole, and only once."""
    if not NAME.fullmatch(name):
        raise InputError(f"expected a version's name of letters, digits, '.', '_' and '-', got {name!r}")
    if name in {each.name for each in list_versions(project)}:
        raise ProjectError(
            f"expected a new name, got {name!r}, which a version has; versions are never changed"
        )
    models = project.folder / "models"
    models.mkdir(exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=models))
    try:
        shutil.copyfile(weights, part / WEIGHTS_FILE)
        text = json.dumps({**card, "name": name, "created": time.time()}, indent=1, ensure_ascii=False)
        (part / CARD_FILE).write_text(text, encoding="utf-8")
        for file in part.iterdir():
            with file.open("rb+") as handle:
                os.fsync(handle.fileno())
            file.chmod(0o444)
        part.chmod(0o755)
        os.replace(part, models / name)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise ProjectError(
            f"{models}: the version could not be written: {error.strerror}; free space"
        ) from error
    return _read(models / name)


def adopt(project: Project, version: ModelVersion) -> ModelVersion:
    """Copy a loose version's weights into the project, under its name or the nearest one that is free.

    One of the project's with the same weights and categories is taken instead. Its card is the one beside
    the file, else the one inside. WeightsError where neither names categories.
    """
    from safetensors import SafetensorError, safe_open

    from model.card import read_inside

    card: Mapping[str, Any] = version.card
    if not card.get("categories"):
        try:
            with safe_open(version.weights, framework="numpy") as file:
                inside = read_inside(file.metadata(), version.weights)
        except (OSError, SafetensorError):
            inside = None
        if inside is None:
            raise WeightsError(
                f"{version.weights}: expected weights with a model card, found none; "
                "published .pth files become such with `convert`"
            )
        card = inside.to_dict()
    for known in _in_folder(project.folder / "models"):
        if known.categories == tuple(card["categories"]) and _same(known.weights, version.weights):
            return known
    wanted = re.sub(r"[^A-Za-z0-9._-]+", "-", version.name).strip("-._")[:56] or "model"
    taken = {each.name for each in list_versions(project)}
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, len(taken) + 3)))
    return register(project, next(each for each in names if each not in taken), version.weights, card)


def _same(one: Path, other: Path) -> bool:
    """Whether two files hold the same; not where one cannot be read."""
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def next_name(project: Project) -> str:
    """'v1', 'v2', ...: the next that is free."""
    taken = {each.name for each in list_versions(project)}
    return next(name for number in range(1, 1_000_000) if (name := f"v{number}") not in taken)


def _in_folder(folder: Path, *, built_in: bool = False) -> list[ModelVersion]:
    if not folder.is_dir():
        return []
    found = sorted(
        each for each in folder.iterdir() if (each / WEIGHTS_FILE).is_file() and each.name[0] != "."
    )
    return [_read(each, built_in=built_in) for each in found]


def _read(folder: Path, *, built_in: bool = False) -> ModelVersion:
    return ModelVersion(folder.resolve().name, folder / WEIGHTS_FILE, _card(folder / CARD_FILE), built_in)


def read_card(weights: Path) -> dict[str, Any]:
    """The card beside a weights file, as it stands there; {} where there is none."""
    return _card(card_path(weights))


def _card(path: Path) -> dict[str, Any]:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


def _grey_image(folder: Path) -> Path:
    from PIL import Image

    path = folder / "probe.png"
    Image.new("RGB", (320, 240), (128, 128, 128)).save(path)
    return path

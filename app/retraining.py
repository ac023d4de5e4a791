"""Retraining on what was corrected: freeze the data, start a run of its own, take in what came of it.

Only images marked done are trained on. Which of them are held out follows from their content, so that an
image never changes sides and nothing leaks. A run never makes its result active: a person does, after the
comparison with the version it started from, on the same held-out images.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import processes, versions
from app.annotation import ImageId, ImageState
from app.coco import export_coco
from app.errors import InputError, ProjectError
from app.images import content_hash
from app.records import MIN_IMAGES
from app.runs import LOG, PROCESS, Run, RunState, tell_first

if TYPE_CHECKING:
    from app.project import Project
    from app.records import ImageRecord

MAIN = Path(__file__).parents[1] / "main.py"
MIN_INSTANCES = 5
HELD_OUT = 0.2  # share of the images that a run is measured on and never trained on
NAME = "run.json"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a person chooses about a run. None: the trainer's own default."""

    init: str | None = None  # the version to start from; None: the active one
    iterations: int | None = None
    batch_size: int | None = None
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The frozen data of a run."""

    train: Path
    val: Path
    train_images: int
    val_images: int
    instances: int
    digest: str  # of both files' content
    passed_over: tuple[str, ...] = ()  # images marked done that cannot be read, and why


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions on the same held-out images. Scores as `evaluate --json` gives them."""

    old: str
    new: str
    images: int
    old_scores: Mapping[str, Any]
    new_scores: Mapping[str, Any]


def held_out(fingerprint: str) -> bool:
    """Whether an image is measured on, for ever, by a hash of its content."""
    return _draw(fingerprint) < HELD_OUT


def _draw(fingerprint: str) -> float:
    """A number from 0 to 1 that an image keeps for ever."""
    digest = hashlib.blake2b(fingerprint.encode(), digest_size=8, person=b"split").digest()
    return int.from_bytes(digest, "big") / 2**64


def _fingerprints(
    project: Project, records: Sequence[ImageRecord]
) -> tuple[dict[ImageId, str], tuple[str, ...]]:
    """The hash of each image's content; what is not known yet is read and kept.

    Images that cannot be read have none (their side is not known), but a reason.
    """
    found, learnt, unread = {}, [], []
    for record in records:
        value = record.content_hash
        if not value:
            try:
                value = content_hash(project.images_dir / record.path)
            except OSError as error:
                unread.append(f"{record.path}: cannot be read: {error.strerror}")
                continue
            learnt.append({"id": record.id, "content_hash": value})
        found[record.id] = value
    project.store.update_images(learnt)
    return found, tuple(unread)


def snapshot(project: Project, folder: Path) -> Snapshot:
    """Freeze the images marked done as train.json and val.json in `folder`.

    Raises InputError, with what is missing, when there are too few.
    """
    finished = [each for each in project.images() if each.state is ImageState.DONE]
    keys, unread = _fingerprints(project, finished)
    data = _frozen(project, folder / "all.json", {each.path for each in finished if each.id in keys})
    there = {each["file_name"] for each in data["images"]}
    records = [each for each in finished if each.id in keys and each.path in there]
    unread += tuple(
        f"{each.path}: cannot be read as an image"
        for each in finished
        if each.id in keys and each.path not in there
    )
    instances = len(data["annotations"])
    if len(records) < MIN_IMAGES or instances < MIN_INSTANCES:
        lacking = f" ({len(unread)} more cannot be read: {unread[0]})" if unread else ""
        raise InputError(
            f"expected at least {MIN_IMAGES} images marked done with {MIN_INSTANCES} annotations, got "
            f"{len(records)}{f' with {instances}' if instances else ''}{lacking}; "
            f"mark {max(MIN_IMAGES - len(records), 1)} more as done"
        )
    order = sorted(records, key=lambda each: _draw(keys[each.id]))
    held = {each.path for each in order if held_out(keys[each.id])} or {order[0].path}
    if len(held) == len(records):  # all on one side: the last goes to training
        held.discard(order[-1].path)
    paths = [
        _write_part(data, folder / name, held, keep)
        for name, keep in (("train.json", False), ("val.json", True))
    ]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()
    return Snapshot(paths[0], paths[1], len(records) - len(held), len(held), instances, digest, unread)


def _frozen(project: Project, whole: Path, wanted: set[str]) -> dict[str, Any]:
    """The images marked done whose paths are `wanted`, in COCO's form; `whole`: a file for a while."""
    export_coco(project, whole, states=(ImageState.DONE,))
    data: dict[str, Any] = json.loads(whole.read_text(encoding="utf-8"))
    whole.unlink()
    images = [each for each in data["images"] if each["file_name"] in wanted]
    ids = {each["id"] for each in images}
    annotations = [each for each in data["annotations"] if each["image_id"] in ids]
    return {**data, "images": images, "annotations": annotations}


def _write_part(data: Mapping[str, Any], path: Path, held: set[str], keep: bool) -> Path:
    """The images that are (`keep`) or are not among `held`, with what is in them."""
    images = [each for each in data["images"] if (each["file_name"] in held) is keep]
    ids = {each["id"] for each in images}
    annotations = [each for each in data["annotations"] if each["image_id"] in ids]
    path.write_text(json.dumps({**data, "images": images, "annotations": annotations}), encoding="utf-8")
    return path


def start_run(project: Project, settings: Settings | None = None) -> Run:
    """Freeze the data and start a run in its own process, which goes on when we end.

    Raises InputError when there is too little data or the version to start from is not there.
    """
    chosen = settings or Settings()
    version = versions.find(chosen.init, project) if chosen.init else versions.active(project)
    folder = _new_folder(project.folder / "runs")
    try:
        frozen = snapshot(project, folder)
    except InputError:
        shutil.rmtree(folder)
        raise
    about = {
        "parent": version.name,
        "parent_weights": str(version.weights),
        "images_dir": str(project.images_dir),
        "settings": asdict(chosen),
        "snapshot": {
            "digest": frozen.digest,
            "train_images": frozen.train_images,
            "val_images": frozen.val_images,
            "instances": frozen.instances,
        },
    }
    (folder / NAME).write_text(json.dumps(about, indent=1), encoding="utf-8")
    if frozen.passed_over:
        tell_first(folder, frozen.passed_over)
    return _launch(folder, _command(folder, about))


def resume(run: Run) -> Run:
    """Go on with a run that was cancelled or interrupted, or failed since, from its last checkpoint."""
    if not run.resumable:
        state = run.state
        raise ProjectError(
            "expected a run that was cancelled or interrupted, or failed after its first checkpoint, got "
            f"{run.name}, which is {state}: {'wait' if state is RunState.RUNNING else 'start a new one'}"
        )
    (run.folder / "cancel").unlink(missing_ok=True)
    return _launch(run.folder, [*_command(run.folder, about(run)), "--resume"])


def about(run: Run) -> dict[str, Any]:
    """What a project's run was given: parent, settings, snapshot."""
    return dict(json.loads((run.folder / NAME).read_text(encoding="utf-8")))


def compare(run: Run) -> Comparison:
    """Measure the version that the run started from and its result, on the run's held-out images.

    Each in a process of its own; takes about a second an image. `old_scores` is {} when the old version knows
    none of the categories. InputError when the new one cannot be measured.
    """
    given = about(run)
    where = run.folder / "val.json", Path(given["images_dir"]), given["settings"]["device"]
    new = _evaluate(_weights(run), *where)
    try:
        old = _evaluate(Path(given["parent_weights"]), *where)
    except InputError:
        old = {}
    result = Comparison(given["parent"], run.name, given["snapshot"]["val_images"], old, new)
    (run.folder / "comparison.json").write_text(json.dumps(asdict(result), indent=1), encoding="utf-8")
    return result


def register(project: Project, run: Run, comparison: Comparison | None = None) -> versions.ModelVersion:
    """Make a finished run's result a version of the project. It is not made active."""
    given = about(run)
    weights = _weights(run)
    card = dict(versions.read_card(weights))
    card |= {"parent": given["parent"], "run": run.name, "snapshot": given["snapshot"]}
    if comparison:
        card["comparison"] = asdict(comparison)
    return versions.register(project, versions.next_name(project), weights, card)


def _weights(run: Run) -> Path:
    result = run.result
    if not result:
        raise InputError(f"expected a finished run, got {run.name}, which is {run.state}: {run.failure}")
    return run.folder / str(result["weights"])


def _evaluate(weights: Path, data: Path, images: Path, device: str) -> dict[str, Any]:
    command = [sys.executable, str(MAIN), "evaluate", "--model", str(weights), "--data", str(data)]
    command += ["--images", str(images), "--device", device, "--json"]
    environment = {**dict([processes.SHARE_THE_CORES]), **os.environ}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if run.returncode:
        raise InputError(
            run.stderr.strip().splitlines()[-1] if run.stderr.strip() else "the evaluation ended"
        )
    return dict(json.loads(run.stdout.splitlines()[-1]))


def _command(folder: Path, given: Mapping[str, Any]) -> list[str]:
    """What a person would type."""
    settings = given["settings"]
    command = [sys.executable, str(MAIN), "train", "--data", str(folder / "train.json")]
    command += ["--images", given["images_dir"], "--val", str(folder / "val.json")]
    command += ["--init", given["parent_weights"], "--run", str(folder), "--device", settings["device"]]
    if settings["iterations"]:
        command += ["--iterations", str(settings["iterations"])]
    if settings["batch_size"]:
        command += ["--batch-size", str(settings["batch_size"])]
    return command


def _launch(folder: Path, command: Sequence[str]) -> Run:
    pid = processes.start_detached(command, log=folder / LOG, folder=MAIN.parent)
    text = json.dumps({"pid": pid, "started": time.time(), "command": list(command)}, indent=1)
    (folder / PROCESS).write_text(text, encoding="utf-8")
    return Run(folder)


def _new_folder(runs: Path) -> Path:
    """runs/<date>-<number>, which did not exist before."""
    day = time.strftime("%Y%m%d")
    runs.mkdir(exist_ok=True)
    for number in range(1, 10_000):
        folder = runs / f"{day}-{number}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise ProjectError(f"expected room for another run in {runs}; remove old ones")


def follow(run: Run, tell: Callable[[Mapping[str, Any]], None], *, pause: float = 0.2) -> RunState:
    """Hand on a run's events as they come, until it has ended."""
    seen = 0
    while True:
        state = run.state
        for event in run.events(seen):
            seen += 1
            tell(event)
        if state is not RunState.RUNNING:
            return state
        time.sleep(pause)

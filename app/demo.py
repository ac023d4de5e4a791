"""The sample project: generated scenes, some pre-labelled, a few marked done, so that all can be tried.

The scenes come with the truth that they were painted from; the images marked done have it as annotations.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app import versions
from app.annotation import ImageState
from app.coco import export_coco, import_coco
from app.errors import ProjectError
from app.inference import Inference
from app.prelabel import PrelabelReport, prelabel_project
from app.project import Project
from model.scenes import generate

SCENES = 24
DONE = 6  # with their truth, marked done
PRELABELLED = 6
SEED = 20  # scenes that the models which ship were not trained on
MODEL = "starter"

Stage = Callable[[str], Callable[[int, int], None]]  # what is being done -> told (done, total)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where the results of the demonstration without a window lie."""

    project: Path
    export: Path
    prelabel: PrelabelReport
    annotations: int


def sample_folder() -> Path:
    """Where the sample project lies if nobody says otherwise: in the user's data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("protolabel", appauthor=False)) / "sample"


def make_sample(folder: Path, stage: Stage, *, device: str = "auto") -> bool:
    """Make the sample project in `folder`; False when it is there already.

    It appears whole or not at all. ProjectError when something else lies there.
    """
    if (folder / "project.db").is_file():
        return False
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectError(f"expected an empty or new folder for the sample, got {folder}; name another")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _build(part, stage, device)
        if folder.exists():
            folder.rmdir()
        part.chmod(folder.parent.stat().st_mode & 0o777)  # temporary folders are for their owner only
        os.replace(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return True


def _build(folder: Path, stage: Stage, device: str) -> None:
    part = generate(folder, SCENES, SEED, progress=stage("scenes"))
    truth = json.loads(part.read_text("utf-8"))
    ids = [each["id"] for each in sorted(truth["images"], key=lambda each: each["file_name"])][:DONE]
    truth["annotations"] = [each for each in truth["annotations"] if each["image_id"] in ids]
    truth["images"] = [each for each in truth["images"] if each["id"] in ids]
    part.write_text(json.dumps(truth), encoding="utf-8")
    project = Project.create(folder, folder / "images")
    try:
        project.scan()
        import_coco(project, part, done=True)
        part.unlink()
        records = project.images()
        some = [each.id for each in records[DONE : DONE + PRELABELLED]]
        with Inference(versions.find(MODEL).weights, device) as inference:
            prelabel_project(project, inference, some, progress=stage("pre-labelling"))
    finally:
        project.close()


def run_without_window(folder: Path, stage: Stage, *, device: str = "auto") -> Outcome:
    """The job of the demonstration where there is no display: pre-label what is new, export everything."""
    project = Project.open(folder)
    out = folder / "sample.json"
    try:
        version = versions.find(MODEL, project)
        with Inference(version.weights, device) as inference:
            report = prelabel_project(project, inference, progress=stage("pre-labelling"))
        states = (ImageState.DONE, ImageState.PRELABELLED, ImageState.IN_PROGRESS)
        written = export_coco(project, out, states, include_proposals=True, progress=stage("export"))
    finally:
        project.close()
    return Outcome(folder, out, report, written.annotations)

"""Pre-labelling a project with many processes: each predicts its share, the last to end offers it all.

Only one process may edit a project, so the others open it for reading and write what they find into part
files in its cache. Nothing is lost with a process that is killed: started again, all go on where they were.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.annotation import AnnotationState, Origin
from app.bulk_parts import predict_missing
from app.geometry import RleMask
from app.inference import Inference, Priority
from app.prelabel import FLOOR, LAST_RUN, Failure, PrelabelReport, images_to_prelabel
from app.project import Project
from app.proposals import Candidate, candidates, categories_for, proposals
from app.rle import decode
from app.shards import Parts, Place, Shard, digest
from model.messages import Prediction

if TYPE_CHECKING:
    from app.records import ImageRecord


def prelabel_project_share(
    path: Path,
    inference: Inference,
    shard: Shard,
    *,
    min_score: float = FLOOR,
    again: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> PrelabelReport | None:
    """Predict our share of a project's images; the last process to end offers the proposals of all.

    None when another process does. Which images are done, and what is offered, is as `prelabel_project` says.
    Raises InputError when the weights cannot be loaded or another program edits the project; what was
    predicted stays for the next start.
    """
    start = time.monotonic()
    if shard.rank == 0:
        Project.open(path).close()  # says at once when another program edits it
    version = inference.load().result().model_version
    project = Project.open(path, read_only=True)
    try:
        total = len(project.images())
        todo = images_to_prelabel(project, inference, version, again=again)
        job = digest(version, str(inference.weights), min_score, again)
        parts = Parts(project.folder / "cache" / f"prelabel-{job}", shard)
        try:
            own = [each for each in todo if shard.has(str(each.path))]
            predict_missing(
                parts,
                own,
                inference,
                key=lambda each: str(each.path),
                stamp=lambda each: each.content_key,
                ask=lambda each: inference.predict(
                    project.image_path(each.id), FLOOR, priority=Priority.BULK
                ),
                line=lambda prediction: _line(prediction, min_score),
                progress=progress or (lambda done, total: None),
            )
            with parts.alone() as ours:
                places = _complete(parts, todo) if ours else None
                if places is None:
                    return None
                project.close()
                done, offered, failed = _offer(path, parts, todo, places, version)
                parts.remove()
        finally:
            parts.close()
    finally:
        project.close()
    return PrelabelReport(
        done=done,
        skipped=total - len(todo),
        proposals=offered,
        failed=tuple(failed),
        cancelled=False,
        seconds=time.monotonic() - start,
    )


def _complete(parts: Parts, todo: Sequence[ImageRecord]) -> list[Place] | None:
    """The line of every image, None while some are missing."""
    if not parts.all_present:
        return None
    found = parts.places()
    places = [found.get(str(each.path)) for each in todo]
    kept = [
        place
        for place, each in zip(places, todo, strict=True)
        if place is not None and place.stamp == each.content_key
    ]
    return kept if len(kept) == len(todo) else None


def _offer(
    path: Path, parts: Parts, todo: Sequence[ImageRecord], places: Sequence[Place], version: str
) -> tuple[int, int, list[Failure]]:
    """Images that were given proposals, how many, and what failed. The project is opened for editing."""
    project = Project.open(path)
    done = offered = 0
    failed: list[Failure] = []
    try:
        project.set_setting(LAST_RUN, version)
        for record, line in zip(todo, parts.read(places), strict=True):
            if "failed" in line:
                failed.append(Failure(str(record.path), line["failed"]))
                continue
            if not record.width:
                project.store.update_image(record.id, width=line["size"][0], height=line["size"][1])
            document = project.document(record.id)
            found = [_candidate(one) for one in line["candidates"]]
            edit = proposals(found, document, categories_for(project, found))
            if edit is not None:
                document.apply(edit)
            offered += sum(one.state is AnnotationState.PROPOSED for one in document.annotations.values())
            done += 1
    finally:
        project.close()
    return done, offered, failed


def _line(prediction: Prediction, min_score: float) -> dict[str, Any]:
    """What is kept of an image."""
    return {
        "size": [prediction.image_width, prediction.image_height],
        "candidates": [_plain(each) for each in candidates(prediction, min_score)],
    }


def _plain(each: Candidate) -> dict[str, Any]:
    """A candidate as JSON takes it; its mask follows from the runs."""
    geometry = each.geometry
    return {
        "category": each.category,
        "score": each.score,
        "size": [geometry.width, geometry.height],
        "counts": geometry.counts.decode("ascii"),
        "bbox": list(each.bbox),
        "area": each.area,
        "origin": asdict(each.origin),
    }


def _candidate(values: Mapping[str, Any]) -> Candidate:
    width, height = values["size"]
    geometry = RleMask(width, height, values["counts"].encode("ascii"))
    origin: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in values["origin"].items()
    }
    left, top, across, down = values["bbox"]
    return Candidate(
        values["category"],
        values["score"],
        decode(geometry),
        geometry,
        (left, top, across, down),
        values["area"],
        Origin(**origin),
    )

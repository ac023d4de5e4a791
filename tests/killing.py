"""Kills an editing process at a random instant and compares what is on disk with what it had committed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from app.document import ImageDocument
from app.project import Project
from tests.editing_child import contents, depth, digest, random_edit

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Kill:
    """What one kill did: edits that the child had committed, and whether all of them are there."""

    committed: int
    lost: bool
    opened: bool


def kill_while_editing(folder: Path, seed: int) -> Kill:
    """Start the child, SIGKILL it at a random instant, open the project again and go on editing."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.editing_child", str(folder), str(seed)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(random.Random(seed).uniform(0.0, 0.25))
    child.kill()
    lines = [line.strip() for line in child.stdout if line.endswith("\n")]
    child.stdout.close()
    child.wait()
    last = lines[-1].removeprefix("committed ").strip() if lines else None
    project = Project.open(folder)
    try:
        document = project.document(project.images()[0].id)
        now = digest(document)
        # the step under way may have reached the disk before its line reached us: one ahead is as good
        allowed = last is None or now == last or _one_step_ahead(document, last)
        random_edit(document, random.Random(seed))
        reread = digest(project.document(project.images()[0].id))
        return Kill(len(lines), not allowed, reread == digest(document))
    finally:
        project.close()


def _one_step_ahead(document: ImageDocument, last: str) -> bool:
    """Whether the document is `last` plus the one step that was being made when the kill came.

    A step behind is a lost edit: the depths of undo and redo tell the two apart.
    """
    depths, _, held = last.partition("|")
    back, forward = (int(each) for each in depths.split("/"))
    now = depth(document)
    if now in ((back + 1, 0), (back + 1, forward - 1)):  # a new edit, or a redo
        return document.undo() is not None and contents(document) == held and document.redo() is not None
    if now == (back - 1, forward + 1):  # an undo
        return document.redo() is not None and contents(document) == held and document.undo() is not None
    return False

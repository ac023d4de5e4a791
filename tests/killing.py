"""Kills an editing process at a random instant and compares what is on disk with what it had committed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from app.project import Project
from tests.editing_child import digest, random_edit

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
        # the edit under way may have reached the disk before its line reached us: one step back is as good
        allowed = last is None or now == last or _one_step_away(document, last)
        random_edit(document, random.Random(seed))
        reread = digest(project.document(project.images()[0].id))
        return Kill(len(lines), not allowed, reread == digest(document))
    finally:
        project.close()


def _one_step_away(document: object, last: str) -> bool:
    """Whether the document is `last` plus the one edit that was being made when the kill came."""
    from app.document import ImageDocument

    assert isinstance(document, ImageDocument)
    for there, back in ((document.undo, document.redo), (document.redo, document.undo)):
        if there() is None:
            continue
        same = digest(document) == last
        back()
        if same:
            return True
    return False

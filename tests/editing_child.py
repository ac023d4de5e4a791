"""A process that edits a project until it is killed. Run as `python -m tests.editing_child PROJECT SEED`.

After each committed edit it prints how many edits are in force and a digest of the annotations, so that its
parent knows what must be there after the kill.
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from pathlib import Path

from app import edits
from app.annotation import CategoryId
from app.document import ImageDocument
from app.edits import EditKind
from app.project import Project
from tests.builders import box_mask, make_annotation


def depth(document: ImageDocument) -> tuple[int, int]:
    """How many steps can be taken back, and how many again forward; leaves the document as it is."""
    return len(document._undo), len(document._redo)


def digest(document: ImageDocument) -> str:
    """What is in a document and how deep its undo and redo reach, in one word."""
    back, forward = depth(document)
    return f"{back}/{forward}|" + contents(document)


def contents(document: ImageDocument) -> str:
    """What is in a document, in one word."""
    return ",".join(
        f"{each.id}:{each.category_id}:{int(each.area)}" for each in document.annotations.values()
    )


def random_edit(document: ImageDocument, chance: random.Random) -> None:
    """Add, relabel, remove, undo or redo."""
    there = list(document.annotations.values())
    image_id = document.image.id
    what = chance.choice(["add", "add", "add", "relabel", "remove", "undo", "redo"])
    if what == "relabel" and there:
        before = chance.choice(there)
        after = replace(before, category_id=CategoryId(3 - before.category_id))
        document.apply(edits.change(EditKind.RELABEL, image_id, [(before, after)]))
    elif what == "remove" and there:
        document.apply(edits.remove(image_id, [chance.choice(there)]))
    elif what == "undo" and document.can_undo:
        document.undo()
    elif what == "redo" and document.can_redo:
        document.redo()
    else:
        shape = box_mask(chance.randrange(60), chance.randrange(40), 12, 9)
        document.apply(edits.add(image_id, [make_annotation(document, shape)]))


def main(folder: str, seed: str) -> None:
    """Edit for ever."""
    project = Project.open(Path(folder))
    chance = random.Random(int(seed))
    document = project.document(project.images()[0].id)
    print("ready", flush=True)
    while True:
        random_edit(document, chance)
        print(f"committed {digest(document)}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The version of a project's database, and the steps from older ones.

Major: a layout that older programs would misread; a newer one is refused in words. Minor: additions, which
older programs of the same major do not notice. Each step goes from one minor to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from app import schema
from app.errors import NewerProject, ProjectError

Step = Callable[[sa.Connection], None]


def version_of(meta: Mapping[str, str], name: str) -> tuple[int, int]:
    """(major, minor) by a database's `meta` rows. Raises ProjectError where this program cannot use it."""
    try:
        major, minor = int(meta["major"]), int(meta["minor"])
    except (KeyError, ValueError) as error:
        raise ProjectError(
            f"expected a Protolabel database, {name} has no version; restore a copy"
        ) from error
    if major > schema.MAJOR:
        raise NewerProject(
            f"expected a project of version {schema.MAJOR}.x, {name} has {major}.{minor}; "
            "open it with a newer Protolabel"
        )
    if major < schema.MAJOR:
        raise ProjectError(
            f"expected a project of version {schema.MAJOR}.x, {name} has {major}.{minor}; "
            "open it with an older Protolabel"
        )
    return major, minor


def steps_from(version: tuple[int, int]) -> Sequence[Step]:
    """What is to be done to a database of this version; nothing for a newer minor."""
    return STEPS[version[1] :]


def run(connection: sa.Connection, steps: Sequence[Step]) -> None:
    """Do it, and write down the version reached."""
    for step in steps:
        step(connection)
    minor = schema.meta.update().where(schema.meta.c.key == "minor")
    connection.execute(minor.values(value=str(schema.MINOR)))


def _keep_ids_and_categories(connection: sa.Connection) -> None:
    """1.0 to 1.1: removed categories and COCO ids are remembered; images are counted from an index."""
    schema.annotation_coco.create(connection)
    for statement in (
        "INSERT INTO annotation_coco (annotation_id, coco_id) "
        "SELECT id, coco_id FROM annotation WHERE coco_id IS NOT NULL",
        "ALTER TABLE category ADD COLUMN removed BOOLEAN NOT NULL DEFAULT FALSE",
        "DROP INDEX annotation_by_image",
    ):
        connection.execute(sa.text(statement))
    schema.annotation_by_image.create(connection)


def _keep_ceilings(connection: sa.Connection) -> None:
    """1.1 to 1.2: how well a model's prototypes can express a mask is kept."""
    schema.ceiling.create(connection)


STEPS: tuple[Step, ...] = (_keep_ids_and_categories, _keep_ceilings)
assert len(STEPS) == schema.MINOR

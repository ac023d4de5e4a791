"""Making a model version the one that pre-labels: it is tried out first, in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import InputError
from ui.beside import beside

if TYPE_CHECKING:
    from app.project import Project
    from app.versions import ModelVersion
    from ui.session import Session


def activate(
    session: Session,
    version: ModelVersion,
    done: Callable[[], object],
    refused: Callable[[InputError], object],
) -> None:
    """Load it strictly, let it answer an image, then keep the choice; the old one stays when it fails."""
    project = session.project
    if project is None:
        return

    def tried(_: object) -> None:
        settle(session, project, version, done, refused)

    def try_it() -> None:
        from app.versions import try_out

        try_out(version)

    beside(session, try_it, tried, refused)


def settle(
    session: Session,
    project: Project,
    version: ModelVersion,
    done: Callable[[], object],
    refused: Callable[[InputError], object],
) -> None:
    """Keep the choice of a version that was tried out."""

    def settled(_: object) -> None:
        if session.project is project:
            session.model_changed()
        done()

    def keep() -> None:
        from app.versions import SETTING

        project.set_setting(SETTING, version.name)

    session.workers.on_project(keep, settled, refused)


def adopt(
    session: Session,
    weights: Path,
    done: Callable[[ModelVersion], object],
    refused: Callable[[InputError], object],
) -> None:
    """Take a weights file from elsewhere among the project's versions, once it has answered an image.

    It is made active, too.
    """
    project = session.project
    if project is None:
        return

    def try_it() -> ModelVersion:
        from app.versions import find, try_out

        version = find(weights)
        try_out(version)
        return version

    def tried(version: ModelVersion) -> None:
        from app.versions import adopt as take_in

        session.workers.on_project(lambda: take_in(project, version), taken, refused)

    def taken(version: ModelVersion) -> None:
        settle(session, project, version, lambda: done(version), refused)

    beside(session, try_it, tried, refused)

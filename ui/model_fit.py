"""Says that the model knows none of a project's categories: unasked, it then proposes nothing.

Once for a project and a model version, as soon as the version is known; not where nothing is proposed anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from ui.session import Session

NAMED = 3  # categories


class ModelFit(QObject):
    """Follows the session's project, its categories and its model."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._told: tuple[Path, str] | None = None  # project and version
        session.model_state_changed.connect(self.look)
        session.categories_changed.connect(self.look)

    def look(self) -> None:
        """Say it where it is so and was not said."""
        session, version = self._session, self._session.model.version
        if session.project is None or version is None or not session.auto_prelabel or session.model.fits():
            return
        now = session.project.folder, version.name
        if now != self._told:
            self._told = now
            mine = [each.name for each in session.categories]
            session.message.emit(
                f"The model {version.name} knows {_named(version.categories)}, but not {_named(mine)}: it "
                "proposes nothing by itself. Pre-label this image (F5) to have its proposals all the same, "
                "or choose another model.",
                "warning",
            )


def _named(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")

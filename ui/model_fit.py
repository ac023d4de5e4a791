"""Says that the model knows none of a project's categories: unasked, it then proposes nothing.

Once for a project and a model version, as soon as the version is known; not where nothing is proposed anyway.
A person who has asked the model for something is answered first: what was just said is not covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from ui.session import Session

NAMED = 3  # categories
READ = 4500  # ms that another message is left alone


class ModelFit(QObject):
    """Follows the session's project, its categories and its model."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._session = session
        self._told: tuple[Path, str] | None = None  # project and version
        self._others = QTimer(self, singleShot=True, interval=READ)  # runs while another message is read
        self._others.timeout.connect(self.look)
        session.message.connect(lambda *_: self._others.start())
        session.model_state_changed.connect(self.look)
        session.categories_changed.connect(self.look)

    def look(self) -> None:
        """Say it where it is so and was not said."""
        session, version = self._session, self._session.model.version
        if session.project is None or version is None or not session.auto_prelabel or session.model.fits():
            return
        now = session.project.folder, version.name
        if now == self._told or self._others.isActive():
            return
        if session.image_id is not None and session.model.is_looking_at(session.image_id):
            self._others.start()  # a person has asked it about this image
            return
        self._told = now
        mine = [each.name for each in session.categories]
        session.message.emit(
            f"The model {version.name} knows {_named(version.categories)}, but not {_named(mine)}: it "
            "proposes nothing by itself. Pre-label this image (F5) to have its proposals all the same, "
            "or choose another model.",
            "warning",
        )
        self._others.stop()  # that was no other message


def _named(names: Sequence[str]) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")

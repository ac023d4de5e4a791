"""Whether the edits made so far are on the disk, as the status line says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QWidget

from ui.journal import SaveState

if TYPE_CHECKING:
    from ui.session import Session

PATIENCE = 200  # ms that a write may take before it is mentioned


class SaveLabel(QLabel):
    """Follows the session's journal. A refusal stays until a later write has succeeded."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setObjectName("faint")
        self.setAccessibleName("Whether everything is saved")
        self._late = QTimer(self, singleShot=True, interval=PATIENCE)
        self._late.timeout.connect(self.refresh)
        session.saving_changed.connect(self._changed)
        session.project_changed.connect(self.refresh)

    def _changed(self) -> None:
        if self._session.save_state is SaveState.SAVING:
            if not self._late.isActive() and self.text() != SaveState.SAVING:
                self._late.start()
        else:
            self._late.stop()
            self.refresh()

    def refresh(self) -> None:
        """Say how it is now."""
        if self._session.project is None:
            self.clear()
            return
        state = self._session.save_state
        self.setText(state)
        tips = {
            SaveState.SAVED: "Every edit is on the disk. There is no Save to forget.",
            SaveState.SAVING: "An edit is being written to the disk.",
            SaveState.REFUSED: f"The last edit was taken back: {self._session.refused}",
        }
        self.setToolTip(tips[state])
        name = "refused" if state is SaveState.REFUSED else "faint"
        if name != self.objectName():
            self.setObjectName(name)
            self.style().unpolish(self)
            self.style().polish(self)

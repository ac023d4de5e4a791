"""The explaining panel's offer to let the model look at an image of which nothing is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QPushButton

if TYPE_CHECKING:
    from model.messages import Prediction
    from ui.session import Session


class PredictButton(QPushButton):
    """Asks once: while the model looks, it cannot be pressed."""

    def __init__(self, session: Session) -> None:
        super().__init__("Predict this image")
        self._session = session
        session.message.connect(self._heard)
        self.clicked.connect(self._ask)

    def follow(self, shown: Prediction | None) -> None:
        """Be offered where no prediction is shown, and it is known that none was kept."""
        document, model = self._session.document, self._session.model
        if document is not None:
            self.setEnabled(not model.is_looking_at(document.image.id))
        unseen = document is not None and not model.is_reading(document.image.id)
        self.setVisible(shown is None and unseen)

    def _ask(self) -> None:
        self.setEnabled(False)
        self._session.predict_current()

    def _heard(self, words: str) -> None:
        """Something was said, perhaps that it failed: then it may be asked again."""
        document = self._session.document
        looking = document is not None and self._session.model.is_looking_at(document.image.id)
        self.setEnabled(not looking)

"""A key whose action cannot be used now says what it needs: Qt does nothing about it, without a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence

from ui.action_spec import NEEDS
from ui.actions import BY_ID

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from ui.session import Session


class IdleKeys(QObject):
    """Hears the keys that nobody in the window took."""

    def __init__(self, window: QWidget, actions: Mapping[str, QAction], session: Session) -> None:
        super().__init__(window)
        self._actions, self._session = actions, session
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Say it, and let the key go on."""
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and not event.isAutoRepeat():
            key = QKeySequence(event.keyCombination())
            for name, action in self._actions.items():
                if not action.isEnabled() and key in action.shortcuts():
                    words = BY_ID[name].text.rstrip(" …")
                    self._session.message.emit(f"{words}: {NEEDS[BY_ID[name].when]}", "info")
                    break
        return False

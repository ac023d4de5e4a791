"""The panels as docks: shown or hidden by the person, remembered, put back where they were at first."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QByteArray, QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow

LAYOUT = 1  # the version of the remembered layout
HIDDEN = "window/hidden"
PANELS = ("Images", "Annotations", "Categories", "Prototypes", "Training")


class Panels(Protocol):
    """What actions ask of the docks."""

    def shown(self, title: str) -> bool: ...

    def toggle(self, title: str) -> None: ...

    def reset(self) -> None: ...


class Docks(QObject):
    """The window is its parent. `settle` once all docks stand where they stand by default."""

    changed = Signal()

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._docks: dict[str, QDockWidget] = {}
        self._first = QByteArray()
        value = QSettings().value(HIDDEN) or []
        names = [value] if isinstance(value, str) else list(value)
        self._hidden = {name for name in names if name in PANELS}
        self._on = False
        self._left = QByteArray()  # as they were when all were hidden: Qt forgets their sizes

    def settle(self, docks: dict[str, QDockWidget]) -> None:
        """These docks, by title, stand where `reset` will put them."""
        self._docks = docks
        window = self.parent()
        assert isinstance(window, QMainWindow)
        self._first = window.saveState(LAYOUT)

    def show_all(self, on: bool) -> None:
        """All that the person wants to see, or none (no project is open)."""
        window = self.parent()
        assert isinstance(window, QMainWindow)
        if self._on and not on:
            self._left = window.saveState(LAYOUT)
        elif on and not self._on and not self._left.isEmpty():
            window.restoreState(self._left, LAYOUT)
        self._on = on
        for title, dock in self._docks.items():
            dock.setVisible(on and title not in self._hidden)

    def shown(self, title: str) -> bool:
        """Whether the person wants to see this panel."""
        return title not in self._hidden

    def toggle(self, title: str) -> None:
        """Show a panel, in front; hide it if it is there already."""
        dock = self._docks[title]
        if title not in self._hidden and dock.isVisible() and dock.visibleRegion().isEmpty():
            self.bring(title)  # it is behind another one
            return
        self._hidden ^= {title}
        self._keep()
        if title not in self._hidden:
            self.bring(title)

    def bring(self, title: str) -> None:
        """Show a panel in front of those that share its place."""
        if title in self._hidden:
            self._hidden.discard(title)
            self._keep()
        self._docks[title].raise_()

    def reset(self) -> None:
        """All panels where and as large as they were at first."""
        self._hidden.clear()
        self._left = QByteArray()
        window = self.parent()
        assert isinstance(window, QMainWindow)
        window.restoreState(self._first, LAYOUT)
        self._keep()
        self.share_room(window)
        for title in ("Prototypes", "Annotations"):
            self._docks[title].raise_()

    def share_room(self, window: QMainWindow) -> None:
        """The usual widths and heights; of docks that are shown, others have none to share."""
        columns = [self._docks["Images"], self._docks["Annotations"]]
        window.resizeDocks(columns, [240, 330], Qt.Orientation.Horizontal)
        right = [self._docks["Annotations"], self._docks["Prototypes"]]
        window.resizeDocks(right, [420, 420], Qt.Orientation.Vertical)

    def _keep(self) -> None:
        QSettings().setValue(HIDDEN, sorted(self._hidden))
        self.show_all(self._on)
        self.changed.emit()

"""Menus, tool bars and shortcuts, made from the table of actions."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QSettings, QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from ui import theme
from ui.actions import ACTIONS, BY_ID, MENUS
from ui.commands import Context
from ui.idle_keys import IdleKeys
from ui.shortcuts import load, shown
from ui.welcome import recent

TOP_BAR = (
    "project.open", "", "previous", "next", "done", "skip", "", "undo", "redo", "delete", "", "accept",
    "accept_all", "reject", "", "prelabel", "fit",
)  # fmt: skip
SIDE_BAR = (
    "tool.select",
    "tool.box",
    "tool.polygon",
    "tool.brush",
    "tool.eraser",
    "tool.solve",
    "tool.split",
)
LETTERS = {"Model": "M&odel"}  # that open a menu with Alt, where it is not the first one
TOP_IDS = {"accept_all": "accept.all", "prelabel": "prelabel.this"}


class Actions(QObject):
    """The Qt actions of the table, with keys and states that follow the session."""

    def __init__(self, window: QMainWindow, context: Context) -> None:
        super().__init__(window)
        self._window, self._context = window, context
        self.by_id: dict[str, QAction] = {}
        for spec in ACTIONS:
            action = QAction(spec.text, window)
            action.setCheckable(spec.checked is not None)
            action.setAutoRepeat(spec.repeats)
            action.triggered.connect(lambda _=False, spec=spec: self._run(spec.id))
            self.by_id[spec.id] = action
            window.addAction(action)
        self.apply_keys()
        self.refresh_icons()
        self._connect()
        self.refresh()
        IdleKeys(window, self.by_id, context.session)

    def _connect(self) -> None:
        session = self._context.session
        for signal in (
            session.project_changed,
            session.document_changed,
            session.selection_changed,
            session.annotations_changed,
            session.tool_changed,
            self._context.changed,
        ):
            signal.connect(lambda *_: self.refresh())
        self._context.keys_changed.connect(self.apply_keys)

    def _run(self, name: str) -> None:
        BY_ID[name].run(self._context)
        self.refresh()

    def refresh(self) -> None:
        """What can be used now, and which switches are on."""
        for name, action in self.by_id.items():
            spec = BY_ID[name]
            action.setEnabled(spec.when(self._context))
            if spec.checked is not None:
                action.setChecked(spec.checked(self._context))

    def refresh_icons(self) -> None:
        """The theme changed."""
        for name, action in self.by_id.items():
            if BY_ID[name].icon:
                action.setIcon(theme.icon(BY_ID[name].icon))

    def apply_keys(self) -> None:
        """Give every action its keys."""
        keys = load(QSettings())
        portable = QKeySequence.SequenceFormat.PortableText
        for name, action in self.by_id.items():
            action.setShortcuts([QKeySequence.fromString(key, portable) for key in keys[name]])
            words = BY_ID[name].text.rstrip(" …")
            tip = f"\n{BY_ID[name].tip}" if BY_ID[name].tip else ""
            action.setToolTip(f"{words}  ({shown(keys[name])}){tip}" if keys[name] else f"{words}{tip}")

    def fill_menu_bar(self) -> None:
        """The menus, in the table's order."""
        for title in MENUS:
            menu: QMenu = self._window.menuBar().addMenu(LETTERS.get(title, f"&{title}"))
            for spec in ACTIONS:
                if spec.menu == title:
                    if spec.separated:
                        menu.addSeparator()
                    menu.addAction(self.by_id[spec.id])
                    if spec.id == "project.open":
                        self._recent = menu.addMenu("Open recent")
                        self._recent.aboutToShow.connect(self._fill_recent)

    def _fill_recent(self) -> None:
        """The projects that were open before, the last one first."""
        menu, session = self._recent, self._context.session
        menu.clear()
        for path in recent():
            action = menu.addAction(f"{path.name}   ({path.parent})", partial(session.open_project, path))
            action.setEnabled(session.project is None or session.project.folder != path)
        if menu.isEmpty():
            menu.addAction("No other project yet").setEnabled(False)

    def panel_actions(self) -> list[QAction]:
        """Which panels are shown, and back to the first layout."""
        return [self.by_id[spec.id] for spec in ACTIONS if spec.id.startswith("panel")]

    def bars(self) -> tuple[QToolBar, QToolBar]:
        """The bar on top (images and proposals) and the one at the side (tools)."""
        top, side = QToolBar("Main"), QToolBar("Tools")
        for name in TOP_BAR:
            if name:
                top.addAction(self.by_id[TOP_IDS.get(name, name)])
            else:
                top.addSeparator()
        for name in SIDE_BAR:
            side.addAction(self.by_id[name])
        for bar, orientation in ((top, Qt.Orientation.Horizontal), (side, Qt.Orientation.Vertical)):
            bar.setObjectName(bar.windowTitle())
            bar.setMovable(False)
            bar.setIconSize(QSize(20, 20))
            bar.setOrientation(orientation)
        return top, side

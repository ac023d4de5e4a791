"""Which model version pre-labels, in the top bar: its name, its state as a dot, a menu to choose another."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from app.errors import InputError
from ui import theme
from ui.model_access import ModelState

if TYPE_CHECKING:
    from app.versions import ModelVersion
    from ui.commands import Context
    from ui.tasks import Work

TONES = {
    ModelState.ASLEEP: "faint",
    ModelState.LOADING: "wait",
    ModelState.READY: "good",
    ModelState.FAILED: "bad",
}
SOON = 400  # ms after a project is there: its image comes first
LONGEST = 24  # characters of a name
UNNAMED = "category 1"  # what classes are called that nobody named
NAMELESS = "classes have no names: 'Get published weights' takes them together with the file."
Answer = tuple[list["ModelVersion"], str]


class ModelButton(QToolButton):
    """Reads the versions on the project thread; choosing one tries it out before it becomes active."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._session = context, context.session
        self.versions: list[ModelVersion] = []
        self.active = ""
        self._trying = ""  # the version that is being tried out
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setObjectName("model")
        self.setAccessibleName("Model version")
        self._soon = QTimer(self, singleShot=True, interval=SOON)
        self._soon.timeout.connect(self.refresh)
        self._menu.aboutToShow.connect(self._open)
        self._session.project_changed.connect(self._project_changed)
        self._session.version_changed.connect(self.refresh)
        self._session.model_state_changed.connect(lambda _: self._show())
        self._show()

    def _project_changed(self) -> None:
        self.versions, self.active, self._trying = [], "", ""
        self._show()
        if self._session.project is not None:
            self._soon.start()

    def refresh(self) -> None:
        """Read which versions there are and which is active."""
        project = self._session.project
        if project is None:
            return

        def work() -> Answer:
            from app.versions import active, list_versions

            return list_versions(project), active(project).name

        def arrived(answer: Answer) -> None:
            if project is self._session.project:
                self.versions, self.active = answer
                self._show()
                self._fill()

        self._session.workers.on_project(work, arrived, lambda error: None)

    def _show(self) -> None:
        """Name, dot and tip."""
        model = self._session.model
        name = self._trying or self.active or (model.version.name if model.version else "")
        state = ModelState.LOADING if self._trying else model.state
        self.setEnabled(self._session.project is not None)
        shown = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
        self.setText(f"{shown or 'Model'}  ")
        self.setIcon(_dot(TONES[state]))
        words = f"{self._trying} is being tried out" if self._trying else str(state)
        said = f"\n{model.words}" if model.words else ""
        self.setToolTip(f"Model version {name}: {words}{said}\nClick to choose another")

    def _open(self) -> None:
        self._fill()
        self.refresh()

    def _fill(self) -> None:
        menu = self._menu
        menu.clear()
        for version in reversed(self.versions):
            names = ", ".join(version.categories[:4]) + (" …" if len(version.categories) > 4 else "")
            action = menu.addAction(f"{version.name}   {names}", partial(self.choose, version))
            action.setCheckable(True)
            action.setChecked(version.name == self.active)
            action.setEnabled(not self._trying)
        menu.addSeparator()
        menu.addAction("Open a weights file …", self.open_file)
        menu.addAction("Get published weights …", self.get_published)
        menu.addAction("Scores of all versions …", self._context.show_versions)
        menu.addAction("Retrain …", self._context.show_training)

    def choose(self, version: ModelVersion) -> None:
        """Make a version active."""
        if version.name == self.active or self._trying:
            self._show()
            return
        from ui.activation import activate

        self._try(version.name)
        activate(self._session, version, partial(self._chosen, version.name), self._refused)

    def open_file(self) -> None:
        """Ask for weights from elsewhere: ours, or a checkpoint, which is converted as its file says."""
        from ui.dialogs.pretrained import CHECKPOINTS, conversion

        chosen, _ = QFileDialog.getOpenFileName(
            self.window(), "Open a weights file", "", f"Weights (*.safetensors {CHECKPOINTS})"
        )
        file = Path(chosen)
        if not chosen:
            return
        if file.suffix == ".safetensors":
            self.adopt(file)
        else:
            self._bring(f"Converting {file.name}", conversion(file))

    def get_published(self) -> None:
        """Choose a published model, or a checkpoint; it is fetched, converted and made active."""
        from ui.dialogs.pretrained import PretrainedDialog

        dialog = PretrainedDialog(self.window())
        if dialog.exec() and dialog.work is not None:
            self._bring(dialog.title, dialog.work)
        dialog.deleteLater()

    def _bring(self, title: str, work: Work) -> None:
        """Fetch or convert weights, then take them into the project that they were meant for."""
        project = self._session.project

        def here(weights: Path) -> None:
            if self._session.project is project:
                self.adopt(weights)
            else:
                words = f"{weights.stem} is here: {weights}. Another project is open now, which it left alone"
                self._session.message.emit(words, "info")

        self._context.run_task(title, work, here)

    def adopt(self, weights: Path) -> None:
        """Take a weights file into the project and make it active."""
        from ui.activation import adopt

        self._try(weights.stem)
        adopt(self._session, weights, self._adopted, self._refused)

    def _try(self, name: str) -> None:
        self._trying = name
        self._show()
        until = f"; until then {self.active} pre-labels" if self.active else ""
        self._session.message.emit(f"{name} is loaded and tried out first{until}", "info")

    def _adopted(self, version: ModelVersion) -> None:
        unnamed = version.categories[:1] == (UNNAMED,)
        self._chosen(version.name, f" Its {len(version.categories)} {NAMELESS}" if unnamed else "")

    def _chosen(self, name: str, more: str = "") -> None:
        self._trying = ""
        self._session.message.emit(
            f"{name} pre-labels from now on. F5 asks it about this image.{more}", "info"
        )
        self.refresh()

    def _refused(self, error: InputError) -> None:
        self._trying = ""
        self._show()
        self._session.message.emit(f"{error}; {self.active or 'the old version'} stays active", "error")


def _dot(tone: str) -> QIcon:
    """A round spot of a theme's colour."""
    side = 36
    pixmap = QPixmap(side, side)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(tone))
        painter.drawEllipse(QRectF(side * 0.25, side * 0.25, side * 0.5, side * 0.5))
    return QIcon(pixmap)

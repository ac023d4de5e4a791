"""Retraining from the window: what it would train on, live curves, old against new, make active or not.

The run is its own process; `run_watch` reads its folder. Closing the window does not end a run, opening the
project again finds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ui.panels.run_watch import RunWatch
from ui.panels.training_data import TrainingData
from ui.panels.verdict import Verdict
from ui.panels.versions import VersionsPanel
from ui.widgets.chips import Chip
from ui.widgets.plot import Plot

if TYPE_CHECKING:
    from app.errors import InputError
    from app.project import Project
    from app.runs import Run
    from ui.session import Session

QUICK, FULL = 200, 600  # steps
LENGTHS = {f"Quick: {QUICK} steps": QUICK, f"Full: {FULL} steps": FULL, "As the model was trained": None}
DEVICES = {"Best there is": "auto", "CPU": "cpu", "GPU (CUDA)": "cuda", "GPU (Apple)": "mps"}


class TrainingPanel(QWidget):
    """Start, watch, cancel, compare, decide; beside it the versions that there are."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.watch = RunWatch(session, self)
        self.versions = VersionsPanel(session)
        self.data = TrainingData(session)
        self.length, self.device, self.init = QComboBox(), QComboBox(), QComboBox()
        self.start, self.cancel = QPushButton("Retrain"), QPushButton("Cancel")
        self.resume = QPushButton("Resume")
        self.resume.setToolTip("Go on from the run's last checkpoint")
        self.progress = QProgressBar(maximum=1000)
        self.state = QLabel(wordWrap=True)
        self.losses = Plot("Loss")
        self.scores = Plot("AP on held-out images", smooth=False)
        self.with_log = Chip("Log", "What the run said")
        self.log = QPlainTextEdit(readOnly=True)
        self.verdict = Verdict(session)
        self.tabs = QTabWidget()
        self._lay_out()
        self._connect()
        self._project_changed()

    def _lay_out(self) -> None:
        for box, choices in ((self.length, LENGTHS), (self.device, DEVICES)):
            for words, value in choices.items():
                box.addItem(words, value)
        for box in (self.length, self.init, self.device):
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)
        for words, field in (("Length", self.length), ("Start from", self.init), ("Device", self.device)):
            form.addRow(words, field)
        self.start.setProperty("primary", True)
        self.progress.setTextVisible(False)
        self.log.setFixedHeight(110)
        self.log.hide()
        buttons = QHBoxLayout()
        buttons.addWidget(self.start, 1)
        for button in (self.cancel, self.resume):
            buttons.addWidget(button)
        buttons.addWidget(self.with_log)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.data)
        layout.addLayout(form)
        layout.addLayout(buttons)
        for widget in (self.progress, self.state, self.log, self.verdict):
            layout.addWidget(widget)
        layout.addWidget(self.losses, 1)
        layout.addWidget(self.scores, 1)
        layout.addStretch(0)  # before a run there are no curves to take the room
        scroll = QScrollArea(widgetResizable=True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(page)
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)  # a white line in dark windows
        self.tabs.addTab(scroll, "Retrain")
        self.tabs.addTab(self.versions, "Versions")
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.tabs)

    def _connect(self) -> None:
        session = self._session
        session.project_changed.connect(self._project_changed)
        self.data.counted.connect(self._counted)
        self.start.clicked.connect(lambda: self.start_run())
        self.cancel.clicked.connect(self._cancel)
        self.resume.clicked.connect(lambda: self._resume())
        self.with_log.toggled.connect(self.log.setVisible)
        self.watch.changed.connect(self._show_run)
        self.watch.ended.connect(self._ended)
        session.version_changed.connect(self._read_versions)
        self.verdict.registered.connect(self._read_versions)

    def show_versions(self) -> None:
        """Bring the list of versions to the front."""
        self.tabs.setCurrentWidget(self.versions)

    # --- a project and its runs ----------------------------------------------------------------------------

    def _project_changed(self) -> None:
        self.verdict.clear()
        self.state.clear()
        self.watch.watch(None)
        self.data.again()
        project = self._session.project
        if project is None:
            return

        def last() -> Run | None:
            from app.runs import list_runs

            runs = list_runs(project.folder / "runs")
            return runs[-1] if runs else None

        def found(run: Run | None) -> None:
            if project is self._session.project and self.watch.run is None:
                self.watch.watch(run)

        self._session.workers.on_pool(last, found)
        self._read_versions()

    def _read_versions(self) -> None:
        """The list, and what a run may start from."""
        project = self._session.project
        self.versions.refresh()
        if project is not None and self.isVisible():
            self._session.workers.on_project(lambda: _choices(project), self._fill_init)

    def _fill_init(self, answer: tuple[str, list[str]]) -> None:
        active, names = answer
        wanted = self.init.currentData()
        self.init.clear()
        self.init.addItem(f"The active version ({active})", None)
        for name in names:
            self.init.addItem(name, name)
        self.init.setCurrentIndex(max(self.init.findData(wanted), 0) if wanted else 0)

    def _counted(self) -> None:
        self.start.setEnabled(self.data.enough and not self.watch.running)

    def showEvent(self, event: object) -> None:
        """What was not read while nobody looked is now."""
        self._read_versions()

    # --- a run ---------------------------------------------------------------------------------------------

    def start_run(self) -> None:
        """Freeze the data and start; what the run says comes by its folder."""
        project = self._session.project
        if project is None or self.watch.running:
            return
        from app.retraining import Settings, start_run

        settings = Settings(
            init=self.init.currentData(),
            iterations=self.length.currentData(),
            device=self.device.currentData(),
        )
        self.verdict.clear()
        self.start.setEnabled(False)
        self.state.setText("Freezing the data …")
        self._session.workers.on_project(
            lambda: start_run(project, settings), self.watch.watch, self._refused
        )

    def _refused(self, error: InputError) -> None:
        self.state.setText(str(error))
        self.start.setEnabled(not self.watch.running)

    def _cancel(self) -> None:
        self.watch.cancel()
        self.cancel.setEnabled(False)
        self.state.setText("Stopping after the step under way …")

    def _resume(self) -> None:
        from app.retraining import resume

        run = self.watch.run
        if run is not None:
            self._session.workers.on_pool(lambda: resume(run), self.watch.watch, self._refused)

    def _show_run(self) -> None:
        watch, progress = self.watch, self.watch.progress
        self.losses.set_lines(progress.losses)
        self.scores.set_lines(progress.scores)
        if self.log.toPlainText() != (text := "\n".join(progress.log)):
            self.log.setPlainText(text)
            self.log.verticalScrollBar().setValue(self.log.verticalScrollBar().maximum())
        self.progress.setValue(int(1000 * progress.iteration / max(progress.iterations, 1)))
        there, running = watch.run is not None, watch.running
        for widget in (self.losses, self.scores, self.with_log):
            widget.setVisible(there)
        self.progress.setVisible(running)
        self.cancel.setVisible(running)
        self.resume.setVisible(watch.resumable)
        self.start.setEnabled(self.start.isEnabled() and not running)
        if there:
            self.state.setText(watch.words)

    def _ended(self, state: str) -> None:
        self.data.again()
        project, run = self._session.project, self.watch.run
        if state == "done" and project is not None and run is not None:
            self.verdict.compare(project, run)


def _choices(project: Project) -> tuple[str, list[str]]:
    """The active version's name, and all names."""
    from app.versions import active, list_versions

    return active(project).name, [each.name for each in list_versions(project)]

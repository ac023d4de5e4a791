"""Retraining from the window: what it would train on, live curves, old against new, make active or not.

The run is its own process; this panel only reads its folder. Closing the window does not end a run, opening
the project again finds it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.annotation import ImageState
from app.records import MIN_IMAGES
from ui.widgets.plot import Plot

if TYPE_CHECKING:
    from app.retraining import Comparison
    from app.runs import Run
    from app.versions import ModelVersion
    from ui.session import Session

DECIDED = "decided"  # in a run's folder: a person has chosen
POLL = 700  # ms between looks at the run's folder
LENGTHS = {"Quick (about 10 minutes on a CPU)": 200, "Thorough (about 40 minutes)": 800, "As trained": None}


def duration(seconds: float) -> str:
    """'3 min 20 s', in words for people."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def curves(events: Sequence[Mapping[str, Any]]) -> tuple[dict[str, list[tuple[float, float]]], ...]:
    """(losses by name, AP by name) over iterations, from a run's events."""
    losses: dict[str, list[tuple[float, float]]] = defaultdict(list)
    scores: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for event in events:
        at = float(event.get("iteration", 0))
        for name, value in (event.get("losses") or {}).items():
            losses[name].append((at, float(value)))
        for name, value in _scores(event).items():
            scores[name].append((at, value))
    return dict(losses), dict(scores)


def _scores(event: Mapping[str, Any]) -> dict[str, float]:
    """Mask AP and AP50 of an `eval` event."""
    ap = event.get("ap")
    mask = ap.get("mask", ap) if isinstance(ap, Mapping) else {}
    return {name: float(mask[name]) for name in ("AP", "AP50") if isinstance(mask.get(name), int | float)}


class TrainingPanel(QWidget):
    """Start, watch, cancel, compare, decide."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._run: Run | None = None
        self._compared = False
        self._new: ModelVersion | None = None
        self._busy = False  # a look at the folder is under way
        self.data = QLabel(wordWrap=True)
        self.length = QComboBox()
        self.length.addItems(list(LENGTHS))
        self.batch = QSpinBox(minimum=1, maximum=64, value=4)
        self.start = QPushButton("Retrain")
        self.cancel = QPushButton("Cancel")
        self.resume = QPushButton("Resume")
        self.progress = QProgressBar(maximum=1000)
        self.state = QLabel(wordWrap=True)
        self.losses = Plot("Loss")
        self.scores = Plot("Mask AP on held-out images", smooth=False)
        self.verdict = QLabel(wordWrap=True)
        self.activate = QPushButton("Make the new one active")
        self.keep = QPushButton("Keep the old one")
        self._timer = QTimer(self, interval=POLL)
        self._lay_out()
        self._connect()
        self._project_changed()

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Length", self.length)
        form.addRow("Images a step", self.batch)
        buttons, decision = QHBoxLayout(), QHBoxLayout()
        for button in (self.start, self.cancel, self.resume):
            buttons.addWidget(button)
        for button in (self.activate, self.keep):
            decision.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.data)
        layout.addLayout(form)
        layout.addLayout(buttons)
        layout.addWidget(self.progress)
        layout.addWidget(self.state)
        layout.addWidget(self.losses, 1)
        layout.addWidget(self.scores, 1)
        layout.addWidget(self.verdict)
        layout.addLayout(decision)

    def _connect(self) -> None:
        session = self._session
        session.project_changed.connect(self._project_changed)
        session.images_changed.connect(self._count)
        session.image_state_changed.connect(lambda _: self._count())
        self.start.clicked.connect(self.start_run)
        self.cancel.clicked.connect(self._cancel)
        self.resume.clicked.connect(self._resume)
        self.activate.clicked.connect(self._make_active)
        self.keep.clicked.connect(self._keep_old)
        self._timer.timeout.connect(self._look)

    # --- a project's runs ----------------------------------------------------------------------------------

    def _project_changed(self) -> None:
        self._timer.stop()
        self._run, self._new, self._compared = None, None, False
        self.verdict.clear()
        self.losses.set_lines({})
        self.scores.set_lines({})
        self._show_state("")
        self._count()
        project = self._session.project
        if project is None:
            return
        from app.runs import list_runs

        def last() -> Run | None:
            runs = list_runs(project.folder / "runs")
            return runs[-1] if runs else None

        self._session.workers.on_pool(last, self._watch)

    def _count(self) -> None:
        done = [each for each in self._session.records if each.state is ImageState.DONE]
        instances = sum(each.annotation_count for each in done)
        words = f"Trains on the {len(done)} images marked done, {instances} annotations; 1 in 5 is held out."
        if len(done) < MIN_IMAGES:
            words += f" At least {MIN_IMAGES} are needed: mark {MIN_IMAGES - len(done)} more as done."
        self.data.setText(words if self._session.project else "No project")
        self.start.setEnabled(len(done) >= MIN_IMAGES and not self._running())

    def _running(self) -> bool:
        return self._timer.isActive()

    def start_run(self) -> None:
        """Freeze the data and start; the answer comes as the first event."""
        project = self._session.project
        if project is None or self._running():
            return
        from app.retraining import Settings, start_run

        settings = Settings(iterations=LENGTHS[self.length.currentText()], batch_size=self.batch.value())
        self.start.setEnabled(False)
        self._show_state("Freezing the data …")
        self._new, self._compared = None, False
        self.verdict.clear()
        self._session.workers.on_project(lambda: start_run(project, settings), self._watch, self._refused)

    def _refused(self, error: Exception) -> None:
        self._show_state(str(error))
        self._count()

    def _cancel(self) -> None:
        if self._run is not None:
            self._run.cancel()

    def _resume(self) -> None:
        from app.retraining import resume

        run = self._run
        if run is not None:
            self._session.workers.on_pool(lambda: resume(run), self._watch, self._refused)

    def _watch(self, run: Run | None) -> None:
        if run is not None:
            self._run = run
            self._timer.start()
            self._look()

    # --- looking at the folder -----------------------------------------------------------------------------

    def _look(self) -> None:
        run = self._run
        if run is None or self._busy:
            return
        self._busy = True
        self._session.workers.on_pool(lambda: (run, str(run.state), run.events(), run.failure), self._looked)

    def _looked(self, seen: tuple[Run, str, list[dict[str, Any]], str]) -> None:
        self._busy = False
        run, state, events, failure = seen
        if run is not self._run:
            return
        losses, scores = curves(events)
        self.losses.set_lines(losses)
        self.scores.set_lines(scores)
        steps = [event for event in events if event.get("iterations")]
        last = steps[-1] if steps else {}
        done, total = int(last.get("iteration", 0)), int(last.get("iterations", 0) or 1)
        self.progress.setValue(int(1000 * done / total))
        if state != "running":
            self._timer.stop()
            self._count()
            self._ended(state, failure)
            return
        left = f", {duration(last['eta_s'])} left" if last.get("eta_s") else ""
        self._show_state(
            f"{run.name}: step {done} of {total}{left}" if steps else f"{run.name} is starting …"
        )
        self.start.setEnabled(False)

    def _ended(self, state: str, failure: str) -> None:
        assert self._run is not None
        self._show_state(f"{self._run.name}: {state}{f': {failure}' if failure else ''}")
        if state == "done" and not self._compared:
            self._compared = True
            self._compare(self._run)

    def _show_state(self, words: str) -> None:
        self.state.setText(words)
        running = self._running()
        ended = words.partition(": ")[2].partition(":")[0]
        self.cancel.setEnabled(running)
        self.resume.setVisible(ended in ("cancelled", "interrupted", "failed"))
        self.progress.setVisible(running)
        for button in (self.activate, self.keep):
            button.setVisible(self._new is not None)

    # --- old against new -----------------------------------------------------------------------------------

    def _compare(self, run: Run) -> None:
        project = self._session.project
        if project is None or (run.folder / DECIDED).exists():
            return
        from app.retraining import compare, register

        self.verdict.setText("Comparing the new version with the old one on the held-out images …")

        def work() -> Comparison:
            return compare(run)

        def compared(comparison: Comparison) -> None:
            self._session.workers.on_project(
                lambda: register(project, run, comparison), lambda version: self._offer(version, comparison)
            )

        self._session.workers.on_pool(work, compared, lambda error: self.verdict.setText(str(error)))

    def _offer(self, version: ModelVersion, comparison: Comparison) -> None:
        self._new = version
        old, new = comparison.old_scores.get("mask", {}), comparison.new_scores.get("mask", {})
        rows = "".join(
            f"<tr><td>{name}&nbsp;&nbsp;</td><td align=right>{_score(old, name)}&nbsp;&nbsp;</td>"
            f"<td align=right><b>{_score(new, name)}</b></td></tr>"
            for name in ("AP", "AP50", "AP75")
        )
        self.verdict.setText(
            f"<table><tr><td>Mask, {comparison.images} held-out images&nbsp;&nbsp;</td>"
            f"<td>{comparison.old}&nbsp;&nbsp;</td><td><b>{version.name}</b></td></tr>{rows}</table>"
        )
        self._show_state(self.state.text())

    def _make_active(self) -> None:
        from app.versions import activate

        project, version = self._session.project, self._new
        if project is None or version is None:
            return
        self.verdict.setText(f"Loading {version.name} and asking it about an image …")
        self._session.workers.on_project(
            lambda: activate(project, version.name),
            lambda _: self._activated(version),
            lambda error: self.verdict.setText(str(error)),
        )

    def _activated(self, version: ModelVersion) -> None:
        self._decided(f"{version.name} is active: new images are pre-labelled with it.")
        self._session.model_changed()

    def _keep_old(self) -> None:
        if self._new is not None:
            self._decided(f"{self._new.name} is kept in the list of versions, the old one stays active.")

    def _decided(self, words: str) -> None:
        if self._run is not None:
            (self._run.folder / DECIDED).touch()
        self._new = None
        self.verdict.setText(words)
        self._show_state(self.state.text())


def _score(scores: Mapping[str, Any], name: str) -> str:
    value = scores.get(name)
    return f"{value:.3f}" if isinstance(value, int | float) and value >= 0 else "–"

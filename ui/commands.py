"""What actions act on, and those actions that concern the window and the model.

`Context` is handed to the functions of `ui.actions`, `ui.file_commands` and `ui.edit_commands`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.annotation import AnnotationId, ImageId, ImageState
from app.errors import InputError
from ui.tasks import Task, TaskBar, Work

if TYPE_CHECKING:
    from app.prelabel import PrelabelReport
    from ui.canvas.view import Canvas
    from ui.docks import Panels
    from ui.session import Session

HIDDEN = "All annotations are hidden: the same key shows them again."


class Context(QObject):
    """Given to every action. Signals ask the window for what only it has."""

    training_wanted = Signal()
    versions_wanted = Signal()
    weights_wanted = Signal()
    published_wanted = Signal()
    mode_wanted = Signal(str)  # one of theme.MODES
    quit_wanted = Signal()
    theme_wanted = Signal()
    keys_changed = Signal()
    changed = Signal()  # a switch was turned
    session: Session
    canvas: Canvas
    tasks: TaskBar
    panels: Panels
    window: QWidget

    def __init__(
        self, session: Session, canvas: Canvas, tasks: TaskBar, panels: Panels, window: QWidget
    ) -> None:
        super().__init__(window)
        self.panels = panels
        self.session, self.canvas, self.tasks, self.window = session, canvas, tasks, window

    # --- settings and look ---------------------------------------------------------------------------------

    def settings(self, *, keys: bool = False) -> None:
        """The dialog of settings, with its page of keys in front if that is asked for."""
        from ui.dialogs.settings import SettingsDialog

        dialog = SettingsDialog(self.session, self.window, keys=keys)
        if dialog.exec():
            self.session.use(dialog.chosen)
            self.mode_wanted.emit(dialog.mode)
            self.keys_changed.emit()

    def toggle_peek(self) -> None:
        """Hide everything, or show it again."""
        self.canvas.peek(not self.canvas.look.peek)
        if self.canvas.look.peek:
            self.session.message.emit(HIDDEN, "info")
        self.changed.emit()

    def toggle_chosen(self) -> None:
        """Hide what is chosen, or show it again."""
        self.session.toggle_hidden(self.session.selection)

    def toggle_look(self, name: str) -> None:
        """Turn labels, outlines or boxes on or off."""
        look = self.canvas.look
        self.canvas.set_look(replace(look, **{name: not getattr(look, name)}))
        self.changed.emit()

    def toggle_theme(self) -> None:
        """Light or dark."""
        self.theme_wanted.emit()

    # --- model ---------------------------------------------------------------------------------------------

    def prelabel_this(self) -> None:
        """The image on screen, now."""
        from ui.tools.sources import WAIT

        self.session.message.emit(WAIT, "info")
        self.session.predict_current()

    def prelabel_all(self) -> None:
        """All images that are new."""
        self.prelabel([record.id for record in self.session.records if record.state is ImageState.NEW])

    def prelabel_in_tiles(self) -> None:
        """The image on screen, also in overlapping tiles, for what is small in it."""
        if self.session.image_id is not None:
            self.prelabel([self.session.image_id], tiles=True)

    def prelabel(self, image_ids: list[ImageId], *, tiles: bool = False) -> None:
        """These images, in the background; `tiles`: large ones also piece by piece."""
        from ui.prelabelling import prelabel_task

        if not image_ids:
            self.session.message.emit("No image is new: choose some in the list to run them again.", "info")
            return

        def done(report: PrelabelReport) -> None:
            self.session.refresh_records()
            self.session.reload_document()
            self.session.message.emit(report.words(), "warning" if report.failed else "info")

        title = "Pre-labelling in tiles" if tiles else "Pre-labelling"
        self.session.model.with_inference(
            lambda inference: self.run_task(
                title, prelabel_task(self.session, inference, image_ids, tiles=tiles), done
            )
        )

    def stop_tasks(self) -> None:
        """Cancel what runs in the background."""
        self.tasks.cancel_all()

    def show_training(self) -> None:
        """Open the panel."""
        self.training_wanted.emit()

    def show_versions(self) -> None:
        """Open the list of model versions."""
        self.versions_wanted.emit()

    def open_weights(self) -> None:
        """Take a weights file and make it active."""
        self.weights_wanted.emit()

    def get_published(self) -> None:
        """The table of published models."""
        self.published_wanted.emit()

    def show_ceilings(self) -> None:
        """How well the prototypes can express the project's masks."""
        from ui.dialogs.ceilings import ceilings_dialog

        ceilings_dialog(self, self.window).open()

    def go_to(self, image_id: ImageId, annotation_id: AnnotationId) -> None:
        """Show an image, and in it an instance."""
        from ui.visit import visit

        visit(self.session, self.canvas, image_id, annotation_id)

    # --- help ----------------------------------------------------------------------------------------------

    def show_help(self) -> None:
        """The page made from the table of actions."""
        from ui.dialogs.help import HelpDialog

        HelpDialog(self.window).exec()

    def start_tour(self) -> None:
        """The one-minute tour on the sample project."""
        from ui.tour.tour import start_tour

        start_tour(self, self.window)

    def change_keys(self) -> None:
        """The settings' page of keys."""
        self.settings(keys=True)

    def about(self) -> None:
        """Name, version, licence."""
        from ui.dialogs.help import about

        about(self.window)

    def quit(self) -> None:
        """Close the window."""
        self.quit_wanted.emit()

    # --- tasks ---------------------------------------------------------------------------------------------

    def run_task(
        self,
        title: str,
        work: Work,
        then: Callable[[Any], object],
    ) -> None:
        """Run long work with a row in the task bar."""

        def failed(error: InputError) -> None:  # the row says what went wrong; one that was stopped has gone
            if task.cancelled:
                self.session.message.emit(str(error), "info")

        task = Task(title, self.session.workers, work, then, failed, self)
        self.tasks.run(task)

"""What actions act on: the session, the canvas, and the questions that some of them ask.

`Context` is handed to the functions of `ui.actions`; it knows dialogs and tasks, so that the window need not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, SignalInstance
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from app.annotation import AnnotationId, AnnotationState, CategoryId, ImageId, ImageState
from app.errors import InputError
from ui.tasks import Task, TaskBar

if TYPE_CHECKING:
    from app.prelabel import PrelabelReport
    from ui.canvas.view import Canvas
    from ui.docks import Panels
    from ui.session import Session


class Context(QObject):
    """Given to every action. Signals ask the window for what only it has."""

    training_wanted: SignalInstance = Signal()  # type: ignore[assignment]
    versions_wanted: SignalInstance = Signal()  # type: ignore[assignment]
    mode_wanted: SignalInstance = Signal(str)  # type: ignore[assignment]  # one of theme.MODES
    quit_wanted: SignalInstance = Signal()  # type: ignore[assignment]
    theme_wanted: SignalInstance = Signal()  # type: ignore[assignment]
    keys_changed: SignalInstance = Signal()  # type: ignore[assignment]
    changed: SignalInstance = Signal()  # type: ignore[assignment]  # a switch was turned
    session: Session
    canvas: Canvas
    tasks: TaskBar
    panels: Panels

    def __init__(
        self, session: Session, canvas: Canvas, tasks: TaskBar, panels: Panels, window: QWidget
    ) -> None:
        super().__init__(window)
        self.panels = panels
        self.session, self.canvas, self.tasks, self._window = session, canvas, tasks, window

    # --- projects ------------------------------------------------------------------------------------------

    def new_project(self, images: Path | None = None) -> None:
        """Ask for a folder of images and make a project."""
        from ui.dialogs.new_project import NewProjectDialog

        dialog = NewProjectDialog(self._window, images)
        if dialog.exec():
            self.session.create_project(dialog.project, dialog.images, dialog.categories)

    def open_project(self) -> None:
        """Ask for a project's folder."""
        chosen = QFileDialog.getExistingDirectory(self._window, "Open a project's folder")
        if chosen:
            self.session.open_project(Path(chosen))

    def open_sample(self) -> None:
        """Make the sample project if it is not there, and open it."""
        from app.demo import make_sample, sample_folder

        self.run_task(
            "Making the sample project",
            lambda progress, cancelled: make_sample(sample_folder(), lambda stage: progress),
            lambda _: self.session.open_project(sample_folder()),
        )

    def open_path(self, path: Path) -> None:
        """Something was dropped on the window: a project, a folder or file of images, annotations."""
        from model.image_io import IMAGE_SUFFIXES

        if path.is_dir() and (path / "project.db").is_file():
            self.session.open_project(path)
        elif path.is_dir():
            self.new_project(path)
        elif path.suffix.lower() == ".json" and self.session.project is not None:
            self.import_from(path)
        elif path.suffix.lower() == ".json":
            self.session.message.emit(
                f"expected an open project to import {path.name} into; open or make one first", "warning"
            )
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            self._open_image(path)
        else:
            self.session.message.emit(
                f"expected a folder of images, a project or a COCO file, got {path.name}", "warning"
            )

    def _open_image(self, path: Path) -> None:
        """An image of the open project is shown; of any other, a project of its folder is offered."""
        project = self.session.project
        if project is not None and path.is_relative_to(project.images_dir):
            name = path.relative_to(project.images_dir).as_posix()
            found = next((record.id for record in self.session.records if record.path == name), None)
            if found is not None:
                self.session.show_image(found)
                return
        self.new_project(path.parent)

    def say_saved(self) -> None:
        """There is no Save to forget."""
        if self.session.refused:
            self.session.message.emit(f"The last edit was not saved: {self.session.refused}", "error")
        else:
            self.session.message.emit("Everything is saved: each edit is, as you make it.", "info")

    def settings(self, *, keys: bool = False) -> None:
        """The dialog of settings, with its page of keys in front if that is asked for."""
        from ui.dialogs.settings import SettingsDialog

        dialog = SettingsDialog(self.session, self._window, keys=keys)
        if dialog.exec():
            self.session.use(dialog.chosen)
            self.mode_wanted.emit(dialog.mode)
            self.keys_changed.emit()

    # --- files ---------------------------------------------------------------------------------------------

    def import_file(self) -> None:
        """Ask for a COCO file and read it."""
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Import COCO", "", "COCO JSON (*.json)")
        if chosen:
            self.import_from(Path(chosen))

    def import_from(self, file: Path) -> None:
        """Ask how a COCO file is to be taken, and read it."""
        from ui.dialogs.transfer import ImportDialog, import_task, show_report

        project = self.session.project
        if project is None:
            return
        dialog = ImportDialog(self._window, file, project.images_dir)
        if not dialog.exec():
            return

        def done(report: Any) -> None:
            self.session.refresh_records()
            self.session.reload_document()
            show_report(self._window, f"Imported {file.name}", report)

        work = import_task(self.session, project, file, dialog.choices)
        self.run_task(f"Importing {file.name}", work, done)

    def export_file(self) -> None:
        """Ask what to write, write it, check it."""
        from ui.dialogs.transfer import ExportDialog, export_task, show_report

        project = self.session.project
        if project is None:
            return
        dialog = ExportDialog(self._window, self.session.records)
        if dialog.exec():
            self.run_task(
                f"Exporting {dialog.file.name}",
                export_task(
                    self.session,
                    project,
                    dialog.file,
                    dialog.states,
                    dialog.segmentation,
                    dialog.include_proposals,
                ),
                lambda report: show_report(self._window, f"Wrote {dialog.file}", report),
            )

    # --- edits ---------------------------------------------------------------------------------------------

    def undo(self) -> None:
        """Drop the stroke under way, or take the last edit back."""
        if not self.canvas.cancel_drawing():
            self.session.undo()

    def escape(self) -> None:
        """Stop drawing; else choose nothing; else the select tool."""
        if self.canvas.cancel_drawing():
            return
        if self.session.selection:
            self.session.select(())
        else:
            self.session.set_tool("select")

    def accept(self) -> None:
        """Accept the chosen proposals. While something is drawn the canvas takes the key to finish it."""
        if self._proposals():
            self.session.accept()

    def accept_all(self) -> None:
        """Accept all proposals that are shown."""
        if self._proposals(chosen=False):
            self.session.accept_all()

    def reject(self) -> None:
        """Reject what is chosen, else all proposals that are shown."""
        if self.session.selection or self._proposals():
            self.session.reject()

    def _proposals(self, *, chosen: bool = True) -> bool:
        """Whether there is a proposal to judge; says so where there is none."""
        session = self.session
        there = session.document.annotations if session.document is not None else {}
        if chosen and session.selection:
            found = any(there[each].state is AnnotationState.PROPOSED for each in session.selection)
            words = "What is chosen is yours already: there is nothing to accept."
        else:
            found = bool(session.visible_proposals())
            words = "No proposal is shown: lower the threshold, or ask the model about this image."
        if not found:
            session.message.emit(words, "info")
        return found

    def copy(self) -> None:
        """Remember what is chosen."""
        self.session.copy()
        count = self.session.copied
        self.session.message.emit(f"{count} annotation{'' if count == 1 else 's'} copied.", "info")

    def paste(self) -> None:
        """What was copied, at the same place."""
        if self.session.copied:
            self.session.paste()
        else:
            self.session.message.emit("Nothing was copied yet: choose instances and copy them first.", "info")

    def select_all(self) -> None:
        """Choose everything that is shown."""
        document = self.session.document
        if document is not None:
            there = document.annotations.values()
            self.session.select(each.id for each in there if self.session.visible(each))

    def choose_category(self, category_id: CategoryId) -> None:
        """Draw with a category; what is chosen gets it."""
        self.session.categories.choose(category_id)
        if self.session.selection:
            self.session.relabel(category_id)

    def relabel(self) -> None:
        """Ask for a category by name."""
        names = [category.name for category in self.session.categories]
        chosen, fine = QInputDialog.getItem(self._window, "Relabel", "Category", names, 0, False)
        if fine:
            self.session.relabel(self.session.categories[names.index(chosen)].id)

    def grow_by(self) -> None:
        """Ask by how many pixels the chosen masks shall be wider, or narrower."""
        from ui.tools.pixel_work import pixel_work

        words = "Pixels all around (negative: narrower)"
        pixels, fine = QInputDialog.getInt(self._window, "Grow or shrink", words, 5, -2000, 2000)
        if fine and pixels:
            pixel_work(self.canvas).grow(pixels)

    def threshold(self, by: float) -> None:
        """Move the score threshold."""
        self.session.set_threshold(round(self.session.threshold + by, 2))

    def skip(self) -> None:
        """Skip the image and go on."""
        self.session.set_image_state(ImageState.SKIPPED)
        self.session.step(1)

    # --- view ----------------------------------------------------------------------------------------------

    def toggle_peek(self) -> None:
        """Hide everything, or show it again."""
        self.canvas.peek(not self.canvas.look.peek)
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

        self.session.model.with_inference(
            lambda inference: self.run_task(
                "Pre-labelling", prelabel_task(self.session, inference, image_ids, tiles=tiles), done
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

    def show_ceilings(self) -> None:
        """How well the prototypes can express the project's masks."""
        from ui.dialogs.ceilings import ceilings_dialog

        ceilings_dialog(self, self._window).open()

    def go_to(self, image_id: ImageId, annotation_id: AnnotationId) -> None:
        """Show an image, and in it an instance."""
        from ui.visit import visit

        visit(self.session, self.canvas, image_id, annotation_id)

    # --- help ----------------------------------------------------------------------------------------------

    def show_help(self) -> None:
        """The page made from the table of actions."""
        from ui.dialogs.help import HelpDialog

        HelpDialog(self._window).exec()

    def start_tour(self) -> None:
        """The one-minute tour on the sample project."""
        from ui.tour.tour import start_tour

        start_tour(self, self._window)

    def change_keys(self) -> None:
        """The settings' page of keys."""
        self.settings(keys=True)

    def about(self) -> None:
        """Name, version, licence."""
        from ui.dialogs.help import about

        about(self._window)

    def quit(self) -> None:
        """Close the window."""
        self.quit_wanted.emit()

    # --- tasks ---------------------------------------------------------------------------------------------

    def run_task(
        self,
        title: str,
        work: Callable[[Callable[[int, int], None], Callable[[], bool]], Any],
        then: Callable[[Any], object],
    ) -> None:
        """Run long work with a row in the task bar."""

        def failed(error: InputError) -> None:  # the row says what went wrong; one that was stopped has gone
            if task.cancelled:
                self.session.message.emit(str(error), "info")

        task = Task(title, self.session.workers, work, then, failed, self)
        self.tasks.run(task)

"""Projects and files: what is asked before they are made, opened, read and written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from ui.commands import Context


def new_project(context: Context, images: Path | None = None) -> None:
    """Ask for a folder of images and make a project."""
    from ui.dialogs.new_project import NewProjectDialog

    dialog = NewProjectDialog(context.window, images)
    if dialog.exec():
        context.session.create_project(dialog.project, dialog.images, dialog.categories)


def open_project(context: Context) -> None:
    """Ask for a project's folder."""
    from ui.welcome import recent

    last = next(iter(recent()), None)
    beside = str(last.parent) if last is not None else str(Path.home())
    chosen = QFileDialog.getExistingDirectory(context.window, "Open a project's folder", beside)
    if chosen:
        context.session.open_project(Path(chosen))


def find_images(context: Context) -> None:
    """Ask where the project's images are now; the project is opened anew about them."""
    session = context.session
    project = session.project
    if project is None:
        return
    before = project.images_dir
    beside = next((each for each in before.parents if each.is_dir()), Path.home())  # a drive may be gone
    chosen = QFileDialog.getExistingDirectory(
        context.window, "Where the project's images are now", str(beside)
    )
    if chosen:
        folder, there = project.folder, len(session.records)

        def found(number: int) -> None:
            words = f"{number} of the project's {there} images are in {Path(chosen).name}."
            session.close_project()
            session.open_project(folder)
            session.workers.on_project(
                lambda: None, lambda _: session.message.emit(words, "info")
            )  # once open

        session.workers.on_project(lambda: project.find_images_in(Path(chosen)), found)


def open_sample(context: Context) -> None:
    """Make the sample project if it is not there, and open it."""
    from app.demo import make_sample, sample_folder

    context.run_task(
        "Making the sample project",
        lambda progress, cancelled: make_sample(sample_folder(), lambda stage: progress),
        lambda _: context.session.open_project(sample_folder()),
    )


def open_path(context: Context, path: Path) -> None:
    """Something was dropped on the window: a project, a folder or file of images, annotations."""
    from model.image_io import IMAGE_SUFFIXES

    if path.is_dir() and (path / "project.db").is_file():
        context.session.open_project(path)
    elif path.is_dir():
        new_project(context, path)
    elif path.suffix.lower() == ".json" and context.session.project is not None:
        import_from(context, path)
    elif path.suffix.lower() == ".json":
        context.session.message.emit(
            f"expected an open project to import {path.name} into; open or make one first", "warning"
        )
    elif path.suffix.lower() in IMAGE_SUFFIXES:
        _open_image(context, path)
    else:
        context.session.message.emit(
            f"expected a folder of images, a project or a COCO file, got {path.name}", "warning"
        )


def _open_image(context: Context, path: Path) -> None:
    """An image of the open project is shown; of any other, a project of its folder is offered."""
    project = context.session.project
    if project is not None and path.is_relative_to(project.images_dir):
        name = path.relative_to(project.images_dir).as_posix()
        found = next((record.id for record in context.session.records if record.path == name), None)
        if found is not None:
            context.session.show_image(found)
            return
    new_project(context, path.parent)


def say_saved(context: Context) -> None:
    """There is no Save to forget."""
    if context.session.refused:
        context.session.message.emit(f"The last edit was not saved: {context.session.refused}", "error")
    else:
        context.session.message.emit("Everything is saved: each edit is, as you make it.", "info")


def import_file(context: Context) -> None:
    """Ask for a COCO file and read it."""
    project = context.session.project
    beside = str(project.folder.parent) if project is not None else ""
    chosen, _ = QFileDialog.getOpenFileName(context.window, "Import COCO", beside, "COCO JSON (*.json)")
    if chosen:
        import_from(context, Path(chosen))


def import_from(context: Context, file: Path) -> None:
    """Ask how a COCO file is to be taken, and read it."""
    from ui.dialogs.transfer import ImportDialog, import_task, show_report

    project = context.session.project
    if project is None:
        return
    dialog = ImportDialog(context.window, file, project.images_dir)
    if not dialog.exec():
        return

    def done(report: Any) -> None:
        context.session.refresh_records()
        context.session.reload_document()
        show_report(context.window, f"Imported {file.name}", report)

    work = import_task(context.session, project, file, dialog.choices)
    context.run_task(f"Importing {file.name}", work, done)


def export_file(context: Context) -> None:
    """Ask what to write, write it, check it."""
    from ui.dialogs.transfer import ExportDialog, export_task, show_report

    project = context.session.project
    if project is None:
        return
    file = project.folder.parent / f"{project.name}.json"
    dialog = ExportDialog(context.window, context.session.records, file)
    if dialog.exec():
        context.run_task(
            f"Exporting {dialog.file.name}",
            export_task(
                context.session,
                project,
                dialog.file,
                dialog.states,
                dialog.segmentation,
                dialog.include_proposals,
            ),
            lambda report: show_report(context.window, f"Wrote {dialog.file}", report),
        )

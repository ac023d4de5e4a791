"""Opening and making projects, and looking again for the images of the one that is open.

On the project thread; what is found comes back as signals on the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.annotation import ImageState
from app.errors import InputError
from ui.image_records import Catalog

if TYPE_CHECKING:
    from app.annotation import Category, ImageId
    from app.project import Project, ScanReport
    from app.records import ImageRecord
    from ui.workers import Workers

SETTLED = 500  # ms after a project was opened: its first image is there, the folder can be looked through


@dataclass(frozen=True, slots=True)
class Opened:
    """A project, and what the window needs of it first."""

    project: Project
    images: Catalog
    first: ImageId | None  # the image to begin with: the first that is not finished
    categories: list[Category]
    threshold: float


class Opening(QObject):
    """The session's way to a project's folder."""

    opened = Signal(object)  # Opened
    scanned = Signal(object)  # Catalog, other than before
    message = Signal(str, str)  # words, warning | error

    def __init__(self, workers: Workers, parent: QObject) -> None:
        super().__init__(parent)
        self._workers = workers
        self._told = ""  # the last look's warning
        self._project: Project | None = None  # in whose folder images are looked for
        self._later = QTimer(self, singleShot=True, interval=SETTLED)
        self._later.timeout.connect(self.look)

    def open(self, path: Path, *, threshold: float) -> None:
        """Open a project; `threshold`: the usual one, for a project that has none of its own."""

        def make() -> Project:
            from app.project import Project  # here: loading it would hold up the window

            return Project.open(path)

        self._read(make, threshold)

    def create(self, path: Path, images_dir: Path, categories: Sequence[str], *, threshold: float) -> None:
        """Make a project about a folder of images and open it."""

        def make() -> Project:
            from app.project import Project

            return Project.create(path, images_dir, categories)

        self._read(make, threshold)

    def _read(self, make: Callable[[], Project], threshold: float) -> None:
        def work() -> Opened:
            project = make()
            own = float(project.setting("threshold", threshold))
            images = Catalog.of(project.images())
            return Opened(project, images, _first(images.records), project.categories(), own)

        self._workers.on_project(work, self.opened.emit, self._refused)

    def _refused(self, error: InputError) -> None:
        self.message.emit(str(error), "error")

    def follow(self, project: Project | None) -> None:
        """This project is the open one now; None: none is."""
        self._project, self._told = project, ""
        self._later.stop()

    def look_later(self) -> None:
        """Look for new and vanished images once the first one is shown."""
        self._later.start()

    def look(self) -> None:
        """Look for them now."""
        project = self._project
        if project is None:
            return

        def work() -> tuple[ScanReport, Catalog | None]:
            report = project.scan()
            return report, Catalog.of(project.images()) if report.new or report.changed else None

        def arrived(answer: tuple[ScanReport, Catalog | None]) -> None:
            if project is self._project:
                self._tell(answer[0])
                if answer[1] is not None:
                    self.scanned.emit(answer[1])

        self._workers.on_project(work, arrived)

    def _tell(self, report: ScanReport) -> None:
        """What the person should know: files passed over (said once), or that there is nothing."""
        warning = report.warning()
        if warning and warning != self._told:
            self._told = warning
            self.message.emit(warning, "warning")
        if report.nothing:
            self.message.emit(f"{report.nothing}. Put some there, then look for new images.", "warning")


def _first(records: Sequence[ImageRecord]) -> ImageId | None:
    unfinished = (each.id for each in records if each.state not in (ImageState.DONE, ImageState.SKIPPED))
    return next(unfinished, records[0].id if records else None)

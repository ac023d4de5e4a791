"""The window: assembles canvas, panels, bars and dialogs around one session, and nothing else."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from ui import closing, docks, theme, welcome
from ui.canvas.view import Canvas
from ui.ceilings import CeilingKeeper
from ui.commands import Context
from ui.explain.on_canvas import CanvasLayer
from ui.explain.panel import ExplainPanel
from ui.file_commands import open_path
from ui.menus import Actions
from ui.model_button import ModelButton
from ui.notice import Notice
from ui.panels.annotations import AnnotationsPanel
from ui.panels.categories import CategoriesPanel
from ui.panels.images import ImagesPanel
from ui.panels.later import Later
from ui.save_label import SaveLabel
from ui.session import Session
from ui.tasks import TaskBar
from ui.threshold import add_threshold
from ui.turns import turns_of

LAYOUT = docks.LAYOUT
NARROWEST = 180  # a panel


class MainWindow(QMainWindow):
    """One window, one session. `opening`: the project that it will be given, whose place it keeps."""

    def __init__(self, session: Session, *, opening: Path | None = None) -> None:
        super().__init__()
        self.session = session
        self._opening = opening
        self.canvas = Canvas(session)
        self.tasks = TaskBar()
        self.docks = docks.Docks(self)
        self.context = Context(session, self.canvas, self.tasks, self.docks, self)
        self.actions_ = Actions(self, self.context)
        self._middle = QWidget()
        self.notice = Notice(self._middle)
        self.pages = QStackedWidget()
        self._place = QLabel()
        self._hint = QLabel()
        self._closing = False  # tasks were told to stop; the window closes when they have
        self._waiting = False  # closes once the hints that were given are edits
        self._docks: dict[str, QDockWidget] = {}
        self._image_before = session.image_id
        self._laid_out = False  # the docks have their heights
        self._assemble()
        self._connect()
        self._restore()
        self.show_state()

    def _assemble(self) -> None:
        self.setAcceptDrops(True)
        self.setDockOptions(self.dockOptions() | QMainWindow.DockOption.AllowTabbedDocks)
        self.setTabPosition(
            Qt.DockWidgetArea.AllDockWidgetAreas, self.tabPosition(Qt.DockWidgetArea.TopDockWidgetArea)
        )
        self.actions_.fill_menu_bar()
        self._top, side = self.actions_.bars()
        self.threshold = add_threshold(self._top, self.session, self.canvas.setFocus)
        self._add_model(self._top)
        self.addToolBar(Qt.ToolBarArea.TopToolBarArea, self._top)
        self.addToolBar(Qt.ToolBarArea.LeftToolBarArea, side)
        self.pages.addWidget(welcome.Welcome(self.context))
        self.pages.addWidget(self.canvas)
        self.pages.setMinimumSize(240, 180)  # the card of the first page may be cut, panels may not
        column = QVBoxLayout(self._middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for widget, stretch in ((self.pages, 1), (self.tasks, 0)):
            column.addWidget(widget, stretch)
        self.setCentralWidget(self._middle)
        self._add_docks()
        saved = SaveLabel(self.session)
        for label, stretch in ((self._hint, 1), (self._place, 0), (saved, 0)):
            label.setObjectName("faint")
            self.statusBar().addWidget(label, stretch)
        self.statusBar().setSizeGripEnabled(False)

    def _add_docks(self) -> None:
        self.images = ImagesPanel(self.session)
        self.annotations = AnnotationsPanel(self.session)
        self.categories = CategoriesPanel(self.session)
        self.training = Later(partial(_training, self.session))
        self.explain = ExplainPanel(self.session)
        CanvasLayer(self.canvas, self.explain)
        CeilingKeeper(self.session)
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        for title, widget, area in (
            ("Images", self.images, left),
            ("Annotations", self.annotations, right),
            ("Categories", self.categories, right),
            ("Prototypes", self.explain, right),
            ("Training", self.training, right),
        ):
            dock = QDockWidget(title)
            dock.setObjectName(title)
            dock.setWidget(widget)
            dock.setMinimumWidth(NARROWEST)
            dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
            self.addDockWidget(area, dock)
            self._docks[title] = dock
        self.tabifyDockWidget(self._docks["Prototypes"], self._docks["Training"])
        self.tabifyDockWidget(self._docks["Annotations"], self._docks["Categories"])
        self._docks["Prototypes"].raise_()
        self._docks["Annotations"].raise_()
        self.docks.settle(self._docks)

    def _add_model(self, bar: QToolBar) -> None:
        room = QWidget()
        room.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(room)
        self.model_button = ModelButton(self.context)
        bar.addWidget(self.model_button)

    def _connect(self) -> None:
        session, context = self.session, self.context
        session.project_changed.connect(self._project_changed)
        session.document_changed.connect(self.show_state)
        session.document_changed.connect(self._went_on)
        session.image_state_changed.connect(lambda _: self.show_state())
        session.images_changed.connect(self.show_state)
        session.message.connect(self._tell)
        self.images.prelabel_wanted.connect(context.prelabel)
        self.images.state_wanted.connect(session.set_states)
        self.canvas.hint_changed.connect(self._hint.setText)
        self.canvas.view_changed.connect(self.show_place)
        self.canvas.pointer_moved.connect(self.show_place)
        session.category_wanted.connect(self._ask_for_category)
        self.categories.settled.connect(self.canvas.setFocus)
        self.images.settled.connect(self.canvas.setFocus)
        self.annotations.accept_wanted.connect(self.actions_.by_id["accept"].trigger)
        self.annotations.reject_wanted.connect(self.actions_.by_id["reject"].trigger)
        context.training_wanted.connect(lambda: self.docks.bring("Training"))
        context.versions_wanted.connect(self._show_versions)
        context.weights_wanted.connect(self.model_button.open_file)
        context.published_wanted.connect(self.model_button.get_published)
        self.tasks.changed.connect(self._close_at_last)
        context.quit_wanted.connect(self.close)
        context.theme_wanted.connect(self.toggle_theme)
        context.mode_wanted.connect(self.use_theme)
        self.docks.changed.connect(self.actions_.refresh)

    def _tell(self, words: str, kind: str) -> None:
        self.notice.show_message(words, kind)
        if kind == "error" and self._opening is not None and self.session.project is None:
            self._opening = None  # it will not come
            self.show_state()

    def _went_on(self) -> None:
        """Another image: errors of the one before were seen."""
        if self.session.image_id != self._image_before:
            self._image_before = self.session.image_id
            self.notice.let_go()

    def _project_changed(self) -> None:
        project = self.session.project
        if project is not None:
            self._opening = None
            welcome.remember(project.folder)
        self.show_state()
        self.canvas.setFocus()

    def _show_docks(self, on: bool) -> None:
        self.docks.show_all(on)
        if on and not self._laid_out:  # docks that are not laid out yet have no room to share
            self._laid_out = True
            QTimer.singleShot(0, self._share_room)

    def _share_room(self) -> None:
        self.docks.share_room(self)

    def _ask_for_category(self) -> None:
        self.docks.bring("Categories")
        self.categories.field.setFocus()
        self.session.category_changed.connect(
            self.notice.hide,
            Qt.ConnectionType.SingleShotConnection,  # it asked for that
        )

    def _show_versions(self) -> None:
        self.docks.bring("Training")
        self.training.fill()
        panel = self.training.panel
        if panel is not None:
            panel.show_versions()  # type: ignore[attr-defined]

    def createPopupMenu(self) -> QMenu:
        """Right click on bars and titles: the panels, as in the View menu."""
        menu = QMenu(self)
        menu.addActions(self.actions_.panel_actions())
        return menu

    def show_state(self) -> None:
        """Title, page and place for what is open, or is being opened."""
        session = self.session
        there = session.project is not None or self._opening is not None
        self.pages.setCurrentIndex(1 if there else 0)
        self._show_docks(there)
        if session.project is None:
            opening = f"Opening {self._opening.name} - " if self._opening is not None else ""
            self.setWindowTitle(f"{opening}Protolabel")
            return
        record = session.images.get(session.image_id)
        if record is None:
            self.setWindowTitle(f"{session.project.name} - Protolabel")
            return
        number = (session.images.place(record.id) or 0) + 1
        place = f"[{number}/{len(session.records)}] {record.state}"
        self.setWindowTitle(f"{record.path} {place} - {session.project.name} - Protolabel")
        self.show_place()

    def show_place(self, point: object = None) -> None:
        """Zoom, position under the pointer, size of the image."""
        view, (width, height) = self.canvas.view, self.canvas.image_size
        if view is None:
            self._place.clear()
            return
        where = f"{point[0]:.0f}, {point[1]:.0f}   " if isinstance(point, tuple) else ""
        self._place.setText(f"{where}{width} x {height}   {view.scale * 100:.0f} %  ")

    def toggle_theme(self) -> None:
        """Light or dark, the other one from now on."""
        app = QApplication.instance()
        self.use_theme("light" if app is not None and app.property("dark") else "dark")

    def use_theme(self, mode: str) -> None:
        """One of `theme.MODES`, from now on."""
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        QSettings().setValue("theme", mode)
        theme.apply(app, mode)
        self.actions_.refresh_icons()
        self.canvas.update()

    # --- files dropped here, layout ------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls()[:1]:
            path = Path(url.toLocalFile())
            QTimer.singleShot(0, lambda path=path: open_path(self.context, path))

    def _restore(self) -> None:
        settings = QSettings()
        room = self.screen().availableSize()
        self.resize(min(1440, room.width() - 40), min(900, room.height() - 60))
        geometry, state = settings.value("window/geometry"), settings.value("window/state")
        if geometry is not None:
            self.restoreGeometry(geometry)
        self._laid_out = state is not None and self.restoreState(state, LAYOUT)

    def _close_at_last(self) -> None:
        """The tasks that were told to stop have stopped."""
        if self._closing and not self.tasks.tasks:
            QTimer.singleShot(0, self.close)

    def _may_close(self) -> bool:
        """Ask about unfinished tasks; when they may be stopped, the window closes as soon as they are."""
        if self._closing or not self.tasks.tasks:
            return not self.tasks.tasks
        if closing.may_stop(self, [task.title for task in self.tasks.tasks]):
            self._closing = True
            self.tasks.cancel_all()
            self.setEnabled(False)
            self.notice.show_message("Closing as soon as what is going on has stopped …", "info")
            self._close_at_last()
        return False

    def _close_now(self) -> None:
        """The hints that were given are edits by now."""
        self._waiting = False
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not turns_of(self.session).idle:  # a hint is still being answered: a moment
            event.ignore()
            if not self._waiting:
                self._waiting = True
                turns_of(self.session).run(None, lambda: QTimer.singleShot(0, self._close_now))
            return
        if not self._may_close():
            event.ignore()
            return
        panel = self.training.panel
        if panel is not None and panel.watch.running:  # type: ignore[attr-defined]
            closing.tell_of_training(self)
        settings = QSettings()
        if self.session.project is not None:
            settings.setValue("window/geometry", self.saveGeometry())
            settings.setValue("window/state", self.saveState(LAYOUT))
        self.canvas.close_threads()
        self.session.close()
        super().closeEvent(event)


def _training(session: Session) -> QWidget:
    from ui.panels.training import TrainingPanel

    return TrainingPanel(session)

"""The images of the project: filter, order, thumbnails, states; the current one follows the session."""

from __future__ import annotations

from collections import Counter
from functools import partial

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, Signal, SignalInstance
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from app.annotation import ImageId, ImageState
from app.records import ImageRecord
from ui.panels.image_model import RECORD_ROLE, ImageModel
from ui.panels.image_row import ImageRow
from ui.session import Session

ORDERS = ("name", "state", "lowest score", "most proposals")
TYPING = 150  # ms of rest before a typed filter is applied


class ImagesPanel(QWidget):
    """The list of images. `prelabel_wanted` carries the chosen images' ids."""

    prelabel_wanted: SignalInstance = Signal(list)  # type: ignore[assignment]
    state_wanted: SignalInstance = Signal(list, object)  # type: ignore[assignment]

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = ImageModel(session)
        self.search = QLineEdit(placeholderText="Filter by name", clearButtonEnabled=True)
        self.states, self.order = QComboBox(), QComboBox()
        for box, tip, name in (
            (self.states, "Which images are listed", "Filter by state"),
            (self.order, "In which order", "Order of the images"),
        ):
            box.setToolTip(tip)
            box.setAccessibleName(name)
        self.order.addItems([f"By {name}" for name in ORDERS])
        self.list = QListView(uniformItemSizes=True)
        self.list.setAccessibleName("Images")
        self.list.setModel(self.model)
        self.list.setItemDelegate(ImageRow(self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.progress = QLabel()
        self._typing = QTimer(self, singleShot=True, interval=TYPING)
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.states, 1)
        row.addWidget(self.order, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.search)
        layout.addLayout(row)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.progress)

    def _connect(self) -> None:
        session = self._session
        session.project_changed.connect(self.model.forget_thumbnails)
        session.project_changed.connect(self.refresh)
        session.images_changed.connect(self.refresh)
        session.image_state_changed.connect(self._state_changed)
        session.document_changed.connect(self.show_current)
        self.search.textChanged.connect(lambda: self._typing.start())
        self._typing.timeout.connect(self.refresh)
        self.states.activated.connect(lambda: self.refresh())
        self.order.activated.connect(lambda: self.refresh())
        self.list.selectionModel().currentChanged.connect(self._current_changed)
        self.list.customContextMenuRequested.connect(self._menu)

    def refresh(self) -> None:
        """Apply filter and order to the session's records."""
        self._count()
        self.model.text = self.search.text()
        state = self.states.currentData()  # Qt keeps a plain string of an enum's member
        self.model.state = ImageState(state) if state else None
        self.model.order = ORDERS[max(self.order.currentIndex(), 0)]
        self.model.refresh()
        self.show_current()

    def show_current(self) -> None:
        """Select the session's image."""
        row = self.model.row_of(self._session.image_id)
        index = self.model.index(row) if row >= 0 else QModelIndex()
        if index == self.list.currentIndex():
            return
        selection = self.list.selectionModel()
        blocked = selection.blockSignals(True)
        selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        selection.blockSignals(blocked)
        self.list.scrollTo(index)
        self.list.viewport().update()

    def chosen(self) -> list[ImageId]:
        """Ids of the selected images, in the order of the list."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return [self.model.index(row).data(RECORD_ROLE).id for row in rows]

    def _current_changed(self, current: QModelIndex) -> None:
        if current.isValid():
            self._session.show_image(current.data(RECORD_ROLE).id)

    def _state_changed(self, record: object) -> None:
        if isinstance(record, ImageRecord):
            self.model.replace(record)
        self._count()

    def _count(self) -> None:
        records = self._session.records
        counts = Counter(record.state for record in records)
        chosen = self.states.currentData()
        self.states.clear()
        self.states.addItem(f"All ({len(records)})", None)
        for state in ImageState:
            self.states.addItem(f"{str(state).capitalize()} ({counts[state]})", state)
        self.states.setCurrentIndex(max(self.states.findData(chosen), 0))
        done = counts[ImageState.DONE] + counts[ImageState.SKIPPED]
        self.progress.setText(f"{done} of {len(records)} done" if records else "No images yet")

    def _menu(self, place: QPoint) -> None:
        ids = self.chosen()
        if not ids:
            return
        menu = QMenu(self)
        many = f"{len(ids)} images" if len(ids) > 1 else "this image"
        menu.addAction(f"Pre-label {many}", lambda: self.prelabel_wanted.emit(ids))
        menu.addSeparator()
        for words, state in (
            ("Mark done", ImageState.DONE),
            ("Skip", ImageState.SKIPPED),
            ("Back to in progress", ImageState.IN_PROGRESS),
        ):
            menu.addAction(words, partial(self.state_wanted.emit, ids, state))
        menu.addSeparator()
        menu.addAction("Copy path", lambda: self._copy_paths(ids))
        menu.exec(self.list.viewport().mapToGlobal(place))

    def _copy_paths(self, ids: list[ImageId]) -> None:
        project, wanted = self._session.project, set(ids)
        if project is not None:
            paths = [str(project.images_dir / r.path) for r in self._session.records if r.id in wanted]
            QApplication.clipboard().setText("\n".join(paths))

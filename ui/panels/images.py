"""The images of the project: filter, order, thumbnails, states; the current one follows the session."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QProgressBar,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.annotation import ImageId, ImageState
from app.records import ImageRecord
from ui.image_records import Catalog
from ui.panels.image_model import RECORD_ROLE, ImageModel
from ui.panels.image_order import Wish, arrange
from ui.panels.image_row import HEIGHT, STATE_COLORS, ImageRow
from ui.session import Session
from ui.widgets.chips import ChoiceChips
from ui.widgets.own_keys import OwnKeys
from ui.widgets.table import Table

ORDERS = {
    "name": "By name",
    "state": "By state",
    "lowest score": "Lowest score first",
    "most proposals": "Most proposals first",
    "worth": "Worth labelling first",
}
AT_ONCE = 2000  # images that are arranged without a thread: about 4 ms
TYPING = 150  # ms of rest before a typed filter is applied


class ImagesPanel(QWidget):
    """The list of images. `prelabel_wanted` carries the chosen images' ids; `settled`: back to the image."""

    settled = Signal()
    prelabel_wanted = Signal(list)
    state_wanted = Signal(list, object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = ImageModel(session)
        self.search = QLineEdit(placeholderText="Filter by name", clearButtonEnabled=True)
        self.search.setToolTip("Enter opens the first of them")
        OwnKeys(self.search).escaped.connect(self._leave_search)
        self.states = ChoiceChips(
            {None: ("All", ""), **{each: (str(each), STATE_COLORS[each]) for each in ImageState}}
        )
        self.order = QComboBox()
        self.order.setToolTip("In which order; next and previous follow it")
        self.order.setAccessibleName("Order of the images")
        for key, words in ORDERS.items():
            self.order.addItem(words, key)
        self.list = Table()  # a QListView asks about every row: 0.15 s for 100,000
        self.list.setAccessibleName("Images")
        self.list.setModel(self.model)
        self.list.setItemDelegate(ImageRow(self.list))
        self.list.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTabKeyNavigation(False)
        self.list.horizontalHeader().hide()
        self.list.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.list.verticalHeader().hide()
        self.list.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.list.verticalHeader().setDefaultSectionSize(HEIGHT)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.progress, self.done = QLabel(), QProgressBar()
        self._came: set[object] = set()  # states that images of this project were in
        self._first_wanted = False  # of the list that is being made
        self._asked = 0  # arrangements: an older answer is dropped
        self._meanwhile: dict[ImageId, ImageRecord] = {}  # changed while one is under way
        self._typing = QTimer(self, singleShot=True, interval=TYPING)
        self._lay_out()
        self._connect()
        self.refresh()

    def _lay_out(self) -> None:
        self.done.setTextVisible(False)
        self.done.setFixedHeight(4)
        self.order.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        below = QHBoxLayout()
        below.addWidget(self.progress, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.search, 3)
        row.addWidget(self.order, 2)
        layout.addLayout(row)
        layout.addWidget(self.states)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.done)
        layout.addLayout(below)

    def _connect(self) -> None:
        session = self._session
        session.project_changed.connect(self._other_project)
        session.images_changed.connect(self.refresh)
        session.image_state_changed.connect(self._state_changed)
        session.document_changed.connect(self.show_current)
        self.search.textChanged.connect(lambda: self._typing.start())
        self._typing.timeout.connect(self.refresh)
        self.search.returnPressed.connect(self._open_found)
        self.states.chosen.connect(lambda _: self.refresh())
        self.order.activated.connect(lambda: self.refresh())
        self.list.selectionModel().currentChanged.connect(self._current_changed)
        self.list.customContextMenuRequested.connect(self._menu)

    def refresh(self) -> None:
        """Apply filter and order to the session's records; of many images beside the window."""
        self._show_counts()
        images, wish = self._session.images, self._wish()
        self._asked += 1
        self._meanwhile.clear()
        if wish.is_all:
            self._show(images.in_order())
        elif len(images.all) <= AT_ONCE:
            self._show(arrange(images.all, wish))
        else:
            self._arrange_beside(list(images.all), wish)

    def _arrange_beside(self, records: list[ImageRecord], wish: Wish) -> None:
        asked = self._asked

        def work() -> Catalog | None:
            return arrange(records, wish) if asked == self._asked else None

        def arrived(catalog: Catalog | None) -> None:
            if catalog is not None and asked == self._asked:
                changed = list(self._meanwhile.values())
                self._show(catalog)
                for record in changed:
                    self.model.replace(record)

        self._session.workers.on_pool(work, arrived)

    def _wish(self) -> Wish:
        state = self.states.value
        chosen = state if isinstance(state, ImageState) else None
        return Wish(self.search.text(), chosen, self.order.currentData())

    def _show(self, catalog: Catalog) -> None:
        self._session.images.list_as(catalog)
        self.model.show(catalog)
        self.show_current()
        if self._first_wanted:
            self._first_wanted = False
            self._open_first()

    def _leave_search(self) -> None:
        """All images again; once they are, back to the image."""
        if self.search.text():
            self.search.clear()
        else:
            self.settled.emit()

    def _open_found(self) -> None:
        """What was typed counts now, and its first image is meant."""
        self._typing.stop()
        self._first_wanted = True
        self.refresh()

    def _open_first(self) -> None:
        """The first image of the list, unless the one on screen is among them."""
        if not self.model.rowCount():
            self._session.message.emit(f"No image has “{self.search.text()}” in its name here.", "info")
            return
        if self.model.row_of(self._session.image_id) < 0:
            self._session.show_image(self.model.index(0).data(RECORD_ROLE).id)
        self.settled.emit()

    def _other_project(self) -> None:
        """Nothing of the one before is shown while its list is made."""
        self._came.clear()
        self.model.forget_thumbnails()
        self.model.show(Catalog.of(()))
        self.refresh()

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
        if not isinstance(record, ImageRecord):
            return
        self._meanwhile[record.id] = record
        self.model.replace(record)
        self._show_counts()

    def _show_counts(self) -> None:
        """Numbers on the chips. One that came stays with the project: the list below would jump."""
        states, total = self._session.images.states, len(self._session.records)
        done, skipped = states[ImageState.DONE], states[ImageState.SKIPPED]
        for key, chip in self.states.chips.items():
            count = states[key] if isinstance(key, ImageState) else total
            name = str(key).capitalize() if isinstance(key, ImageState) else "All"
            chip.set_text(f"{name} {count:,}")
            self._came |= {key} if count else set()
            chip.setVisible(key is None or key in self._came or chip.isChecked())
        words = f"{done:,} of {total:,} done" + (f", {skipped:,} skipped" if skipped else "")
        empty = "No images yet" if self._session.project is not None else ""
        self.progress.setText(words if total else empty)
        self.done.setMaximum(max(total - skipped, 1))
        self.done.setValue(done)

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
            ("Back to new", ImageState.NEW),
        ):
            menu.addAction(words, partial(self.state_wanted.emit, ids, state))
        menu.addSeparator()
        menu.addAction("Copy path", lambda: self._copy_paths(ids))
        menu.addAction("Open containing folder", lambda: self._open_folder(ids[0]))
        menu.exec(self.list.viewport().mapToGlobal(place))

    def _copy_paths(self, ids: list[ImageId]) -> None:
        project, wanted = self._session.project, set(ids)
        if project is not None:
            paths = [str(project.images_dir / r.path) for r in self._session.records if r.id in wanted]
            QApplication.clipboard().setText("\n".join(paths))

    def _open_folder(self, image_id: ImageId) -> None:
        project, record = self._session.project, self._session.images.get(image_id)
        if project is not None and record is not None:
            folder = (project.images_dir / record.path).parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

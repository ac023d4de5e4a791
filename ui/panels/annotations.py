"""What is in the current image: annotations and proposals, chosen here as on the canvas."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.annotation import PERSONS_WORK, AnnotationId, AnnotationState, ImageState
from app.edits import Edit
from ui.panels.annotation_model import AREA, CATEGORY, EYE, SCORE, STATE, AnnotationModel, swatch
from ui.panels.annotation_row import AnnotationRow
from ui.panels.score_histogram import ScoreHistogram
from ui.session import Session
from ui.widgets.icon_button import IconButton
from ui.widgets.table import Table

EMPTY_YET = "Nothing here yet. Draw (P, R, B), or press F5 for the model's proposals."
LOOKING = "The model is looking at this image. Drawing (P, R, B) need not wait for it."
EMPTY = {
    ImageState.PRELABELLED: "The model found nothing here. Draw what there is, or mark it done as empty.",
    ImageState.DONE: "Done, and empty: an example of nothing being there.",
    ImageState.SKIPPED: "Skipped, and empty.",
}


class AnnotationsPanel(QWidget):
    """The list, the counts, the threshold, and accept / reject for what is chosen or for all.

    Both are `wanted` here and done as by their keys, which go on to the next proposal.
    """

    accept_wanted = Signal()
    reject_wanted = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.model = AnnotationModel(session)
        self.summary = QLabel(wordWrap=True)
        self.histogram = ScoreHistogram(session)
        self.table = Table()
        self.table.setAccessibleName("Annotations of this image")
        self.accept = self._button(
            "Accept", "Accept the chosen proposals, or all visible ones", self.accept_wanted.emit
        )
        self.reject = self._button(
            "Reject", "Reject the chosen proposals; they do not come back", self.reject_wanted.emit
        )
        self.relabel = IconButton("tag", "Give what is chosen another category")
        self.copy = IconButton("duplicate", "Duplicate what is chosen")
        self.delete = IconButton("delete", "Delete what is chosen")
        self._labels = QMenu(self)
        self._updating = False
        self._recount = QTimer(self, singleShot=True, interval=0)
        self._lay_out()
        self._connect()
        self.refresh()

    def _button(self, text: str, tip: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(lambda: act())
        return button

    def sizeHint(self) -> QSize:
        """Less than half of the window's height: the rest is for what explains."""
        return QSize(330, 300)

    def _lay_out(self) -> None:
        table = self.table
        table.setModel(self.model)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        table.setTabKeyNavigation(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(26)
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(20)
        for column, width in ((EYE, 24), (STATE, 92), (SCORE, 58), (AREA, 62)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            table.setColumnWidth(column, width)
        header.setSectionResizeMode(CATEGORY, QHeaderView.ResizeMode.Stretch)
        header.setSortIndicator(SCORE, Qt.SortOrder.DescendingOrder)
        header.setSortIndicatorShown(True)
        table.setSortingEnabled(True)
        table.setItemDelegate(AnnotationRow(table))
        self.relabel.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.relabel.setMenu(self._labels)
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.accept, self.reject):
            buttons.addWidget(button, 1)
        for tool in (self.relabel, self.copy, self.delete):
            buttons.addWidget(tool)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.summary)
        layout.addWidget(self.histogram)
        layout.addWidget(table, 1)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        session = self._session
        session.document_changed.connect(self.refresh)
        session.annotations_changed.connect(self._edited)
        self.model.modelReset.connect(self.show_selection)
        self._labels.aboutToShow.connect(lambda: self._fill_labels(self._labels))
        self.copy.clicked.connect(lambda: session.duplicate())
        self.delete.clicked.connect(lambda: session.delete_selection())
        self.table.horizontalHeader().sectionClicked.connect(self._header_clicked)
        session.categories_changed.connect(self._categories)
        session.selection_changed.connect(self.show_selection)
        session.threshold_changed.connect(lambda _: self._view_changed())
        session.view_changed.connect(self._view_changed)
        session.model_state_changed.connect(lambda _: self._recount.start())
        self._recount.timeout.connect(self._summarise)
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.table.clicked.connect(self._clicked)
        self.table.customContextMenuRequested.connect(self._menu)

    def refresh(self) -> None:
        """Read the document again."""
        self.model.refresh()
        self.histogram.refresh()
        self.show_selection()
        self._recount.start()

    def show_selection(self) -> None:
        """Choose in the table what is chosen in the session."""
        selection = QItemSelection()
        rows = [row for each in self._session.selection if (row := self.model.row_of(each)) >= 0]
        for row in rows:
            selection.select(self.model.index(row, 0), self.model.index(row, AREA))
        chooser = self.table.selectionModel()
        blocked = chooser.blockSignals(True)
        chooser.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        chooser.blockSignals(blocked)
        if len(rows) == 1:
            self.table.scrollTo(self.model.index(rows[0], 0))
        self.table.viewport().update()
        self._recount.start()

    def chosen(self) -> list[AnnotationId]:
        """Ids of the chosen rows."""
        return [self.model.at(index.row()).id for index in self.table.selectionModel().selectedRows()]

    def _edited(self, edit: Edit) -> None:
        self._updating = True  # rows that move are not chosen or dropped by the person
        self.model.update(edit)
        self._updating = False
        self.show_selection()

    def _categories(self) -> None:
        self.model.refresh_categories()
        self.model.repaint_all()

    def _view_changed(self) -> None:
        self.model.repaint_all()
        self._recount.start()

    def _selected(self) -> None:
        if not self._updating:
            self._session.select(self.chosen())

    def _clicked(self, index: QModelIndex) -> None:
        if index.column() == EYE:
            self._session.toggle_hidden([self.model.at(index.row()).id])

    def _summarise(self) -> None:
        document, threshold = self._session.document, self._session.threshold
        there = list(document.annotations.values()) if document else []
        mine = sum(each.state in PERSONS_WORK for each in there)
        proposals = [each for each in there if each.state is AnnotationState.PROPOSED]
        over = sum((each.score or 0) >= threshold for each in proposals)
        if document is None:
            self.summary.setText("No image")
        elif not there:
            looking = self._session.model.is_looking_at(document.image.id)
            self.summary.setText(LOOKING if looking else EMPTY.get(document.state, EMPTY_YET))
        else:
            words = f"{mine} annotation{'' if mine == 1 else 's'}"
            if proposals:
                words += f" · {_shown(over, len(proposals), threshold)}"
            self.summary.setText(words)
        self.histogram.setVisible(bool(proposals))
        chosen = set(self._session.selection)
        self.accept.setEnabled(any(each.id in chosen for each in proposals) if chosen else over > 0)
        self.reject.setEnabled(over > 0 or bool(self._session.selection))
        some = bool(self._session.selection)
        for tool in (self.relabel, self.copy, self.delete):
            tool.setEnabled(some)
        self.accept.setText("Accept" if some else "Accept all")
        self.reject.setText("Reject" if some else "Reject all")

    def _fill_labels(self, menu: QMenu) -> None:
        menu.clear()
        for category in self._session.categories:
            icon = QIcon(swatch(category.color, 14))
            menu.addAction(icon, category.name, partial(self._session.relabel, category.id))

    def _header_clicked(self, column: int) -> None:
        """The heading over the eyes shows all again, or hides all."""
        document = self._session.document
        if column == EYE and document is not None:
            hidden = self._session.hidden
            self._session.toggle_hidden(hidden or list(document.annotations))

    def _menu(self, place: QPoint) -> None:
        session, ids = self._session, self.chosen()
        if not ids:
            return
        menu = QMenu(self)
        menu.addAction("Accept", self.accept_wanted.emit)
        menu.addAction("Reject", self.reject_wanted.emit)
        self._fill_labels(menu.addMenu("Category"))
        menu.addAction("Show or hide", lambda: session.toggle_hidden(ids))
        menu.addAction("Duplicate", session.duplicate)
        menu.addSeparator()
        menu.addAction("Delete", session.delete_selection)
        menu.exec(self.table.viewport().mapToGlobal(place))


def _shown(over: int, proposals: int, threshold: float) -> str:
    """How many proposals the threshold lets through."""
    if not over:
        return f"{proposals} proposal{'' if proposals == 1 else 's'}, all scored below {threshold:.2f}"
    return f"{over} of {proposals} proposals shown (score from {threshold:.2f})"

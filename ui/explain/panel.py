"""The panel that explains: this image's prototypes, the chosen instance's coefficients, its mask as a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QCursor, QImage, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.annotation import Annotation
from ui.explain.ceiling_meter import CeilingMeter
from ui.explain.chosen import Explained, explained, words_for
from ui.explain.coefficients import CoefficientBars, Vector
from ui.explain.contribution import Planes, contribution_rgba, planes
from ui.explain.editing import CoefficientEditing
from ui.explain.enlarged import Enlarged
from ui.explain.helper_section import HelperSection
from ui.explain.pictures import with_alpha
from ui.explain.prototypes import PrototypeGrid
from ui.explain.running_sum import RunningSum, counts_for
from ui.tools.pixels import pixels_of
from ui.tools.sources import sources_of
from ui.widgets.chips import Chip

if TYPE_CHECKING:
    from model.messages import Prediction
    from ui.session import Session

OPACITY = 0.8  # of a prototype over the image
REST = 250  # ms that the pointer rests before a picture is enlarged


class ExplainPanel(QWidget):
    """Follows the session's prediction and selection. `overlay_changed`: a QImage of all of it, or None."""

    overlay_changed: SignalInstance = Signal(object)  # type: ignore[assignment]
    prototype_chosen: SignalInstance = Signal(int)  # type: ignore[assignment]  # -1: none any more

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._sources = sources_of(session)
        self.editing = CoefficientEditing(session, self)
        self.title = QLabel(wordWrap=True)
        self.ceiling = CeilingMeter(self)
        self.overlay_frame: tuple[float, float, float, float] | None = (
            None  # what the overlay spans; None: all
        )
        self.predict = QPushButton("Predict this image")
        self.sums, self.grid, self.bars = RunningSum(), PrototypeGrid(), CoefficientBars()
        self.helpers = HelperSection(session, self)
        self.pages = QStackedWidget()
        self.as_bars = Chip("Bars", "The chosen instance's coefficients beside the prototypes", on=True)
        self.by_share = Chip("By share", "Sort by how much each does to the chosen mask", on=True)
        self.together = Chip("One scale", "All prototypes on one scale, so that weak ones look weak")
        self.over_image = Chip(
            "On image", "What a prototype does is shown over the image on hovering", on=True
        )
        self.reset = QPushButton("Reset")
        self.enlarged: Enlarged | None = None
        self._planes: Planes | None = None
        self._shown: Prediction | None = None  # whose planes these are
        self._instance: Explained | None = None
        self._hovered = self._pinned = -1
        self._later = QTimer(self, singleShot=True, interval=0)
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._lay_out()
        self._connect()
        self.refresh()

    def sizeHint(self) -> QSize:
        """Room for a dozen bars."""
        return QSize(330, 560)

    def _lay_out(self) -> None:
        options = QHBoxLayout()
        options.setSpacing(4)
        for chip in (self.as_bars, self.by_share, self.together, self.over_image):
            options.addWidget(chip)
        self.reset.setToolTip("Back to the coefficients that the network gave")
        options.addStretch()
        options.addWidget(self.reset)
        for widget in (self.grid, self.bars):
            scroll = QScrollArea(widgetResizable=True)
            scroll.setFrameShape(QFrame.Shape.NoFrame)
            scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            scroll.setWidget(widget)
            self.pages.addWidget(scroll)
        self.bars.wanted.connect(self._reveal)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        for part in (self.title, self.ceiling, self.predict, self.sums):
            layout.addWidget(part)
        layout.addLayout(options)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.helpers)

    def _connect(self) -> None:
        session = self._session
        for signal in (session.prediction_changed, session.document_changed, session.selection_changed):
            signal.connect(self._later.start)
        session.annotations_changed.connect(lambda _: self._later.start())
        session.model_state_changed.connect(self._told)
        self._sources.changed.connect(self._later.start)
        session.message.connect(self._heard)
        self._later.timeout.connect(self.refresh)
        self._rest.timeout.connect(self._enlarge)
        self.predict.clicked.connect(self._predict)
        self.reset.clicked.connect(self._reset)
        self.as_bars.toggled.connect(lambda _: self.refresh())
        self.by_share.toggled.connect(lambda _: self._sort_again())
        self.together.toggled.connect(lambda _: self._read_planes())
        self.over_image.toggled.connect(lambda _: self._show_overlay())
        for widget in (self.grid, self.bars):
            widget.hovered.connect(self._hover)
            widget.chosen.connect(self.pin)
        self.bars.moved.connect(self._moved)
        self.bars.settled.connect(self._settled)
        self.editing.refused.connect(self._later.start)
        self.helpers.overlay_changed.connect(self._show_overlay)

    # --- what is shown -------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what the session has now; while nobody sees it, nothing is computed."""
        if not self.isVisible() and self._pinned < 0:
            return
        if self.bars.dragging and self._still_there():
            return
        chosen = self._only_chosen()
        if chosen is not None and self.isVisible() and (words := self._sources.recall(chosen)):
            self._session.message.emit(words, "info")
        wanted = self._wanted_prediction()
        if wanted is not self._shown:
            self._shown = wanted
            self._read_planes()
        instance = self._read_instance()
        if self.bars.dragging or (instance is None) != (self._instance is None):
            self.bars.cancel()
            self.editing.cancel()
        self._instance = instance
        with_bars = instance is not None and self.as_bars.isChecked()
        self.pages.setCurrentIndex(1 if with_bars else 0)
        self.title.setText(words_for(self._session, self._only_chosen(), self._shown, self._instance))
        document, model = self._session.document, self._session.model
        if document is not None:
            self.predict.setEnabled(not model.is_looking_at(document.image.id))
        unseen = document is not None and not model.is_reading(document.image.id)
        self.predict.setVisible(self._shown is None and unseen)
        self.together.setVisible(self._shown is not None)
        self.over_image.setVisible(with_bars)
        for widget in (self.sums, self.as_bars, self.by_share, self.reset):
            widget.setVisible(instance is not None)
        self.ceiling.follow(self._only_chosen(), self._shown, pixels_of(self._session).whole)
        order = instance.order if instance else None
        self.grid.set_instance(instance.values if instance else None, order)
        if instance is not None:
            shares = instance.region.shares(instance.values)
            self.bars.set_values(instance.values, instance.predicted, shares, instance.order)
            self.reset.setEnabled(not np.array_equal(instance.values, instance.predicted))
            self._show_sums(instance.values)
        self._show_overlay()

    def _wanted_prediction(self) -> Prediction | None:
        """The prototypes that the chosen instance is made of; else those of the whole image."""
        chosen = self._only_chosen()
        own = self._sources.get(chosen) if chosen is not None and chosen.origin is not None else None
        return own if own is not None else self._session.prediction

    def _still_there(self) -> bool:
        """Whether the instance whose bar is dragged is chosen and as it was."""
        shown, document = self._instance, self._session.document
        if shown is None or document is None or self._session.selection != (shown.annotation.id,):
            return False
        return document.annotations.get(shown.annotation.id) == shown.annotation

    def _read_planes(self) -> None:
        prediction = self._shown
        self.predict.setEnabled(True)
        self._planes = None
        if prediction is not None:
            self._planes = planes(prediction.prototypes, together=self.together.isChecked())
        self.grid.set_planes(self._planes)
        self.bars.set_images(self.grid.images)
        if self._planes is not None and self._pinned >= len(self._planes):
            self._pinned = -1
        self._show_overlay()

    def _read_instance(self) -> Explained | None:
        chosen, prediction = self._only_chosen(), self._shown
        if chosen is None or prediction is None:
            return None
        return explained(chosen, prediction, self._instance, by_share=self.by_share.isChecked())

    def _only_chosen(self) -> Annotation | None:
        document, selection = self._session.document, self._session.selection
        return document.annotations.get(selection[0]) if document and len(selection) == 1 else None

    def _sort_again(self) -> None:
        if self._instance is not None:
            self._instance.sort(by_share=self.by_share.isChecked())
            self.refresh()

    def _show_sums(self, values: Vector) -> None:
        if self._instance is not None:
            counts = counts_for(len(values))
            region = self._instance.region
            self.sums.set_logits(region.running_sums(values, region.order(values), counts), counts)

    def _predict(self) -> None:
        self.predict.setEnabled(False)
        self._session.predict_current()

    def _heard(self, words: str) -> None:
        """Something was said, perhaps that it failed: then it may be asked again."""
        document = self._session.document
        looking = document is not None and self._session.model.is_looking_at(document.image.id)
        self.predict.setEnabled(not looking)

    def _told(self, words: str) -> None:
        """The model may look at this image now, or no longer."""
        if self._shown is None:
            self._later.start()

    # --- changing coefficients -----------------------------------------------------------------------------

    def _moved(self, values: Vector) -> None:
        shown = self._instance
        if shown is not None:
            self._show_sums(values)
            self.bars.set_shares(shown.region.shares(values))
            self._show_overlay()
            self.editing.show(shown.annotation, shown.prediction, values)

    def _settled(self, values: Vector | None) -> None:
        shown = self._instance
        if values is None or shown is None:
            self.editing.cancel()
            self._instance = None
            self.refresh()
            return
        self.editing.settle(shown.annotation, shown.prediction, values)

    def _reset(self) -> None:
        if self._instance is not None:
            self._settled(self._instance.predicted)

    # --- over the image, and enlarged ----------------------------------------------------------------------

    def pin(self, j: int) -> None:
        """Show a prototype over the image until it is chosen again; also on the next images."""
        self._pinned = -1 if j == self._pinned else j
        self.prototype_chosen.emit(self._pinned)
        self._show_overlay()

    def _hover(self, j: int) -> None:
        self._hovered = j
        self._show_overlay()
        if j < 0 or self.bars.dragging:
            self._rest.stop()
            if self.enlarged is not None:
                self.enlarged.hide()
        elif self.enlarged is not None and self.enlarged.isVisible():
            self._enlarge()
        else:
            self._rest.start()

    def _show_overlay(self) -> None:
        self.grid.set_pinned(self._pinned)
        self.bars.set_pinned(self._pinned)
        if self.helpers.overlay is not None:
            self.overlay_frame = self.helpers.frame
            self.overlay_changed.emit(self.helpers.overlay)
            return
        self.overlay_frame = self._shown.region if self._shown is not None else None
        self.overlay_changed.emit(self._overlay())

    def _overlay(self) -> QImage | None:
        """What lies over the image: a contribution on hovering a bar, else the prototype that was chosen."""
        shown = self._instance
        with_bars = shown is not None and self.pages.currentIndex() == 1
        if self.bars.dragging or self._planes is None or self._shown is None:
            return None
        if with_bars and shown is not None and self._hovered >= 0 and self.over_image.isChecked():
            strongest = float((np.abs(shown.values) * self._planes.tops).max())
            plane = shown.prediction.prototypes[:, :, self._hovered]
            return with_alpha(contribution_rgba(plane, float(shown.values[self._hovered]), strongest))
        if 0 <= self._pinned < len(self.grid.images):
            return _thinned(self.grid.images[self._pinned])
        return None

    def _enlarge(self) -> None:
        j = self._hovered
        if not 0 <= j < len(self.grid.images) or self._planes is None or self.bars.dragging:
            return
        if self.enlarged is None:
            self.enlarged = Enlarged(self)
        words = f"<b>Prototype {j + 1}</b>: {self._planes.lows[j]:.2f} to {self._planes.tops[j]:.2f}"
        if self._instance is not None:
            words += f"<br>{self.bars.words(j)}"
        assert self._shown is not None
        shape = self._shown.frame[2] / max(self._shown.frame[3], 1)
        self.enlarged.show_beside(self, QCursor.pos(), self.grid.images[j], words, shape)

    def showEvent(self, event: object) -> None:
        """What was not shown while nobody looked is shown now."""
        self.refresh()
        self.helpers.refresh()

    def hideEvent(self, event: object) -> None:
        """What was shown for the pointer goes with the panel."""
        self._hover(-1)

    def _reveal(self, row: QRectF) -> None:
        scroll = self.pages.widget(1)
        assert isinstance(scroll, QScrollArea)
        middle: QPoint = row.center().toPoint()
        scroll.ensureVisible(middle.x(), middle.y(), 0, int(row.height()))


def _thinned(image: QImage) -> QImage:
    """A picture that the image shows through."""
    result = QImage(image.size(), QImage.Format.Format_ARGB32_Premultiplied)
    result.fill(Qt.GlobalColor.transparent)
    with QPainter(result) as painter:
        painter.setOpacity(OPACITY)
        painter.drawImage(0, 0, image)
    return result

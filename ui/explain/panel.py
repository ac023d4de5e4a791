"""The panel that explains: this image's prototypes, the chosen instance's coefficients, its mask as a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPoint, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage
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
from ui.explain.chosen import Explained, explained, only_chosen, words_for
from ui.explain.coefficients import CoefficientBars, Vector
from ui.explain.contribution import Planes, contribution_rgba, planes
from ui.explain.editing import CoefficientEditing
from ui.explain.helper_section import HelperSection
from ui.explain.magnifier import Magnifier
from ui.explain.pictures import thinned, with_alpha
from ui.explain.predict_button import PredictButton
from ui.explain.prototypes import PrototypeGrid
from ui.explain.running_sum import RunningSum, counts_for
from ui.tools.pixels import pixels_of
from ui.tools.sources import sources_of
from ui.widgets.chips import Chip

if TYPE_CHECKING:
    from model.messages import Prediction, Region
    from ui.session import Session

LEAST = 40  # widget units of pictures or bars on a small screen: what is below keeps its height
ROOMY = 380  # widget units of height from which the strip of sums is shown
OPACITY = 0.8  # of a prototype over the image


class ExplainPanel(QWidget):
    """Follows the session's prediction and selection. `overlay_changed`: a QImage of all of it, or None."""

    overlay_changed = Signal(object)
    prototype_chosen = Signal(int)  # -1: none any more

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._sources = sources_of(session)
        self.editing = CoefficientEditing(session, self)
        self.title = QLabel(wordWrap=True)
        self.ceiling = CeilingMeter(self)
        self.overlay_frame: Region | None = None  # what the overlay spans, image pixels; None: all
        self.predict = PredictButton(session)
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
        self.magnifier = Magnifier(self)
        self._planes: Planes | None = None
        self._shown: Prediction | None = None  # whose planes these are
        self._instance: Explained | None = None
        self._hovered = self._pinned = -1
        self._later = QTimer(self, singleShot=True, interval=0)
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
        self.pages.setMinimumHeight(LEAST)
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
        self._later.timeout.connect(self.refresh)
        self.magnifier.wanted.connect(self._enlarge)
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
        chosen = only_chosen(self._session)
        if self.bars.dragging and self._instance is not None and chosen == self._instance.annotation:
            return
        if chosen is not None and self.isVisible() and (words := self._sources.recall(chosen)):
            self._session.message.emit(words, "info")
        wanted = self._prediction_of(chosen)
        if wanted is not self._shown:
            self._shown = wanted
            self._read_planes()
        instance = None
        if chosen is not None and wanted is not None:
            instance = explained(chosen, wanted, self._instance, by_share=self.by_share.isChecked())
        if self.bars.dragging or (instance is None) != (self._instance is None):
            self.bars.cancel()
            self.editing.cancel()
        self._instance = instance
        with_bars = instance is not None and self.as_bars.isChecked()
        self.pages.setCurrentIndex(1 if with_bars else 0)
        self.title.setText(words_for(self._session, chosen, self._shown, self._instance))
        self.predict.follow(self._shown)
        self.together.setVisible(self._shown is not None)
        self.over_image.setVisible(with_bars)
        for widget in (self.as_bars, self.by_share, self.reset):
            widget.setVisible(instance is not None)
        self._share_height()
        self.ceiling.follow(chosen, self._shown, pixels_of(self._session).whole)
        self._show_coefficients(instance)
        self._show_overlay()

    def _show_coefficients(self, instance: Explained | None) -> None:
        order = instance.order if instance else None
        self.grid.set_instance(instance.values if instance else None, order)
        if instance is not None:
            shares = instance.region.shares(instance.values)
            self.bars.set_values(instance.values, instance.predicted, shares, instance.order)
            self.reset.setEnabled(not np.array_equal(instance.values, instance.predicted))
            self._show_sums(instance.values)

    def _prediction_of(self, chosen: Annotation | None) -> Prediction | None:
        """The prototypes that the chosen instance is made of; else those of the whole image."""
        own = self._sources.get(chosen) if chosen is not None and chosen.origin is not None else None
        return own if own is not None else self._session.prediction

    def _read_planes(self) -> None:
        prediction = self._shown
        self._planes = None
        if prediction is not None:
            self._planes = planes(prediction.prototypes, together=self.together.isChecked())
        self.grid.set_planes(self._planes)
        self.bars.set_images(self.grid.images)
        if self._planes is not None and self._pinned >= len(self._planes):
            self._pinned = -1
        self._show_overlay()

    def _sort_again(self) -> None:
        if self._instance is not None:
            self._instance.sort(by_share=self.by_share.isChecked())
            self.refresh()

    def _show_sums(self, values: Vector) -> None:
        if self._instance is not None:
            counts = counts_for(len(values))
            region = self._instance.region
            self.sums.set_logits(region.running_sums(values, region.order(values), counts), counts)

    def _told(self, words: str) -> None:
        """The model may look at this image now, or no longer."""
        if self._shown is None:
            self._later.start()

    # --- changing coefficients -----------------------------------------------------------------------------

    def _moved(self, values: Vector) -> None:
        shown = self._instance
        self.magnifier.follow(-1)  # its card says what the bar was, and lies over what it changes
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
        self.magnifier.follow(-1 if self.bars.dragging else j)

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
            return thinned(self.grid.images[self._pinned], OPACITY)
        return None

    def _enlarge(self, j: int) -> None:
        if not 0 <= j < len(self.grid.images) or self._planes is None or self.bars.dragging:
            return
        words = f"<b>Prototype {j + 1}</b>: {self._planes.lows[j]:.2f} to {self._planes.tops[j]:.2f}"
        if self._instance is not None:
            words += f"<br>{self.bars.words(j)}"
        assert self._shown is not None
        shape = self._shown.frame[2] / max(self._shown.frame[3], 1)
        self.magnifier.show(self.grid.images[j], words, shape)

    def _share_height(self) -> None:
        """In a low panel the bars have the strip's room: the window must never outgrow its screen."""
        self.sums.setVisible(self._instance is not None and self.height() >= ROOMY)

    def resizeEvent(self, event: object) -> None:
        """The strip comes and goes with the height."""
        self._share_height()

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

"""The part of the explaining panel that follows the hints: helper rows as bars, and their share of the mask.

What each hint did is worked out by a thread. `overlay` is what lies over the image while a row is under the
pointer, `frame` the rectangle (x, y, width, height in image pixels) that it spans.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from model.errors import InputError
from ui.explain.contribution import contribution_rgba
from ui.explain.helper_bars import ROW, HelperBars
from ui.explain.helper_head import HEIGHT, PAINT, HelperHead
from ui.explain.pictures import with_alpha
from ui.tools.hints import hints_of
from ui.tools.latest import Latest

if TYPE_CHECKING:
    from app.hint_work import HintWork
    from ui.session import Session

MOST = 4  # rows that are seen without scrolling
FINEST = 4  # pixels of the overlay for a cell of the grid


class HelperSection(QWidget):
    """Hidden while the instance has no hints. The newest one's row is in sight when it comes."""

    overlay_changed = Signal()

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._hints = hints_of(session)
        self._latest = Latest(self)
        self.head, self.bars = HelperHead(), HelperBars()
        self.rows = QScrollArea(widgetResizable=True)
        self.overlay: QImage | None = None
        self.frame: tuple[float, float, float, float] | None = None
        self.rows.setFrameShape(QFrame.Shape.NoFrame)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows.setWidget(self.bars)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.rows)
        self.hide()
        self._hints.changed.connect(self.refresh)
        self.bars.removed.connect(self._hints.unwanted)
        self.bars.hovered.connect(self._hover)
        self.bars.wanted.connect(self._reveal)

    def sizeHint(self) -> QSize:
        return QSize(300, HEIGHT + min(len(self.bars.works), MOST) * ROW)

    def refresh(self) -> None:
        """Follow the hints, while somebody looks."""
        start, steps = self._hints.start, self._hints.steps
        panel = self.parentWidget()
        if start is None or not steps:
            self._latest.forget()
            self._show(())
            return
        if panel is None or not panel.isVisible():
            return

        def work() -> tuple[HintWork, ...]:
            from app.hint_work import works_of

            return works_of(steps)

        self._latest.ask(work, self._show)

    def _show(self, works: tuple[HintWork, ...] | InputError) -> None:
        if isinstance(works, InputError):
            works = ()
        more = len(works) > len(self.bars.works)
        self.head.set_works(works)
        self.bars.set_works(works)
        self.rows.setFixedHeight(min(len(works), MOST) * ROW)
        self.setVisible(bool(works))
        self.updateGeometry()
        if more:
            self._reveal(len(works) - 1)

    def _reveal(self, number: int) -> None:
        row = self.bars.row(number)
        self.rows.ensureVisible(0, round(row.center().y()), 0, ROW // 2 + 1)

    def _hover(self, number: int) -> None:
        works = self.bars.works
        self.overlay, self.frame = None, None
        if 0 <= number < len(works) and works[number].logits.size:
            self.overlay, self.frame = over_image(works[number], self.bars.strongest)
        self.overlay_changed.emit()


def over_image(work: HintWork, strongest: float) -> tuple[QImage, tuple[float, float, float, float]]:
    """What a hint's row adds (orange) and takes (blue), with what it painted; and the rectangle of it."""
    left, top, right, bottom = work.rectangle
    frame = float(left), float(top), float(right - left), float(bottom - top)
    image = with_alpha(contribution_rgba(work.logits, 1.0, strongest))
    added = work.added
    if added.bits.size:
        image = image.scaled(
            image.size() * FINEST,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        across, down = image.width() / max(frame[2], 1), image.height() / max(frame[3], 1)
        rgba = np.zeros((*added.bits.shape, 4), np.uint8)
        rgba[added.bits] = (PAINT.red(), PAINT.green(), PAINT.blue(), 230)
        rows, columns = added.bits.shape
        where = QRectF((added.left - left) * across, (added.top - top) * down, columns * across, rows * down)
        with QPainter(image) as painter:
            painter.drawImage(where, with_alpha(rgba))
    return image, frame

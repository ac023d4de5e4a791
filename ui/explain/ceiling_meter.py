"""The ceiling meter: how well the best coefficients could express the chosen mask as it is now.

Where it is low no hint and no bar will do: look closer, or paint. A thread measures the mask as it is in the
document, once it rests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QWidget

from model.errors import InputError
from ui.explain.bar_look import faded, prepare
from ui.tools.latest import Latest

if TYPE_CHECKING:
    from app.annotation import Annotation
    from app.ceiling import Ceiling
    from model.messages import Prediction

REST = 250  # ms that a mask stays as it is before it is measured
GOOD, FAIR = 0.9, 0.8  # from here on solving does; below, painting does better
HEIGHT, BAR = 26, 6  # widget units
COLORS = {"good": QColor(22, 148, 84), "fair": QColor(214, 150, 20), "low": QColor(208, 48, 62)}


class CeilingMeter(QWidget):
    """A bar from 0 to 1 with its number in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.value: float | None = None  # of the prototypes alone
        self.helped: float | None = None  # with helper rows beside them
        self._pixels: NDArray[np.uint8] | None = None
        self._annotation: Annotation | None = None
        self._prediction: Prediction | None = None
        self._latest = Latest(self)
        self._rest = QTimer(self, singleShot=True, interval=REST)
        self._rest.timeout.connect(self._measure)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "How well the best coefficients of these prototypes could express this mask (IoU),\n"
            "alone, and with the helper rows that hints use beside them: place, colour, soft bumps.\n"
            "Low: no hint and no bar will do. Look closer, or paint."
        )
        self.setAccessibleName("Prototype ceiling")
        self.hide()

    def follow(
        self,
        annotation: Annotation | None,
        prediction: Prediction | None,
        pixels: NDArray[np.uint8] | None = None,
    ) -> None:
        """Show the ceiling of this instance with these prototypes; None: nothing to show."""
        if annotation is self._annotation and prediction is self._prediction:
            return
        same = (
            annotation is not None and self._annotation is not None and annotation.id == self._annotation.id
        )
        self._annotation, self._prediction, self._pixels = annotation, prediction, pixels
        self._latest.forget()
        self._rest.stop()
        if not same or prediction is None:
            self.value = self.helped = None
        self.setVisible(annotation is not None and prediction is not None)
        if annotation is not None and prediction is not None:
            self._rest.start()
        self.update()

    def _measure(self) -> None:
        from app.ceiling import measure
        from app.geometry import to_mask

        annotation, prediction, pixels = self._annotation, self._prediction, self._pixels
        if annotation is None or prediction is None:
            return

        def work() -> Ceiling:
            mask = to_mask(annotation.geometry, prediction.image_width, prediction.image_height)
            return measure(prediction, pixels, mask)

        self._latest.ask(work, self._measured)

    def _measured(self, found: Ceiling | InputError) -> None:
        self.value, self.helped = (
            (None, None) if isinstance(found, InputError) else (found.alone, found.helped)
        )
        self.setAccessibleDescription(self.words())
        self.update()

    def words(self) -> str:
        """What the number means."""
        if self.value is None or self.helped is None:
            return "Prototype ceiling …"
        words = f"Prototype ceiling {self.value:.2f}, with helper rows {self.helped:.2f}"
        return words if self.helped >= GOOD else f"{words}: look closer, or paint"

    def sizeHint(self) -> QSize:
        return QSize(240, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        text = self.palette().color(QPalette.ColorRole.Text)
        with QPainter(self) as painter:
            prepare(painter)
            painter.setPen(text)
            painter.drawText(
                QRectF(0, 0, self.width(), HEIGHT - BAR - 3), Qt.AlignmentFlag.AlignVCenter, self.words()
            )
            groove = QRectF(0, HEIGHT - BAR, self.width(), BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(faded(text, 30))
            painter.drawRoundedRect(groove, 3, 3)
            if self.value is None:
                return
            kind = "good" if self.value >= GOOD else "fair" if self.value >= FAIR else "low"
            painter.setBrush(COLORS[kind])
            painter.drawRoundedRect(
                QRectF(groove.topLeft(), QPointF(self.width() * self.value, HEIGHT)), 3, 3
            )

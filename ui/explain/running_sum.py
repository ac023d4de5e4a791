"""A mask as it grows: after the 1st, 2nd, 4th, 8th ... prototype by share. Orange is inside, blue outside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.explain.contribution import signed_places
from ui.explain.pictures import indexed, rounded

GAP, LABEL = 6, 15
TALLEST = 64


def counts_for(k: int) -> tuple[int, ...]:
    """1, 2, 4, 8 ... and all k."""
    doubling = [2**power for power in range(20) if 2**power < k]
    return (*doubling, k) if k else ()


class RunningSum(QWidget):
    """A row of pictures with how many prototypes each is the sum of."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: list[QPixmap] = []
        self.counts: tuple[int, ...] = ()
        self._logits: NDArray[np.float32] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "The mask from the prototypes with the largest share: the first, the first two, four, ... all.\n"
            "Orange is inside (p over 0.5), blue outside, grey undecided."
        )
        self.setAccessibleName("The mask as a running sum of prototypes")

    def set_logits(self, logits: NDArray[np.float32], counts: Sequence[int]) -> None:
        """Show the sums (n, rows, columns) of the first `counts` prototypes each."""
        self._logits, self.counts = logits, tuple(counts)
        self._pictures = []
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, TALLEST + LABEL)

    def side(self) -> int:
        """The side of one picture's square."""
        n = max(len(self.counts), 1)
        return int(min((self.width() - GAP * (n - 1)) / n, TALLEST))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._logits is None:
            return
        side = self.side()
        rows, columns = self._logits.shape[1:]
        below = side * min(rows / columns, 1.0)  # the pictures' lower edge: wide ones are not as high
        if not self._pictures or self._pictures[0].deviceIndependentSize().width() != side:
            size = QSize(side, side)
            self._pictures = [
                rounded(indexed(places, "diverging"), size, self.devicePixelRatioF(), keep_shape=True)
                for places in signed_places(self._logits)
            ]
        with QPainter(self) as painter:
            font = painter.font()
            font.setPixelSize(10)
            painter.setFont(font)
            color = self.palette().color(QPalette.ColorRole.Text)
            color.setAlpha(160)
            painter.setPen(color)
            last = len(self._pictures) - 1
            step = (self.width() - side) / max(last, 1)
            for number, (picture, count) in enumerate(zip(self._pictures, self.counts, strict=True)):
                left = number * step
                painter.drawPixmap(QPointF(left, (below - side) / 2), picture)
                words = f"all {count}" if number == last else str(count)
                where = QRectF(left - GAP, below + 1, side + 2 * GAP, LABEL - 1)
                painter.drawText(where, Qt.AlignmentFlag.AlignCenter, words)

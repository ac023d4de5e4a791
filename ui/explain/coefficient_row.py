"""One coefficient as it is shown: its prototype's picture, a signed bar, number and share, and in words.

The brighter part of the bar is what the head can give (tanh: -1 to 1); what goes beyond `REACH` ends in an
arrow. A thin mark stands where the head had it. Widget units.
"""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPalette, QPen, QPixmap, QPolygonF

from ui.explain import bar_look
from ui.explain.bar_look import AT_RIGHT, EDGE, faded
from ui.explain.contribution import BEYOND_TANH
from ui.explain.pictures import ROUND, color_of

ROW, PICTURE, THICKNESS = 32, 26, 16  # of a row; a side of its picture; of its bar
REACH = 1.5  # the coefficient at a bar's ends
SAME = 1e-3  # a difference to the prediction that nobody sees


def unit_of(bar: QRectF) -> float:
    """Widget units of a coefficient of 1."""
    return bar.width() / 2 / REACH


@dataclass(frozen=True, slots=True)
class CoefficientRow:
    """What a row shows. `share`: of all that is done to the mask, 0..1; `predicted`: None if not known."""

    prototype: int
    value: float
    predicted: float | None
    share: float

    @property
    def changed(self) -> bool:
        """Whether it is not what was predicted."""
        return self.predicted is not None and abs(self.predicted - self.value) > SAME

    def words(self) -> str:
        """What it means, in a few words."""
        verb = "adds to" if self.value > 0 else "takes from" if self.value < 0 else "leaves"
        words = f"{self.value:+.2f}: {verb} the mask, {self.share * 100:.0f} % of all that is done to it"
        if abs(self.value) > BEYOND_TANH:
            words += "; beyond what tanh can give"
        if self.changed:
            words += f"; predicted {self.predicted:+.2f}"
        return words

    def paint(
        self, painter: QPainter, row: QRectF, palette: QPalette, picture: QPixmap, *, lit: bool, pinned: bool
    ) -> None:
        """`lit`: under the pointer or the keys. `pinned`: its prototype lies over the image."""
        text = palette.color(QPalette.ColorRole.Text)
        if lit:
            bar_look.paint_light(painter, row, text)
        place = QRectF(EDGE, row.top() + EDGE, PICTURE, PICTURE)
        painter.drawPixmap(place.topLeft(), picture)
        if pinned:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(place, ROUND, ROUND)
        bar_look.paint_number(painter, row, str(self.prototype + 1), text)
        self._paint_bar(painter, bar_look.bar_in(row, THICKNESS), palette)
        bar_look.paint_value(painter, row, self.value, f"{self.value:+.2f}", text)
        painter.setPen(faded(text, 150))
        end = QRectF(row.right() - 48, row.top(), 40, row.height())
        painter.drawText(end, AT_RIGHT, f"{self.share * 100:.0f} %")

    def _paint_bar(self, painter: QPainter, bar: QRectF, palette: QPalette) -> None:
        text = palette.color(QPalette.ColorRole.Text)
        middle, unit = bar.center().x(), unit_of(bar)
        bar_look.paint_groove(painter, bar, text)
        painter.setBrush(faded(text, 22))  # what tanh can give
        painter.drawRect(QRectF(middle - unit, bar.top(), 2 * unit, bar.height()))
        reach = _within(self.value) * unit
        if abs(self.value) > REACH:
            painter.setBrush(color_of(self.value))
            painter.drawPolygon(_arrow(bar, middle, reach))
        else:
            bar_look.paint_reach(painter, bar, reach, color_of(self.value))
        bar_look.paint_middle(painter, bar, text)
        if self.predicted is not None and self.changed:
            x = middle + _within(self.predicted) * unit
            painter.fillRect(QRectF(x - 1, bar.top() - 1, 2, bar.height() + 2), text)


def _within(value: float) -> float:
    return max(-REACH, min(value, REACH))


def _arrow(bar: QRectF, middle: float, reach: float) -> QPolygonF:
    """A bar that goes on beyond its end."""
    end, back = middle + reach, 6.0 if reach > 0 else -6.0
    top, bottom = bar.top() + 2, bar.bottom() - 2
    return QPolygonF(
        [
            QPointF(middle, top),
            QPointF(end - back, top),
            QPointF(end, bar.center().y()),
            QPointF(end - back, bottom),
            QPointF(middle, bottom),
        ]
    )

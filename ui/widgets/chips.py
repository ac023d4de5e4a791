"""Chips: small round buttons that are on or off; in a row that breaks, several of them exclude each other."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QWidget

from ui.widgets.flow import FlowLayout

HEIGHT, SIDE, DOT = 24, 9, 8  # widget units: a chip's height, room at its ends, the dot


class Chip(QAbstractButton):
    """A word or two that is on or off, with a coloured dot if it is given a colour."""

    def __init__(self, text: str, tip: str = "", *, on: bool = False, color: str = "") -> None:
        super().__init__()
        self.setText(text)
        self.setToolTip(tip)
        self.setCheckable(True)
        self.setChecked(on)
        self._color = color
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(text)

    def set_text(self, text: str) -> None:
        """Say something else."""
        if text != self.text():
            self.setText(text)
            self.setAccessibleName(text)
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        dot = DOT + 5 if self._color else 0
        return QSize(self.fontMetrics().horizontalAdvance(self.text()) + 2 * SIDE + dot, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        palette, on = self.palette(), self.isChecked()
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        text = palette.color(QPalette.ColorRole.Text)
        accent = palette.color(QPalette.ColorRole.Highlight)
        ground, edge = QColor(accent), QColor(text)
        ground.setAlpha(38 if on else 0)
        edge.setAlpha(45)
        if self.underMouse() and not on:
            ground = QColor(text)
            ground.setAlpha(16)
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(ground)
            painter.setPen(QPen(accent if on or self.hasFocus() else edge, 1))
            painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
            left = float(SIDE)
            if self._color:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(self._color))
                painter.drawEllipse(QRectF(left, (self.height() - DOT) / 2, DOT, DOT))
                left += DOT + 5
            if not self.isEnabled():
                text.setAlpha(90)
            painter.setPen(text)
            where = QRectF(left, 0, self.width() - left, self.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, self.text())

    def event(self, event: QEvent) -> bool:
        """A change of palette or font changes the size, too."""
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self.updateGeometry()
        return super().event(event)


class ChoiceChips(QWidget):
    """Chips of which exactly one is on. `chosen` carries its key."""

    chosen = Signal(object)

    def __init__(self, choices: Mapping[object, tuple[str, str]], parent: QWidget | None = None) -> None:
        """`choices`: key -> (text, colour of the dot or ''). The first one is on."""
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self.chips: dict[object, Chip] = {}
        layout = FlowLayout(self, gap=4)
        for key, (text, color) in choices.items():
            chip = self.chips[key] = Chip(text, on=not self.chips, color=color)
            self._group.addButton(chip)
            layout.addWidget(chip)
            chip.clicked.connect(lambda _, key=key: self.chosen.emit(key))

    @property
    def value(self) -> object:
        """The key of the chip that is on."""
        return next(key for key, chip in self.chips.items() if chip.isChecked())

    def choose(self, key: object) -> None:
        """Turn one on and tell."""
        self.chips[key].setChecked(True)
        self.chosen.emit(key)

"""The score threshold in the top bar: a slider and a number that follow the session, and it them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QDoubleSpinBox, QLabel, QSlider, QToolBar

from ui.session import Session
from ui.widgets.own_keys import OwnKeys


def add_threshold(bar: QToolBar, session: Session, leave: Callable[[], object]) -> QSlider:
    """Put both at the end of a bar; `leave` is called when the number was entered. Returns the slider."""
    words, slider, number = QLabel("  Show proposals from "), QSlider(Qt.Orientation.Horizontal), _number()
    words.setObjectName("faint")
    slider.setRange(0, 100)
    slider.setFixedWidth(130)
    slider.setAccessibleName("Score threshold")
    OwnKeys(number).escaped.connect(leave)
    number.lineEdit().returnPressed.connect(leave)
    bar.addSeparator()
    for widget in (words, slider, number):
        bar.addWidget(widget)

    def show(value: float) -> None:
        with QSignalBlocker(slider), QSignalBlocker(number):
            slider.setValue(round(value * 100))
            number.setValue(value)

    slider.valueChanged.connect(lambda value: session.set_threshold(value / 100))
    number.valueChanged.connect(session.set_threshold)
    session.threshold_changed.connect(show)
    show(session.threshold)
    return slider


def _number() -> QDoubleSpinBox:
    number = QDoubleSpinBox()
    number.setRange(0, 1)
    number.setSingleStep(0.05)
    number.setFixedWidth(72)
    number.setAlignment(Qt.AlignmentFlag.AlignHCenter)
    number.setToolTip("Proposals with a lower score are hidden; no network runs ( + and - )")
    number.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    return number

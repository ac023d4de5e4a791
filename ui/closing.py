"""Closing the window while work goes on beside it: what is asked, and what is said of a training run."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QMessageBox, QWidget

TOLD = "told/training-goes-on"


def may_stop(parent: QWidget, titles: Sequence[str]) -> bool:
    """Whether the tasks of these titles may be stopped, as the person says."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Still working")
    box.setText(f"{_listed(titles)} {'is' if len(titles) == 1 else 'are'} not finished.")
    box.setInformativeText("What is done so far is kept. A file half written or read is as if never begun.")
    stop = box.addButton("Stop and close", QMessageBox.ButtonRole.AcceptRole)
    stay = box.addButton("Go on working", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.exec()
    return box.clickedButton() is stop


def tell_of_training(parent: QWidget) -> None:
    """Said once on a machine: a run does not end with the window."""
    settings = QSettings()
    if settings.value(TOLD):
        return
    settings.setValue(TOLD, 1)
    QMessageBox.information(
        parent,
        "Training goes on",
        "The training run is a process of its own and goes on without the window. "
        "Open the project again to see how far it is; Cancel in the Training panel ends it.",
    )


def _listed(titles: Sequence[str]) -> str:
    *first, last = titles
    return f"{', '.join(first)} and {last}" if first else last

"""The way by which threads call the GUI thread, which lives as long as the program.

A thread may bring an answer for a widget that is being deleted in that very moment: a signal of an object
that goes is no place to send it to. Whoever is called is held weakly, so that no thread is the last to hold a
widget.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal
from shiboken6 import Shiboken

T = TypeVar("T")


class _Relay(QObject):
    sent = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.sent.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def _deliver(self, receiver: weakref.WeakMethod[Any], value: object) -> None:
        method = receiver()
        if method is not None and Shiboken.isValid(method.__self__):
            method(value)


_relay: _Relay | None = None


def to_gui_thread(method: Callable[[T], object]) -> Callable[[T], None]:
    """A function for any thread that has a QObject's `method` called on the GUI thread, soon.

    Calls come in their order, and not where the object is gone. To be asked for on the GUI thread.
    """
    global _relay
    if _relay is None:
        _relay = _Relay()
    sent, receiver = _relay.sent, weakref.WeakMethod(method)
    return lambda value: sent.emit(receiver, value)

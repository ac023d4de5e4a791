"""The hints of the instance under work, for whoever shows them; GUI thread only.

The tool publishes what each hint made, and takes a hint back when it is asked to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from app.annotation import Annotation
    from app.instance_solving import Step
    from ui.session import Session


class Hints(QObject):
    """`changed`: other hints count now. `unwanted`: the hint of this number is to be taken back."""

    changed = Signal()
    unwanted = Signal(int)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.start: Annotation | None = None  # the instance before the first hint
        self.steps: tuple[Step, ...] = ()

    def show(self, start: Annotation, steps: tuple[Step, ...]) -> None:
        """These are the hints, and this is what each made."""
        if start is not self.start or steps != self.steps:
            self.start, self.steps = start, steps
            self.changed.emit()

    def forget(self) -> None:
        """There are none."""
        if self.steps or self.start is not None:
            self.start, self.steps = None, ()
            self.changed.emit()


def hints_of(session: Session) -> Hints:
    """The session's hints."""
    found = session.findChild(Hints)
    return found if isinstance(found, Hints) else Hints(session)

"""What is asked first becomes an edit first, though a thread still works on it; GUI thread only.

A hint becomes an edit when a thread has answered it, perhaps only after its image was left. Whatever is asked
of the same image in the meantime (undo, accept, another tool's edit) waits for that, and is done in its turn.
What is asked of other images does not wait. No work is dropped but by whoever began it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer

from ui.line import Job, Line

if TYPE_CHECKING:
    from app.annotation import ImageId
    from app.document import ImageDocument

Then = Callable[[Any], object]


class Errand:
    """Work of a thread whose answer becomes an edit of `document`."""

    __slots__ = ("document", "job", "then")

    def __init__(self, document: ImageDocument, job: Job, then: Then) -> None:
        self.document, self.job, self.then = document, job, then

    @property
    def may_go(self) -> bool:
        """Whether it has its answer."""
        return self.job.ready.is_set()

    def go(self) -> None:
        """Make the edit."""
        self.then(self.job.answer)


class _Asked:
    """What was asked while something else was on its way. `document` None: it waits for all images."""

    __slots__ = ("document", "go")
    may_go = True

    def __init__(self, document: ImageDocument | None, go: Callable[[], object]) -> None:
        self.document, self.go = document, go


class Turns(QObject):
    """The turns of one session; `turns_of` gives it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Errand | _Asked] = []  # in the order in which they were asked
        self._depth = 0
        self._line = Line("turns", self._answered)

    # what is asked

    def begin(self, document: ImageDocument, work: Callable[[], Any], then: Then) -> Errand:
        """Do `work` on a thread, one after the other; `then` gets its result, or its InputError.

        It makes the edit: before whatever is asked of the document from now on.
        """
        errand = Errand(document, self._line.ask(work), then)
        self._entries.append(errand)
        return errand

    def drop(self, errand: Errand) -> None:
        """Its answer is not wanted any more."""
        errand.job.wanted = False
        if errand in self._entries:
            self._entries.remove(errand)
            QTimer.singleShot(0, self, self._go_on)  # not within the call of whoever dropped it

    def run(self, document: ImageDocument | None, work: Callable[[], object]) -> None:
        """Do `work` now, or as soon as all that was asked of the document before is done; None: of any."""
        if self._depth or not self._is_held(document, self._entries):  # what an edit leads to is part of it
            work()
        else:
            self._entries.append(_Asked(document, work))

    # what there is

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return not self._entries

    def is_free(self, document: ImageDocument) -> bool:
        """Whether nothing is on its way to a document, or just what asks."""
        return bool(self._depth) or not self._is_held(document, self._entries)

    def document_of(self, image_id: ImageId) -> ImageDocument | None:
        """The document that an edit is on its way to; it must be found by whoever shows the image again."""
        found = (each.document for each in self._entries if each.document is not None)
        return next((each for each in found if each.image.id == image_id), None)

    def finish(self) -> None:
        """Wait for the threads, and do all that is left; for the end: it may take a moment."""
        while self._entries:
            errand = next((each for each in self._entries if isinstance(each, Errand)), None)
            if errand is not None:
                errand.job.ready.wait()
            self._go_on()

    # in its order

    def _answered(self, job: Job) -> None:
        self._go_on()

    def _is_held(self, document: ImageDocument | None, by: list[Errand | _Asked]) -> bool:
        """Whether one of these comes before what is asked of a document."""
        return any(document is None or each.document in (None, document) for each in by)

    def _go_on(self) -> None:
        """Do what can be done now."""
        number = 0
        while number < len(self._entries):
            entry = self._entries[number]
            if not entry.may_go or self._is_held(entry.document, self._entries[:number]):
                number += 1
                continue
            del self._entries[number]
            number = 0
            self._depth, ended = self._depth + 1, False
            try:
                entry.go()
                ended = True
            finally:
                self._depth -= 1
                if not ended:  # a bug there does not hold up the others
                    QTimer.singleShot(0, self, self._go_on)


def turns_of(session: QObject) -> Turns:
    """The session's turns."""
    found = session.findChild(Turns)
    return found if isinstance(found, Turns) else Turns(session)

"""What every tool is: takes what mouse and keys do on the canvas, shows work under way, ends in edits.

Tools know the session and the canvas, never the window. Points are image pixels unless a name says otherwise.
A tool that is abandoned half way (Esc, undo, another tool, another image) leaves the document as it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QCursor, QKeyEvent, QPainter

from app.annotation import Annotation, AnnotationState, CategoryId
from app.edits import Edit, EditKind, add, change
from app.geometry import Geometry, measure
from ui.session_edits import complete

if TYPE_CHECKING:
    from app.document import ImageDocument
    from ui.canvas.view import Canvas
    from ui.session import Session

NO_CATEGORY = "expected a category to draw with, got none: add or choose one; the shape waits until then"


@dataclass(frozen=True, slots=True)
class Pointer:
    """The mouse or pen at one moment. x, y: image pixels, may lie outside; at: widget units."""

    x: float
    y: float
    at: QPointF
    button: Qt.MouseButton = Qt.MouseButton.NoButton
    buttons: Qt.MouseButton = Qt.MouseButton.NoButton
    modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier

    @property
    def point(self) -> tuple[float, float]:
        return self.x, self.y

    @property
    def shift(self) -> bool:
        return bool(self.modifiers & Qt.KeyboardModifier.ShiftModifier)

    @property
    def control(self) -> bool:
        return bool(self.modifiers & Qt.KeyboardModifier.ControlModifier)

    @property
    def alt(self) -> bool:
        return bool(self.modifiers & Qt.KeyboardModifier.AltModifier)


class Tool:
    """One way to work on the canvas. `name` is the session's name for it."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""

    def __init__(self, canvas: Canvas, session: Session) -> None:
        self.canvas, self.session = canvas, session
        self._waiting: tuple[Geometry, float] | None = (
            None  # a shape that has no category yet, and since when
        )
        self._began = 0.0

    # what it shows

    @property
    def hint(self) -> str:
        """One line: what mouse and keys do now."""
        return ""

    @property
    def cursor(self) -> QCursor | Qt.CursorShape:
        return Qt.CursorShape.CrossCursor

    @property
    def busy(self) -> bool:
        """Whether something is under way that `cancel` would drop."""
        return self._waiting is not None

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        """Draw the work under way over the canvas, widget units."""

    # what happens to it

    def activate(self) -> None:
        """It was chosen."""

    def deactivate(self) -> None:
        """Another tool was chosen: what is under way is dropped."""
        self.settle()
        self.cancel()

    def press(self, pointer: Pointer) -> None:
        """The left button went down (the right one, too, where `takes_right`)."""

    def move(self, pointer: Pointer) -> None:
        """The mouse moved, with or without buttons."""

    def release(self, pointer: Pointer) -> None:
        """The button of `press` went up."""

    def double_click(self, pointer: Pointer) -> None:
        """A second press soon after the first, in its place; `press` is not called for it."""
        self.press(pointer)

    def leave(self) -> None:
        """The mouse left the canvas."""

    def focus_lost(self) -> None:
        """The keyboard went elsewhere: keys that were held are not held any more."""

    def wheel(self, steps: float, pointer: Pointer) -> bool:
        """The wheel was turned with a modifier; True if the tool took it."""
        return False

    def takes_key(self, event: QKeyEvent) -> bool:
        """Whether `key` would use this key: shortcuts of the window then wait."""
        return False

    def key(self, event: QKeyEvent) -> bool:
        """A key went down; True if the tool took it."""
        return False

    def key_released(self, event: QKeyEvent) -> bool:
        """A key went up; True if the tool took it."""
        return False

    def cancel(self) -> bool:
        """Drop what is under way; True if there was something."""
        had = self._waiting is not None
        if had:
            self._waiting = None
            self.canvas.end_live()
        return had

    def annotations_changed(self, edit: Edit) -> None:
        """The document changed, by this tool or otherwise."""

    def selection_changed(self) -> None:
        """The selection changed."""

    takes_right: ClassVar[bool] = False

    # what it does

    @property
    def document(self) -> ImageDocument | None:
        return self.session.document

    def began(self) -> None:
        """The person's time on the shape starts."""
        self._began = time.monotonic()

    def settle(self) -> None:
        """It is left: what the person has finished becomes an edit yet, whenever its answer comes."""

    def add(self, geometry: Geometry, *, document: ImageDocument | None = None) -> bool:
        """A new annotation with the session's category, and selected. False: nothing of it lies in the image.

        Where no category is chosen the shape waits for one. `document`: None = the session's.
        """
        document = document or self.document
        if document is None:
            return False
        seconds = time.monotonic() - self._began if self._began else 0.0
        self._began = 0.0
        bbox, area = measure(geometry, document.image.width, document.image.height)
        if area <= 0:
            return False
        category = self.session.category
        if category is None:
            self._wait(geometry, seconds)
            return True
        self._add(document, geometry, bbox, area, category.id, seconds)
        return True

    def _add(
        self,
        document: ImageDocument,
        geometry: Geometry,
        bbox: tuple[float, float, float, float],
        area: float,
        category: CategoryId,
        seconds: float,
    ) -> None:
        made = Annotation(
            id=document.new_id(),
            image_id=document.image.id,
            category_id=category,
            state=AnnotationState.DRAWN,
            geometry=geometry,
            bbox=bbox,
            area=area,
            created=time.time(),
            seconds=seconds,
        )
        with self.canvas.stage.held():
            self.perform(document, add(document.image.id, [made]))
            if document is self.document:
                self.session.select([made.id])

    def perform(self, document: ImageDocument, edit: Edit) -> None:
        """Apply an edit to its document, which may have left the screen in the meantime."""
        if document is self.document:
            self.session.apply(edit)
        else:
            document.apply(complete(edit, document, self.session.who))

    def _wait(self, geometry: Geometry, seconds: float) -> None:
        self._waiting = (geometry, seconds)
        self.canvas.show_waiting(geometry)
        self.session.message.emit(NO_CATEGORY, "warning")
        self.session.categories.want()

    def category_chosen(self) -> None:
        """A category is there now: the shape that waited for it becomes an annotation."""
        document, category = self.document, self.session.category
        if self._waiting is None or document is None or category is None:
            return
        geometry, seconds = self._waiting
        self._waiting = None
        self.canvas.end_live(settled=True)
        bbox, area = measure(geometry, document.image.width, document.image.height)
        self._add(document, geometry, bbox, area, category.id, seconds)

    def reshape(
        self,
        before: Annotation,
        geometry: Geometry,
        *,
        kind: EditKind = EditKind.RESHAPE,
        document: ImageDocument | None = None,
    ) -> bool:
        """The annotation gets another geometry, and counts as corrected. False: it would have no pixel."""
        document = document or self.document
        if document is None:
            return False
        bbox, area = measure(geometry, document.image.width, document.image.height)
        if area <= 0:
            return False
        drawn = before.state is AnnotationState.DRAWN
        seconds = time.monotonic() - self._began if self._began else 0.0
        self._began = 0.0
        after = replace(
            before,
            geometry=geometry,
            bbox=bbox,
            area=area,
            state=AnnotationState.DRAWN if drawn else AnnotationState.CORRECTED,
            seconds=before.seconds + seconds,
        )
        self.perform(document, change(kind, document.image.id, [(before, after)]))
        return True

    def selected(self) -> list[Annotation]:
        """The selected annotations, rejected ones left out."""
        document = self.document
        if document is None:
            return []
        found = (document.annotations.get(id) for id in self.session.selection)
        return [each for each in found if each is not None and each.state is not AnnotationState.REJECTED]

    def only_selected(self) -> Annotation | None:
        """The one selected annotation, None where it is none or several."""
        chosen = self.selected()
        return chosen[0] if len(chosen) == 1 else None

    def tell(self, text: str, kind: str = "info") -> None:
        """One line to the person."""
        self.session.message.emit(text, kind)

    def clip(self, x: float, y: float) -> tuple[float, float]:
        """The nearest point of the image."""
        width, height = self.canvas.image_size
        return min(max(x, 0.0), float(width)), min(max(y, 0.0), float(height))


def bounds(points: Sequence[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of points."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)

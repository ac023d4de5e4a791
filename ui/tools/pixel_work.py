"""Pixel edits of what is chosen: computed by a thread, each one undoable edit. Frame: image pixels.

What is asked for while a thread is at work waits for it, so that a held key does one step after the other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.annotation import Annotation, AnnotationId, AnnotationState
from app.edits import Change, Edit, EditKind
from app.fine import redrawn, shared_look
from app.foresight import changed_pixels
from app.geometry import bounds, from_mask, tight, to_mask
from app.pixel_edits import (
    Point,
    fill_holes,
    grow,
    merge,
    shrink,
    smooth,
    smoothing_radius,
    split,
    subtract_neighbours,
)
from model.errors import InputError
from model.masks import BoxMask
from ui.tools.base import Tool
from ui.tools.latest import Latest
from ui.tools.pixels import pixels_of

if TYPE_CHECKING:
    from app.document import ImageDocument
    from ui.canvas.view import Canvas

Operation = Callable[[BoxMask, int, int], BoxMask]  # mask, image width and height
NOTHING = "nothing would be left of the instance, so it was kept: press Delete to remove it"
SAME = "the mask is like that already: nothing was changed"
SAME_ALL = "the masks are like that already: nothing was changed"
UNSEEN = "nothing was changed: from close by it shows no clearer edge (too small, or it does not stand out)"
UNREADABLE = "nothing was drawn anew: the network of fine prototypes cannot be read; install Protolabel again"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """An edit, the masks of what it leaves, and how many instances would have vanished."""

    edit: Edit | None
    masks: tuple[tuple[Annotation, BoxMask], ...] = ()
    vanished: int = 0
    selection: tuple[AnnotationId, ...] | None = None  # None: as it is
    words: str = ""


class PixelWork(QObject):
    """The pixel edits of one canvas; `pixel_work` gives a canvas its own."""

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._latest = Latest(self)
        self._waiting: deque[Callable[[], Callable[[], Outcome] | None]] = deque()
        self._document: ImageDocument | None = None  # of the work under way

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._document is not None

    # --- what menus and keys ask for -----------------------------------------------------------------------

    def fill_holes(self) -> None:
        """What is enclosed belongs to the mask."""
        self._each(lambda mask, width, height: fill_holes(mask), "holes filled")

    def smooth(self) -> None:
        """Even out the edge."""

        def work(mask: BoxMask, width: int, height: int) -> BoxMask:
            return smooth(mask, smoothing_radius(float(mask.bits.sum())))

        self._each(work, "smoothed")

    def grow(self, pixels: int) -> None:
        """Wider by `pixels` all around; negative: narrower."""
        if pixels >= 0:
            self._each(lambda mask, width, height: grow(mask, pixels, width, height))
        else:
            self._each(lambda mask, width, height: shrink(mask, -pixels, width, height))

    def redraw(self) -> None:
        """Each mask as fine prototypes see it, once."""
        pixels = pixels_of(self._canvas.session).whole
        if pixels is None:
            self._canvas.session.message.emit("one moment: the image is still being read", "info")
            return

        def work(mask: BoxMask, width: int, height: int) -> BoxMask:
            look = shared_look()  # here: a network is read the first time
            if look is None:
                raise InputError(UNREADABLE)
            return redrawn(mask, pixels, width, look)

        self._each(work, "drawn anew, finely", UNSEEN)

    def subtract_neighbours(self) -> None:
        """What other shown instances have is theirs."""
        self._ask(self._subtraction)

    def merge(self) -> None:
        """All chosen ones become the first of them."""
        self._ask(self._merging)

    def split(self, annotation: Annotation, line: Sequence[Point]) -> None:
        """The instance on one side of a line stays, the smaller part becomes a new one."""
        points = list(line)
        self._ask(lambda: self._splitting(annotation, points))

    # --- one after the other -------------------------------------------------------------------------------

    def _each(self, operation: Operation, done: str = "", unchanged: str = "") -> None:
        self._ask(lambda: self._reshaping(operation, done, unchanged))

    def _ask(self, prepare: Callable[[], Callable[[], Outcome] | None]) -> None:
        self._waiting.append(prepare)
        if not self.busy:
            self._next()

    def _next(self) -> None:
        while self._waiting:
            document = self._canvas.session.document
            work = self._waiting.popleft()() if document is not None else None
            if work is not None:
                self._document = document
                self._latest.ask(work, self._answered)
                return

    def _answered(self, answer: Outcome | InputError) -> None:
        document, self._document = self._document, None
        session = self._canvas.session
        if isinstance(answer, InputError):
            self._waiting.clear()
            session.message.emit(str(answer), "warning")
        elif document is not session.document:
            self._waiting.clear()  # another image is there: what was meant is not on the screen any more
        else:
            self._take(answer)
        self._next()

    def _take(self, outcome: Outcome) -> None:
        canvas, document = self._canvas, self._canvas.session.document
        assert document is not None
        edit = outcome.edit
        if edit is not None:
            known = document.annotations
            if any(each.before is not None and known.get(each.id) != each.before for each in edit.changes):
                return  # changed in the meantime: what was computed is of another mask
            for annotation, mask in outcome.masks:
                canvas.stage.masks.prime(annotation.id, annotation.geometry, mask)
            with canvas.stage.held():
                canvas.session.apply(edit)
                if outcome.selection is not None:
                    canvas.session.select(outcome.selection)
        if outcome.vanished:
            canvas.session.message.emit(NOTHING, "warning")
        elif outcome.words:
            canvas.session.message.emit(outcome.words, "info")

    # --- what each does ------------------------------------------------------------------------------------

    def _chosen(self) -> list[Annotation]:
        return Tool.selected(self._canvas.tool)

    def _reshaping(
        self, operation: Operation, done: str = "", unchanged: str = ""
    ) -> Callable[[], Outcome] | None:
        """`done`: what to say of it, '' where the eye sees it; `unchanged`: why no mask changed."""
        chosen = self._chosen()
        if not chosen:
            self._tell("choose the instances whose pixels are meant first")
            return None
        image_id, (width, height) = chosen[0].image_id, self._canvas.image_size

        def work() -> Outcome:
            changes, masks, vanished, pixels = [], [], 0, 0
            for each in chosen:
                before = to_mask(each.geometry, width, height)
                after = operation(before, width, height)
                if not after.bits.any():
                    vanished += 1
                elif not _same(before, after):
                    made = with_mask(each, after, width, height)
                    changes.append(Change(each, made))
                    masks.append((made, after))
                    pixels += changed_pixels(before, after) if done else 0
            edit = Edit(EditKind.RESHAPE, image_id, tuple(changes)) if changes else None
            words = unchanged or (SAME if len(chosen) == 1 else SAME_ALL)
            if changes:
                words = _summary(done, chosen, len(changes), pixels)
            return Outcome(edit, tuple(masks), vanished, words=words)

        return work

    def _subtraction(self) -> Callable[[], Outcome] | None:
        chosen = self._chosen()
        others = [each for each in self._canvas.shown.annotations if each not in chosen]
        size = self._canvas.image_size

        def work(mask: BoxMask, width: int, height: int) -> BoxMask:
            box = (mask.left, mask.top, mask.right, mask.bottom)
            near = (each for each in others if _overlap(each.bbox, box))
            return subtract_neighbours(mask, (to_mask(each.geometry, *size) for each in near))

        return self._reshaping(work, "left to the neighbours")

    def _merging(self) -> Callable[[], Outcome] | None:
        chosen = self._chosen()
        if len(chosen) < 2:
            self._tell("choose two instances or more to merge: Shift+click adds to what is chosen")
            return None
        width, height = self._canvas.image_size
        first, rest = chosen[0], chosen[1:]

        def work() -> Outcome:
            mask = merge(to_mask(each.geometry, width, height) for each in chosen)
            made = with_mask(first, mask, width, height)
            gone = [Change(each, _gone(each)) for each in rest]
            edit = Edit(EditKind.MERGE, first.image_id, (Change(first, made), *gone))
            return Outcome(edit, ((made, mask),), selection=(first.id,))

        return work

    def _splitting(self, annotation: Annotation, line: list[Point]) -> Callable[[], Outcome] | None:
        document = self._canvas.session.document
        assert document is not None
        width, height = self._canvas.image_size
        new_id = document.new_id()

        def work() -> Outcome:
            parts = split(to_mask(annotation.geometry, width, height), line)
            if parts is None:
                return Outcome(
                    None, words="the line parts nothing: draw it across the instance, from edge to edge"
                )
            kept = with_mask(annotation, parts[0], width, height)
            made = replace(with_mask(annotation, parts[1], width, height), id=new_id, seconds=0.0)
            edit = Edit(EditKind.SPLIT, annotation.image_id, (Change(annotation, kept), Change(None, made)))
            masks = ((kept, parts[0]), (made, parts[1]))
            return Outcome(edit, masks, selection=(kept.id, made.id))

        return work

    def _tell(self, words: str) -> None:
        self._canvas.session.message.emit(words, "info")


def pixel_work(canvas: Canvas) -> PixelWork:
    """The canvas' pixel edits."""
    found = canvas.findChild(PixelWork)
    return found if isinstance(found, PixelWork) else PixelWork(canvas)


def with_mask(annotation: Annotation, mask: BoxMask, width: int, height: int) -> Annotation:
    """The annotation with other pixels, as the person's work; any thread."""
    mask = tight(mask)
    drawn = annotation.state is AnnotationState.DRAWN
    return replace(
        annotation,
        geometry=from_mask(mask, width, height),
        bbox=bounds(mask),
        area=float(mask.bits.sum()),
        state=AnnotationState.DRAWN if drawn else AnnotationState.CORRECTED,
    )


def _gone(annotation: Annotation) -> Annotation | None:
    """What is left of one that was merged into another: a model's is remembered, so as not to come back."""
    return replace(annotation, state=AnnotationState.REJECTED) if annotation.origin is not None else None


def _summary(done: str, chosen: Sequence[Annotation], changed: int, pixels: int) -> str:
    """What was done, in one line; '' where the eye sees it."""
    if not done:
        return ""
    many = f"{pixels:,} {'pixel' if pixels == 1 else 'pixels'}"
    if len(chosen) == 1:
        share = 100 * pixels / max(chosen[0].area, 1)
        return f"{done}: {many} changed ({'under 1' if share < 1 else f'{share:,.0f}'} % of the mask)"
    stayed = f", {len(chosen) - changed} stayed as they were" if changed < len(chosen) else ""
    return f"{done}: {changed} of {len(chosen)} instances, {many} changed{stayed}"


def _same(a: BoxMask, b: BoxMask) -> bool:
    a, b = tight(a), tight(b)
    return (
        (a.left, a.top) == (b.left, b.top) and a.bits.shape == b.bits.shape and bool((a.bits == b.bits).all())
    )


def _overlap(bbox: tuple[float, float, float, float], box: tuple[int, int, int, int]) -> bool:
    x, y, width, height = bbox
    return x < box[2] and y < box[3] and x + width > box[0] and y + height > box[1]

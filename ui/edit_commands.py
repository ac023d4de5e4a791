"""What keys and menus do to the image on screen: its instances, proposals and state.

Beside what the session does they ask, or say why there is nothing to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog

from app.annotation import AnnotationId, AnnotationState, CategoryId, ImageState

if TYPE_CHECKING:
    from ui.commands import Context

LAST = "No other proposal is open here."


def undo(context: Context) -> None:
    """Drop the stroke under way, or take the last edit back."""
    if not context.canvas.cancel_drawing():
        context.session.undo()


def escape(context: Context) -> None:
    """Stop drawing; else choose nothing; else the select tool."""
    if context.canvas.cancel_drawing():
        return
    if context.session.selection:
        context.session.select(())
    else:
        context.session.set_tool("select")


def accept(context: Context) -> None:
    """Accept what is chosen and go on to the next open proposal; without a choice, accept all that are shown.

    What is a person's already needs no accepting: then it only goes on. While something is drawn the canvas
    takes the key to finish it.
    """
    session = context.session
    if len(session.selection) == 1:
        context.canvas.tool.settle()  # a hint that was given counts
        following = _next_open(context)
        session.accept()
        _go_on(context, following)
    elif session.selection and _proposals(context):
        session.accept()
    elif not session.selection:
        accept_all(context)


def accept_all(context: Context) -> None:
    """Accept all proposals that are shown."""
    if _proposals(context, chosen=False):
        count = len(context.session.visible_proposals())
        context.session.accept_all()
        _tell_many(context, count, "accepted")


def reject(context: Context) -> None:
    """Reject what is chosen and go on to the next open proposal; without a choice, all that are shown."""
    session = context.session
    if len(session.selection) == 1:
        context.canvas.tool.settle()  # a hint that was given counts
        following = _next_open(context)
        session.reject()
        _go_on(context, following)
    elif session.selection:
        session.reject()
    elif _proposals(context):
        count = len(session.visible_proposals())
        session.reject()
        _tell_many(context, count, "rejected")


def copy(context: Context) -> None:
    """Remember what is chosen."""
    context.session.copy()
    count = context.session.copied
    context.session.message.emit(f"{count} annotation{'' if count == 1 else 's'} copied.", "info")


def paste(context: Context) -> None:
    """What was copied, at the same place."""
    if context.session.copied:
        context.session.paste()
    else:
        context.session.message.emit("Nothing was copied yet: choose instances and copy them first.", "info")


def select_all(context: Context) -> None:
    """Choose everything that is shown."""
    document = context.session.document
    if document is not None:
        there = document.annotations.values()
        context.session.select(each.id for each in there if context.session.visible(each))


def choose_category(context: Context, category_id: CategoryId) -> None:
    """Draw with a category; what is chosen gets it."""
    context.session.categories.choose(category_id)
    if context.session.selection:
        context.session.relabel(category_id)


def relabel(context: Context) -> None:
    """Ask for a category by name."""
    names = [category.name for category in context.session.categories]
    chosen, fine = QInputDialog.getItem(context.window, "Relabel", "Category", names, 0, False)
    if fine:
        context.session.relabel(context.session.categories[names.index(chosen)].id)


def grow_by(context: Context) -> None:
    """Ask by how many pixels the chosen masks shall be wider, or narrower."""
    from ui.tools.pixel_work import pixel_work

    words = "Pixels all around (negative: narrower)"
    pixels, fine = QInputDialog.getInt(context.window, "Grow or shrink", words, 5, -2000, 2000)
    if fine and pixels:
        pixel_work(context.canvas).grow(pixels)


def threshold(context: Context, by: float) -> None:
    """Move the score threshold."""
    context.session.set_threshold(round(context.session.threshold + by, 2))


def skip(context: Context) -> None:
    """Skip the image and go on."""
    context.session.set_image_state(ImageState.SKIPPED)
    context.session.step(1)


def _next_open(context: Context) -> AnnotationId | None:
    """The shown proposal after the one that is chosen, in reading order and from the end to the beginning."""
    session = context.session
    chosen, still_open = session.selection[0], set(session.visible_proposals())
    among = [each for each in context.canvas.shown.in_reading_order() if each == chosen or each in still_open]
    place = among.index(chosen) + 1 if chosen in among else 0
    return next((each for each in among[place:] + among[:place] if each != chosen), None)


def _go_on(context: Context, following: AnnotationId | None) -> None:
    """To another instance; says so where there is none."""
    from ui.visit import bring_into_view

    session = context.session
    session.select(() if following is None else (following,))
    if following is None:
        session.message.emit(LAST, "info")
    else:
        bring_into_view(session, context.canvas)


def _tell_many(context: Context, count: int, done: str) -> None:
    """What one key did to all that were shown, and that it can be undone."""
    if count > 1:
        context.session.message.emit(f"{count} proposals {done}. Undo takes it back.", "info")


def _proposals(context: Context, *, chosen: bool = True) -> bool:
    """Whether there is a proposal to judge; says so where there is none."""
    session = context.session
    there = session.document.annotations if session.document is not None else {}
    if chosen and session.selection:
        found = any(there[each].state is AnnotationState.PROPOSED for each in session.selection)
        words = "What is chosen is yours already: there is nothing to accept."
    else:
        found = bool(session.visible_proposals())
        words = "No proposal is shown: lower the threshold, or ask the model about this image."
    if not found:
        session.message.emit(words, "info")
    return found

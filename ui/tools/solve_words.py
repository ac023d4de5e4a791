"""What the tool that corrects by prototypes says: what to do, and what of a hint cannot be seen."""

from __future__ import annotations

from app.annotation import Annotation, AnnotationState
from app.foresight import has_stalled
from ui.tools.work import Steps

PAINTED = "the prototypes cannot express this: painted"
STALLED = "the last hints here changed little: solving has stopped helping, the brush does more"
ANEW = "the whole mask was drawn anew, finely, with your hint"
ALREADY = (
    "the mask has it so already, nothing changed: the next hints keep this place; hint where it is wrong"
)
ALREADY_PROPOSED = "the mask has it so already, nothing changed: it stays a proposal; hint where it is wrong"
BACK = "the hint is taken back: a proposal again, as the model made it"
BACK_UNSEEN = "the hint is taken back: it had changed nothing"
OVERTAKEN = "the instance was changed in the meantime, so the last hint was dropped"
LAST = "no hint is left to take back: Delete removes the instance"
NOTHING_LEFT = "nothing would be left of the instance, so the last hint was dropped"


def what_to_do(*, chosen: bool, on_mark: bool, count: int, outlook: str, by_keys: bool) -> str:
    """The line of help. `chosen`: one instance is; `on_mark`: the pointer is on a hint's mark; `count`: hints
    so far; `outlook`: what one more would do, '' if unknown; `by_keys`: the cross hair is there."""
    if not chosen:
        if by_keys:
            return "Enter: candidates for what is here · arrows move it, Shift: finer · Esc: gone"
        return "Click an instance to choose it, or a bare place: candidates for it · Up: by keys"
    if on_mark:
        return "Click: take this hint back"
    done = f" · {count} {'hint' if count == 1 else 'hints'}, Backspace: one back" if count else ""
    if outlook:
        return f"{outlook[0].upper()}{outlook[1:]}{done}"
    keys = " · Enter: adds, Shift+Enter: removes" if by_keys else " · arrows: by keys · Enter: next"
    return f"Left click or drag: belongs to it · right: does not{keys}{done}"


def what_went(before: Annotation, after: Annotation) -> str:
    """What taking a hint back did, where the picture does not show it."""
    if before.geometry == after.geometry:
        return BACK_UNSEEN
    return BACK if after.state is AnnotationState.PROPOSED else ""


def what_came(before: Annotation, after: Annotation, steps: Steps) -> str:
    """What the person could not guess from the picture. `steps`: what the hints made, from first to last."""
    if before.geometry == after.geometry:
        return ALREADY_PROPOSED if after.state is AnnotationState.PROPOSED else ALREADY
    if has_stalled(steps):
        return STALLED
    if steps and steps[-1].painted:
        return PAINTED
    return ANEW if steps and steps[-1].field.anew else ""

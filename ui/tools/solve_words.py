"""What the tool that corrects by prototypes says of a hint, where the picture does not show it."""

from __future__ import annotations

from app.annotation import Annotation, AnnotationState
from app.foresight import has_stalled
from ui.tools.work import Work

PAINTED = "the prototypes cannot express this: painted"
STALLED = "the last hints here changed little: solving has stopped helping, the brush does more"
ANEW = "the whole mask was drawn anew, finely, with your hint"
ALREADY = "the mask has it so already, nothing changed: hint where it is wrong"
ALREADY_PROPOSED = "the mask has it so already, nothing changed: it stays a proposal"
BACK = "the hint is taken back: a proposal again, as the model made it"


def what_went(before: Annotation, after: Annotation) -> str:
    """What taking a hint back did, where the picture does not show it."""
    if before.geometry == after.geometry:
        return "the hint is taken back: it had changed nothing"
    return BACK if after.state is AnnotationState.PROPOSED else ""


def what_came(work: Work, before: Annotation, after: Annotation) -> str:
    """What the person could not guess from the picture."""
    if before.geometry == after.geometry:
        return ALREADY_PROPOSED if after.state is AnnotationState.PROPOSED else ALREADY
    if has_stalled(work.steps):
        return STALLED
    if work.painted and work.painted[-1]:
        return PAINTED
    return ANEW if work.steps[-1].field.anew else ""

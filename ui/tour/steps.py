"""What the tour asks for, in order: a table. Each step is over when something happened, never by time.

`{key}` in the words stands for the person's own key of that action of `ui.actions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.annotation import AnnotationState, ImageState
from app.edits import Edit, EditKind


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in the window: chosen, hovered, edited, undone, tool, shown, keys."""

    name: str
    about: Any = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do. `target`: which part of the window it is about; `done`: whether an event was it.

    `tool`: what it begins with, where another tool would take the keys of its words for itself.
    """

    id: str
    title: str
    words: str
    target: str  # canvas, bars, tools, images
    done: Callable[[Event], bool]
    tool: str = ""


def _edited(*kinds: EditKind) -> Callable[[Event], bool]:
    return lambda event: event.name == "edited" and event.about.kind in kinds


def _finished(event: Event) -> bool:
    edit = event.about
    return event.name == "edited" and isinstance(edit, Edit) and edit.state_after is ImageState.DONE


def _accepted(event: Event) -> bool:
    if event.name != "edited" or not isinstance(event.about, Edit):
        return False
    after = (each.after for each in event.about.changes)
    accepted = any(each is not None and each.state is AnnotationState.ACCEPTED for each in after)
    return accepted or event.about.kind is EditKind.REJECT


STEPS: tuple[Step, ...] = (
    Step(
        "choose",
        "Choose an instance",
        "A model has looked at this image and proposed the coloured shapes. <b>Click one of them</b> "
        "(or press Tab on the image).",
        "canvas",
        lambda event: event.name == "chosen" and bool(event.about),
    ),
    Step(
        "hover",
        "A mask is a sum of pictures",
        "The mask is made of pictures, the prototypes, each times a number, its bar. <b>Rest the pointer on "
        "a bar</b>: orange is where it adds, blue where it takes away.",
        "bars",
        lambda event: event.name == "hovered" and event.about >= 0,
    ),
    Step(
        "bar",
        "Change a number",
        "<b>Drag a bar</b> to the left or right and watch the mask follow. No network is run: "
        "it is one multiplication.",
        "bars",
        _edited(EditKind.RECOMPOSE),
    ),
    Step(
        "undo",
        "Take it back",
        "Everything can be undone, also tomorrow. <b>Press {undo}</b>.",
        "canvas",
        lambda event: event.name == "undone",
    ),
    Step(
        "tool",
        "Correct by clicking",
        "You need not know the numbers: say where the mask is wrong, and they are solved for. "
        "<b>Press {tool.solve}</b>, or take the tool with the plus and the minus.",
        "tools",
        lambda event: event.name == "tool" and event.about == "solve",
    ),
    Step(
        "solve",
        "Say what belongs to it",
        "<b>Click, or drag a stroke, where something of the object is missing; with the right button where "
        "there is too much.</b> The mask follows at once.",
        "canvas",
        _edited(EditKind.RECOMPOSE, EditKind.RESHAPE),
    ),
    Step(
        "accept",
        "Accept the others",
        "What is right needs one key. <b>Press {accept.all}</b> to accept all proposals that are shown, "
        "or choose one and press {accept}, which goes on to the next; {reject} rejects.",
        "canvas",
        _accepted,
        tool="select",  # with the cross hair there, Return is the correcting tool's
    ),
    Step(
        "done",
        "Next, please",
        "<b>Press {done}</b>: this image is done, and the next one comes. Images that are done are exported "
        "({export}) and make the model better ({retrain}).",
        "canvas",
        _finished,
    ),
)
LAST_TITLE = "That is all it takes"
LAST_WORDS = "{help} shows all keys, {tour} this tour again. Everything you did is saved already."

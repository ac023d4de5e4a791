"""What a row of the table of actions says, and the conditions under which an action can be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ui.commands import Context


def always(context: Context) -> bool:
    """Whatever is open."""
    return True


def with_project(context: Context) -> bool:
    """A project is open."""
    return context.session.project is not None


def with_image(context: Context) -> bool:
    """An image is open, its annotations are there."""
    return context.session.document is not None


def with_chosen(context: Context) -> bool:
    """Instances are chosen."""
    return bool(context.session.selection)


def with_several(context: Context) -> bool:
    """More than one instance is chosen."""
    return len(context.session.selection) > 1


def can_undo(context: Context) -> bool:
    """There is an edit to take back."""
    return context.session.document is not None and context.session.document.can_undo


def can_redo(context: Context) -> bool:
    """There is an undone edit to perform again."""
    return context.session.document is not None and context.session.document.can_redo


NEEDS: dict[
    Callable[[Context], bool], str
] = {  # the conditions in words, for who wants to use an action that cannot be used
    with_project: "open a project first",
    with_image: "open an image first",
    with_chosen: "choose an instance first, by a click or Tab",
    with_several: "choose several instances first, with Shift and clicks",
    can_undo: "nothing is left to take back in this image",
    can_redo: "nothing was taken back in this image",
}


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One row. `keys`: default shortcuts in Qt's portable text. `menu`: where it stands, '' = keys only."""

    id: str
    text: str
    keys: tuple[str, ...]
    run: Callable[[Context], object]
    when: Callable[[Context], bool] = always
    tip: str = ""
    icon: str = ""
    checked: Callable[[Context], bool] | None = None  # a switch, and whether it is on
    separated: bool = False  # a line above it in the menu
    repeats: bool = False  # goes on while the key is held
    menu: str = ""


def row(
    id: str,
    text: str,
    keys: str,
    run: Callable[[Context], object],
    when: Callable[[Context], bool] = always,
    tip: str = "",
    *,
    icon: str = "",
    checked: Callable[[Context], bool] | None = None,
    separated: bool = False,
    repeats: bool = False,
) -> ActionSpec:
    """A row as the table writes it: `keys` side by side, with spaces between."""
    return ActionSpec(id, text, tuple(keys.split()), run, when, tip, icon, checked, separated, repeats)


def in_menu(title: str, *rows: ActionSpec) -> tuple[ActionSpec, ...]:
    """These rows, as they stand in a menu, one below the other."""
    return tuple(replace(each, menu=title) for each in rows)

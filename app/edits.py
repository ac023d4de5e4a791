"""Edits: frozen values that can be applied and reversed. Every change of a document is one.

An edit is its changes: for each annotation concerned what was there before and what is there after
(None = not there), and the image's state before and after. `kind` is for people and the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from app.annotation import Annotation, AnnotationId, ImageId, ImageState


class EditKind(StrEnum):
    """What the person did, in the words of the menus."""

    ADD = "add"
    REMOVE = "remove"
    RESHAPE = "reshape"
    RELABEL = "relabel"
    RECOMPOSE = "recompose"
    SET_BOX = "set box"
    ACCEPT = "accept"
    REJECT = "reject"
    MERGE = "merge"
    SPLIT = "split"
    IMAGE_STATE = "image state"
    PRELABEL = "prelabel"
    IMPORT = "import"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Change:
    """One annotation before and after. At least one side is there; ids agree."""

    before: Annotation | None
    after: Annotation | None

    def __post_init__(self) -> None:
        sides = [side for side in (self.before, self.after) if side is not None]
        if not sides or len({(side.id, side.image_id) for side in sides}) != 1:
            raise ValueError("a change concerns exactly one annotation of one image")

    @property
    def id(self) -> AnnotationId:
        side = self.after or self.before
        assert side is not None
        return side.id

    def reversed(self) -> Change:
        """The change that undoes this one."""
        return Change(before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class Edit:
    """One step of undo: what changed in one image."""

    kind: EditKind
    image_id: ImageId
    changes: tuple[Change, ...] = ()
    state_before: ImageState | None = None  # None = the image's state is not touched
    state_after: ImageState | None = None
    author: str = ""
    at: float = 0.0  # seconds since the epoch

    def reversed(self) -> Edit:
        """The edit that undoes this one; same kind."""
        return Edit(
            kind=self.kind,
            image_id=self.image_id,
            changes=tuple(change.reversed() for change in reversed(self.changes)),
            state_before=self.state_after,
            state_after=self.state_before,
            author=self.author,
            at=self.at,
        )


def add(image_id: ImageId, annotations: Iterable[Annotation]) -> Edit:
    """New annotations."""
    return Edit(EditKind.ADD, image_id, tuple(Change(None, each) for each in annotations))


def remove(image_id: ImageId, annotations: Iterable[Annotation]) -> Edit:
    """Annotations that go."""
    return Edit(EditKind.REMOVE, image_id, tuple(Change(each, None) for each in annotations))


def change(kind: EditKind, image_id: ImageId, pairs: Iterable[tuple[Annotation, Annotation]]) -> Edit:
    """Annotations as (before, after)."""
    return Edit(kind, image_id, tuple(Change(before, after) for before, after in pairs))


def set_image_state(image_id: ImageId, before: ImageState, after: ImageState) -> Edit:
    """The image goes from one state to another."""
    return Edit(EditKind.IMAGE_STATE, image_id, (), before, after)

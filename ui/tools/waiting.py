"""What a person asked for before the model had looked at the image: hints for one instance, or a bare place.

Frame: image pixels. Nothing of it is lost while the model looks: it is given in its order once the prototypes
are there. Hints of one instance never go to another one: where that is left, they are put aside for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.solving import Point, Stroke

if TYPE_CHECKING:
    from app.annotation import AnnotationId, ImageId
    from app.document import ImageDocument
    from app.project import Project

ASIDE = "the hint waits for the model, and is done on its instance as soon as that has looked at the image"


@dataclass(slots=True, eq=False)
class Waiting:
    """Hints (`strokes`) for the instance `of`, or the `place` to offer candidates at, in `document`."""

    of: AnnotationId | None = None
    strokes: tuple[Stroke, ...] = ()
    place: Point | None = None
    document: ImageDocument | None = None

    @property
    def words(self) -> str:
        """One line about it, '' where nothing waits."""
        if self.strokes:
            many = "1 hint waits" if len(self.strokes) == 1 else f"{len(self.strokes)} hints wait"
            return f"{many} until the model has looked at this image · Backspace: one back · Esc: none"
        return "Candidates are offered once the model has looked at this image" if self.place else ""

    def add(self, of: AnnotationId, stroke: Stroke, document: ImageDocument | None) -> None:
        """One more hint; the second click of a double click is none."""
        kept = self.strokes if of == self.of else ()
        self.of, self.place, self.document = of, None, document
        self.strokes = kept if kept and kept[-1] == stroke else (*kept, stroke)

    def at(self, place: Point, document: ImageDocument | None) -> None:
        """The newest place counts."""
        self.drop()
        self.place, self.document = place, document

    def pop_first(self) -> Stroke:
        """The hint that was given first; it waits no longer."""
        first, *others = self.strokes
        self.strokes = tuple(others)
        return first

    def pop_last(self) -> None:
        """The last hint is taken back."""
        self.strokes = self.strokes[:-1]

    def drop(self) -> bool:
        """Nothing waits any more; True if something did."""
        had = bool(self.strokes) or self.place is not None
        self.of, self.strokes, self.place, self.document = None, (), None, None
        return had


@dataclass(frozen=True, slots=True)
class PutAside:
    """Hints that wait for an instance that was left."""

    project: Project
    image: ImageId
    of: AnnotationId
    strokes: tuple[Stroke, ...]


class Aside:
    """All of these, the oldest first."""

    def __init__(self) -> None:
        self._all: list[PutAside] = []

    def put(self, waiting: Waiting, project: Project | None) -> bool:
        """Take over what waits; False: nothing does, or its instance is gone. Other projects' go."""
        self._all = [each for each in self._all if each.project is project]
        document, of, strokes = waiting.document, waiting.of, waiting.strokes
        if project is None or document is None or of is None or of not in document.annotations or not strokes:
            return False
        self._all.append(PutAside(project, document.image.id, of, strokes))
        return True

    def of(self, project: Project | None, image: ImageId) -> list[PutAside]:
        """Those for the instances of an image."""
        return [each for each in self._all if each.project is project and each.image == image]

    def take(self, wanted: PutAside) -> None:
        """They are given, or not wanted."""
        self._all.remove(wanted)

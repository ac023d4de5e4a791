"""What an import or an export did, for people (`lines`) and for programs (`as_dict`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.formats.notes import Note


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What was kept, changed and refused of a file."""

    file: str
    images: int  # of the file that were found in the project
    annotations: int  # that are now in the project and were not before
    already_there: int  # annotations that the project had from before: left as they are
    categories_added: tuple[str, ...]
    changed: tuple[Note, ...]  # kept, but not as the file has it
    refused: tuple[Note, ...]  # annotations that were not taken, and images and categories, by reason
    annotations_refused: int
    seconds: float
    categories_left: tuple[str, ...] = ()  # of the file, not added since none of its annotations was taken

    def lines(self) -> list[str]:
        """For people: the sum first, then each reason."""
        total = self.annotations + self.already_there + self.annotations_refused
        return [
            f"{self.file}: {self.annotations} of {total} annotations imported into {self.images} images"
            + (f", {self.already_there} were already there" if self.already_there else "")
            + (f", {self.annotations_refused} refused" if self.annotations_refused else ""),
            *([f"new categories: {', '.join(self.categories_added)}"] if self.categories_added else []),
            *(
                [f"no category was added, since no annotation was taken: {', '.join(self.categories_left)}"]
                if self.categories_left
                else []
            ),
            *_listed("changed", self.changed),
            *_listed("refused", self.refused),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return _plain(self)


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written."""

    file: str
    images: int
    empty_images: int  # of these, without an annotation
    annotations: int
    categories: int
    notes: tuple[Note, ...]  # what was written in another form, or left out, by reason
    bytes: int
    seconds: float

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"{self.file}: {self.annotations} annotations in {self.images} images "
            f"({self.empty_images} of them empty), {self.categories} categories; written and checked",
            *_listed("note", self.notes),
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return _plain(self)


def _listed(word: str, notes: tuple[Note, ...]) -> Iterator[str]:
    return (f"{word}: {note}" for note in notes)


def _plain(report: ImportReport | ExportReport) -> dict[str, Any]:
    values = {name: getattr(report, name) for name in report.__slots__}
    return {
        name: [each.as_dict() if isinstance(each, Note) else each for each in value]
        if isinstance(value, tuple)
        else value
        for name, value in values.items()
    }

"""What the store tells of images and documents, as values. No SQL: the window may import this at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.annotation import Annotation, ImageId, ImageState
from app.edits import Edit, EditKind

MIN_IMAGES = 5  # marked done, before a training run makes sense


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One image as the list shows it."""

    id: ImageId
    path: str  # posix, relative to the folder of images
    width: int  # upright pixels; 0 = not read yet
    height: int
    state: ImageState
    annotation_count: int = 0  # a person's or accepted work
    proposal_count: int = 0
    mean_score: float | None = None  # of the proposals
    min_score: float | None = None
    size: int = 0  # bytes
    mtime: float = 0.0
    content_hash: str = ""
    coco_id: int | None = None
    missing: bool = False

    @property
    def content_key(self) -> str:
        """What tells this content from another: the hash where it was read, else path, size and time."""
        return self.content_hash or f"{self.path}|{self.size}|{self.mtime}"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that a scan of the folder found."""

    path: str
    size: int
    mtime: float


@dataclass(frozen=True, slots=True)
class LoggedEdit:
    """An edit of the log, packed until somebody undoes it: an image may have hundreds."""

    kind: EditKind
    unpack: Callable[[], Edit]


@dataclass(frozen=True, slots=True)
class DocumentData:
    """What `ImageDocument` starts from."""

    image: ImageRecord
    annotations: tuple[Annotation, ...]
    undo: tuple[Edit | LoggedEdit, ...]  # in force, oldest first
    redo: tuple[Edit | LoggedEdit, ...]  # undone, next one first

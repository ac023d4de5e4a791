"""What tests of the window do with a session: annotations into the document, and waiting for the disk."""

from __future__ import annotations

from app.annotation import Annotation, AnnotationState
from app.document import ImageDocument
from app.edits import Change, Edit, EditKind
from tests.builders import box_mask, make_annotation
from ui.session import Session


def document_of(session: Session) -> ImageDocument:
    """The current document, which is there."""
    assert session.document is not None
    return session.document


def draw(session: Session, left: int = 10, top: int = 8, *, category: int = 1) -> Annotation:
    """A rectangle that a person drew, in the current image."""
    made = make_annotation(document_of(session), box_mask(left, top, 20, 12), category=category)
    session.apply(Edit(EditKind.ADD, made.image_id, (Change(None, made),)))
    return made


def propose(session: Session, *scores: float, category: int = 1) -> list[Annotation]:
    """Proposals side by side, as pre-labelling leaves them."""
    document, made = document_of(session), []
    for number, score in enumerate(scores):
        shape = box_mask(2 + 15 * number, 30, 12, 10)
        made.append(
            make_annotation(document, shape, category=category, state=AnnotationState.PROPOSED, score=score)
        )
    session.apply(Edit(EditKind.PRELABEL, document.image.id, tuple(Change(None, each) for each in made)))
    return made


def written(session: Session) -> None:
    """Wait until every edit is on the disk."""
    session.workers.wait_for_project(lambda: None)

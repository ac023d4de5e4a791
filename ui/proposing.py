"""From what the model saw to proposals in an open document: one undoable edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.annotation import Category, CategoryId, ImageId
    from app.proposals import Candidate
    from ui.session import Session


def offer(session: Session, image_id: ImageId, make: Callable[[], list[Candidate]]) -> None:
    """Propose what `make`, on the pool, finds in an image, if its document is open then."""
    session.workers.on_pool(make, lambda found: _propose(session, image_id, found))


def _propose(session: Session, image_id: ImageId, found: list[Candidate]) -> None:
    """Names first (on the project thread, they may be new), then the edit."""
    project = session.project
    if project is None:
        return
    from app.proposals import categories_for, proposals

    def names() -> tuple[dict[str, CategoryId], list[Category]]:
        return categories_for(project, found), project.categories()

    def named(answer: tuple[dict[str, CategoryId], list[Category]]) -> None:
        ids, categories = answer
        document = session.open_document(image_id)
        if document is not None:
            edit = proposals(found, document, ids)
            if edit is not None:
                document.apply(edit)
        if len(categories) != len(session.categories):
            session.categories.take(categories)

    session.workers.on_project(names, named)

"""From what the model saw to proposals in an open document: one undoable edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.annotation import Category, CategoryId, ImageId
    from app.proposals import Candidate
    from ui.session import Session


SAME = "The model sees here what it saw before: nothing new is proposed."


def offer(
    session: Session, image_id: ImageId, make: Callable[[], list[Candidate]], *, by_person: bool = False
) -> None:
    """Propose what `make`, on the pool, finds in an image, if its document is open then.

    `by_person`: somebody asked for it, and is told where nothing comes of it.
    """
    session.workers.on_pool(make, lambda found: _propose(session, image_id, found, by_person=by_person))


def _propose(session: Session, image_id: ImageId, found: list[Candidate], *, by_person: bool) -> None:
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
            elif by_person and image_id == session.image_id:
                session.message.emit(SAME, "info")
        if len(categories) != len(session.categories):
            session.categories.take(categories)

    session.workers.on_project(names, named)

"""Long work that must not hold up the pools: a thread of its own, which ends with the program."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from app.errors import InputError

if TYPE_CHECKING:
    from ui.session import Session

T = TypeVar("T")


def beside(
    session: Session,
    work: Callable[[], T],
    then: Callable[[T], object],
    failed: Callable[[InputError], object],
) -> None:
    """Do `work` there; what it gives, or its InputError, comes to the GUI thread."""

    def run() -> None:
        try:
            result = work()
        except InputError as fault:
            error = fault  # the handler's own name is gone when it is told
            session.workers.post(lambda: failed(error))
            return
        session.workers.post(lambda: then(result))

    threading.Thread(target=run, name="beside", daemon=True).start()

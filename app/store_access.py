"""A project's way to its database: light to begin with, the whole Store as soon as somebody needs it.

Until then no SQLAlchemy is loaded, which takes longer than reading what the first image needs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.light_store import LightStore
from app.sqlite_file import Location

if TYPE_CHECKING:
    from app.store import Store


class StoreAccess:
    """One open database. Safe from any thread."""

    def __init__(self, open_store: Callable[[], Store], light: LightStore | None = None) -> None:
        """Without `light` the Store is opened at once."""
        self._open_store, self._light = open_store, light
        self._lock = threading.RLock()
        self._waiting: list[Callable[[Store], object]] = []
        self._store = open_store() if light is None else None

    @classmethod
    def open(cls, location: Location, *, read_only: bool) -> StoreAccess:
        """An existing database. Raises NewerProject or ProjectError in words."""

        def whole() -> Store:
            from app.store import Store

            return Store.open(location, read_only=read_only)

        return cls(whole, LightStore.open(location, read_only=read_only))

    @property
    def store(self) -> Store:
        """All that can be asked and done; opened now if it was not. Raises ProjectError if it cannot be."""
        with self._lock:
            if self._store is None:
                self._store = self._open_store()
                for then in self._waiting:
                    then(self._store)
            return self._store

    def when_open(self, then: Callable[[Store], object]) -> None:
        """Call `then` with the Store, as soon as it is there."""
        with self._lock:
            self._waiting.append(then)
            if self._store is not None:
                then(self._store)

    @property
    def reads(self) -> Store | LightStore:
        """Whatever can tell settings, categories, images and documents now."""
        return self._store or self._light or self.store

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            for each in (self._light, self._store):
                if each is not None:
                    each.close()

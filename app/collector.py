"""Python's cycle collector, made rare while very many short-lived values are made.

Reading a hundred thousand annotations makes millions of tuples and no cycles; the collector walks what lives
after every 700 of them. It stays on, so that memory stays bounded whatever else the process does.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

SELDOM = 100_000  # more containers made than freed, before the youngest are looked at


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """While it lasts, look for cycles about a hundredth as often; for the whole process."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], SELDOM) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)

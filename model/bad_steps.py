"""Steps of a run whose loss was no number: counted, blamed on images, and borne up to a point."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from model.errors import InputError

MOST = 50  # in a row, before the run gives up
TOLD = 20  # events about them in a run; all are counted


class BadSteps:
    """`count` of them, and in how many each image (by name) was to blame."""

    def __init__(self) -> None:
        self.count = self.in_a_row = 0
        self.images: Counter[str] = Counter()

    def sound(self) -> None:
        """A step went well."""
        self.in_a_row = 0

    def skipped(self, images: Sequence[str]) -> bool:
        """One more, with the images to blame for it. Whether to tell of it."""
        self.images.update(images)
        self.count += 1
        self.in_a_row += 1
        return self.count <= TOLD

    def check(self) -> None:
        """InputError once there were too many in a row."""
        if self.in_a_row >= MOST:
            raise InputError(
                f"expected losses that are numbers, got {MOST} in a row that are not{self._worst()}; "
                "look for wrong boxes in the data, or take a smaller learning rate"
            )

    def _worst(self) -> str:
        names = [name for name, _ in self.images.most_common(3)]
        return f" (most often with {', '.join(names)})" if names else ""

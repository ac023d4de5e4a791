"""What happened to what was read or written: reasons, how often, and the first ids of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Note:
    """One reason, how often it came up, and the first things it came up for."""

    reason: str
    count: int
    examples: tuple[str, ...]  # 'annotation 17', 'image 3 (street.jpg)', ...

    def __str__(self) -> str:
        more = ", ..." if self.count > len(self.examples) else ""
        named = f" ({', '.join(self.examples)}{more})" if self.examples else ""
        return f"{self.count} x {self.reason}{named}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"reason": self.reason, "count": self.count, "examples": list(self.examples)}


class Tally:
    """Counts reasons as they come. Bounded: only the first examples of each are kept."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def add(self, reason: str, example: str = "", count: int = 1) -> None:
        """`count` more of `reason`."""
        self._counts[reason] = self._counts.get(reason, 0) + count
        examples = self._examples.setdefault(reason, [])
        if example and len(examples) < EXAMPLES:
            examples.append(example)

    def __len__(self) -> int:
        return sum(self._counts.values())

    def notes(self) -> tuple[Note, ...]:
        """By falling count, then in the order they came up."""
        order = sorted(self._counts, key=lambda reason: -self._counts[reason])
        return tuple(Note(reason, self._counts[reason], tuple(self._examples[reason])) for reason in order)

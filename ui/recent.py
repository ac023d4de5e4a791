"""The values of the images used last, within a limit of memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar

from app.annotation import ImageId

V = TypeVar("V")


class Recent(Generic[V]):
    """The values used last, within a budget. A value's cost is given when it is put in."""

    def __init__(self, budget: int) -> None:
        self._budget, self._spent = budget, 0
        self._values: OrderedDict[ImageId, tuple[V, int]] = OrderedDict()

    def __contains__(self, key: ImageId) -> bool:
        return key in self._values

    def get(self, key: ImageId) -> V | None:
        """The value, which is now the one used last."""
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def put(self, key: ImageId, value: V, cost: int) -> None:
        """Keep a value; the ones not used for longest go."""
        self.drop(key)
        self._values[key] = value, cost
        self._spent += cost
        while self._spent > self._budget and len(self._values) > 1:
            _, (_, gone) = self._values.popitem(last=False)
            self._spent -= gone

    def drop(self, key: ImageId) -> None:
        """Forget one."""
        if key in self._values:
            self._spent -= self._values.pop(key)[1]

    def items(self) -> list[tuple[ImageId, V]]:
        """What is kept, the oldest first."""
        return [(key, value) for key, (value, _) in self._values.items()]

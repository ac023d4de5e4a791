"""The tools of one canvas: which is chosen, its cursor and its line of help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.tools.base import Tool
from ui.tools.catalog import TOOLS

if TYPE_CHECKING:
    from ui.canvas.view import Canvas
    from ui.session import Session


class Toolbelt:
    """Every tool, made once; one of them is chosen."""

    def __init__(self, canvas: Canvas, session: Session) -> None:
        self._canvas = canvas
        self._tools: dict[str, Tool] = {name: kind(canvas, session) for name, kind in TOOLS.items()}
        self.chosen = self._tools["select"]
        self._hint = ""  # as it was told last

    def choose(self, name: str) -> None:
        """Take a tool by its name; what the other had under way is dropped. Unknown names choose nothing."""
        tool = self._tools.get(name)
        if tool is not None and tool is not self.chosen:
            self.chosen.deactivate()
            self.chosen = tool
            tool.activate()
            self.tell()
            self._canvas.update()

    def cancel(self) -> bool:
        """Drop what the tool has under way; True if there was something."""
        dropped = self.chosen.cancel()
        if dropped:
            self.tell()
            self._canvas.update()
        return dropped

    def tell(self) -> None:
        """The tool's state may have changed: show its cursor and its line of help."""
        if not self._canvas.navigator.panning:
            self._canvas.setCursor(self.chosen.cursor)
        if self.chosen.hint != self._hint:
            self._hint = self.chosen.hint
            self._canvas.hint_changed.emit(self._hint)

"""Offering what the model had in mind at a place: one candidate after the other, shown live. Image pixels."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.box_prompt import SURE
from app.candidates import Candidate, candidate_in, candidates_at, take
from app.geometry import covers
from model.errors import InputError
from ui.tools.latest import Latest
from ui.tools.live import LiveMask
from ui.tools.pixels import pixels_of

if TYPE_CHECKING:
    from app.annotation import Category
    from app.candidates import Box
    from model.messages import Prediction
    from ui.tools.base import Tool

SEEN = 0.3  # of the image's shorter side: objects of this size are seen with all their pixels
NOTHING = "the model sees nothing here: draw a box around the object, or a polygon"
NO_CATEGORY = "expected a category to draw with, got none: add or choose one, then try again"


class CandidatePicker:
    """The candidates of one tool. `take` makes the one that is shown an instance: one edit."""

    def __init__(self, tool: Tool) -> None:
        self._tool = tool
        self._latest = Latest(tool.canvas)
        self._live = LiveMask(tool.canvas)
        self._found: list[Candidate] = []
        self._place = 0
        self._asking = False
        self._since = 0.0

    @property
    def shown(self) -> Candidate | None:
        """The candidate on the screen."""
        return self._found[self._place] if self._found else None

    @property
    def looking(self) -> bool:
        """Whether nothing is shown yet of what was asked for."""
        return self._asking

    @property
    def busy(self) -> bool:
        """Whether something is looked for or shown."""
        return self._asking or bool(self._found)

    @property
    def hint(self) -> str:
        """One line about what is shown."""
        shown = self.shown
        if shown is None:
            return "Looking …"
        what = "what stands out here" if shown.origin is None else f"{shown.category} {shown.score:.2f}"
        category = self._category(shown)
        if category is not None and category.name.casefold() != shown.category.casefold():
            what += f", as {category.name}"
        many = f"{self._place + 1} of {len(self._found)}" if len(self._found) > 1 else "The only candidate"
        more = " · Tab: the next" if len(self._found) > 1 else ""
        return f"{many}: {what} · Enter or click: take it{more} · Esc: none"

    def ask_at(self, prediction: Prediction, x: float, y: float) -> None:
        """Look for what could be at a place."""
        side = SEEN * min(prediction.image_width, prediction.image_height)
        pixels = pixels_of(self._tool.session).for_box((x, y, side, side))
        self._ask(lambda: candidates_at(prediction, x, y, pixels), self._offer)

    def ask_in(
        self,
        prediction: Prediction,
        box: Box,
        otherwise: Callable[[], object],
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        """Take what fits a box best at once; `otherwise` where nothing does; `ended` after either."""

        def best(found: list[Candidate]) -> None:
            if found:
                self._found, self._place = found[:1], 0
                self.take()
            else:
                otherwise()
            ended()

        session = self._tool.session
        pixels, drawn_with = pixels_of(session).whole, session.category
        names = {each.casefold() for each in prediction.categories}
        known = drawn_with is None or drawn_with.name.casefold() in names
        sure = SURE if known else session.threshold  # another object that only looks a little like one

        def work() -> list[Candidate]:
            found = candidate_in(prediction, box, pixels, sure=sure)
            return [found] if found is not None else []

        self._ask(work, best)

    def _ask(self, work: Callable[[], list[Candidate]], then: Callable[[list[Candidate]], object]) -> None:
        self.cancel()
        self._asking, self._since = True, time.monotonic()
        self._latest.ask(work, lambda found: self._answered(found, then))
        self._tool.canvas.update_hint()

    def _answered(
        self, found: list[Candidate] | InputError, then: Callable[[list[Candidate]], object]
    ) -> None:
        self._asking = False
        if isinstance(found, InputError):
            self._tool.tell(str(found), "warning")
        else:
            then(found)
        self._tool.canvas.update_hint()

    def _offer(self, found: list[Candidate]) -> None:
        if found:
            self._found, self._place = sorted(found, key=self._is_doubtful), 0
            self._show()
        else:
            self._tool.tell(NOTHING, "info")

    def _show(self) -> None:
        shown = self.shown
        assert shown is not None
        category = self._category(shown)
        color = self._tool.canvas.shown.category_color(category.id if category is not None else None)
        self._live.show(None, shown.mask, color, None)
        self._tool.canvas.update_hint()

    def _is_doubtful(self, candidate: Candidate) -> bool:
        """Whether the model hardly believes it itself, and it is of another category than is drawn with."""
        drawn_with = self._tool.session.category
        other = drawn_with is not None and drawn_with.name.casefold() != candidate.category.casefold()
        return other and candidate.origin is not None and not self._is_believed(candidate)

    def _is_believed(self, candidate: Candidate) -> bool:
        return (candidate.score or 0.0) >= self._tool.session.threshold

    def _category(self, candidate: Candidate) -> Category | None:
        """The model's own where its proposal would be shown, or none is chosen; else what is drawn with."""
        session = self._tool.session
        named = [each for each in session.categories if each.name.casefold() == candidate.category.casefold()]
        if named and (session.category is None or self._is_believed(candidate)):
            return named[0]
        return session.category

    def step(self, by: int) -> None:
        """The next candidate, or the one before."""
        if self._found:
            self._place = (self._place + by) % len(self._found)
            self._show()

    def holds(self, x: float, y: float) -> bool:
        """Whether the candidate on the screen has the pixel at a place."""
        return self.shown is not None and covers(self.shown.mask, x, y)

    def take(self) -> None:
        """What is shown becomes an instance, and is chosen."""
        shown, document = self.shown, self._tool.document
        if shown is None or document is None:
            return
        category = self._category(shown)
        if category is None:
            self._tool.tell(NO_CATEGORY, "warning")
            return
        canvas, session = self._tool.canvas, self._tool.session
        edit, made = take(shown, document, category.id, seconds=time.monotonic() - self._since)
        self._found = []
        canvas.stage.masks.prime(made.id, made.geometry, shown.mask)
        with canvas.stage.held():
            self._live.end()
            session.apply(edit)
            session.select([made.id])

    def cancel(self) -> bool:
        """Show none; True if there was something."""
        had = self.busy
        self._latest.forget()
        self._asking, self._found = False, []
        self._live.end()
        return had

"""Hints and places that were given before their prototypes were there: asked for, and given once they are.

They come from the image on screen, from a closer look, or from another version that proposed the instance;
where that version is gone, those of the active one do. Frame: image pixels. GUI thread only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.correction import explain_refusal
from app.solving import Point, Stroke
from ui.tools.sources import sources_of
from ui.tools.waiting import GONE, Waiting

if TYPE_CHECKING:
    from app.annotation import Annotation
    from model.messages import Prediction
    from ui.tools.base import Tool
    from ui.tools.candidates import CandidatePicker
    from ui.tools.solving import Solving


class Deferred:
    """Gives hints to `solving` and places to `picker`, each as soon as it can be; `waiting`: the others."""

    def __init__(self, tool: Tool, solving: Solving, picker: CandidatePicker) -> None:
        self._tool, self._solving, self._picker = tool, solving, picker
        self._sources = sources_of(tool.session)
        self.waiting = Waiting()
        solving.when_settled, solving.when_refused = self._give, self.waiting.drop
        tool.session.prediction_changed.connect(self._arrived)

    # what is there

    def get(self, chosen: Annotation) -> Prediction | None:
        """The instance's own prototypes, if they are there."""
        return self._sources.get(chosen)

    def take(self, chosen: Annotation) -> bool:
        """Have the instance under work; False: its prototypes are not there."""
        if self._solving.go_on(chosen):
            return True
        prediction = self._sources.get(chosen)
        plain = prediction is None and self._is_orphan(chosen)
        if plain:
            prediction = self._tool.session.prediction
        if prediction is None:
            return False
        self._solving.begin(chosen, prediction, plain=plain)
        return True

    def _is_orphan(self, chosen: Annotation) -> bool:
        """Whether the model that proposed it cannot be had: then the active one's prototypes do."""
        active, origin = self._tool.session.model.version, chosen.origin
        other = origin is not None and active is not None and active.name != origin.model_version
        return other and self._sources.is_refused(chosen)

    def recall(self, chosen: Annotation) -> None:
        """Ask for an instance's closer look that is gone: it was chosen."""
        if words := self._sources.recall(chosen):
            self._tool.tell(words, "info")

    # what waits

    def keep(self, chosen: Annotation, stroke: Stroke) -> None:
        """Keep a hint until the prototypes are there, and ask for them."""
        words = self._fetch(chosen)
        if words:
            self.waiting.add(chosen.id, stroke, self._tool.document)
            self._tool.canvas.update()
        self._tool.tell(words or explain_refusal(chosen, None), "info" if words else "warning")
        self._tool.canvas.update_hint()

    def offer_at(self, place: Point) -> None:
        """Offer candidates at a place, now or once the model has looked."""
        session = self._tool.session
        if session.prediction is not None:
            self._picker.ask_at(session.prediction, *place)
            return
        session.select(())
        if words := self._sources.look():
            self.waiting.at(place, self._tool.document)
            self._tool.tell(words, "info")
            self._tool.canvas.update_hint()

    def choice_changed(self, chosen: Annotation | None) -> None:
        """Hints of one instance never go to another one."""
        if self.waiting.of is not None and (chosen is None or chosen.id != self.waiting.of):
            if self.waiting.is_missed:
                self._tool.tell(GONE, "warning")
            self.waiting.drop()

    def cancel(self) -> bool:
        """Nothing waits any more; True if something did."""
        if self.waiting.is_missed and self.waiting.document is not self._tool.document:
            self._tool.tell(GONE, "warning")  # another image was opened; Escape and undo mean to drop it
        return self.waiting.drop()

    # what comes

    def _arrived(self) -> None:
        """Other prototypes are there, or were refused."""
        tool, waiting = self._tool, self.waiting
        chosen, prediction = tool.only_selected(), tool.session.prediction
        if tool.canvas.tool is not tool or tool.document is None:
            return
        if waiting.place is not None and waiting.document is tool.document and prediction is not None:
            place = waiting.place
            waiting.drop()
            self._picker.ask_at(prediction, *place)
        elif chosen is not None and chosen.id == waiting.of and waiting.strokes:
            if self.take(chosen):
                self._give()
            else:
                self._ask_further(chosen, prediction)
            tool.canvas.update()
        tool.canvas.update_hint()

    def _fetch(self, chosen: Annotation) -> str:
        if self._is_orphan(chosen):
            return self._sources.look()
        return self._sources.fetch(chosen, self._arrived)

    def _ask_further(self, chosen: Annotation, prediction: Prediction | None) -> None:
        """What has come is not what the hints wait for: another version's prototypes, or a refusal."""
        active, origin = self._tool.session.model.version, chosen.origin
        if self._is_orphan(chosen):
            self._sources.look()
        elif self._sources.is_refused(chosen):
            self.waiting.drop()
        elif (
            origin is not None and prediction is not None and origin.model_version != prediction.model_version
        ):
            if active is not None and active.name != origin.model_version:  # it was not known yet
                self._tool.tell(self._fetch(chosen), "info")
            else:  # never ask the same model twice
                self.waiting.drop()
                self._tool.tell(explain_refusal(chosen, prediction), "warning")

    def _give(self) -> None:
        """The first hint that waited, once nothing else is under way: each is an edit of its own."""
        if self.waiting.strokes and self._solving.is_free_for(self.waiting.of):
            self._solving.add(self.waiting.pop_first())

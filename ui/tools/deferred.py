"""Hints and places that were given before their prototypes were there: asked for, and given once they are.

They come from the image on screen, from a closer look, or from another version that proposed the instance;
where that version is gone, those of the active one do. Frame: image pixels. GUI thread only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.annotation import AnnotationState
from app.correction import explain_refusal
from app.solving import Point, Stroke
from ui.tools.sources import sources_of
from ui.tools.waiting import ASIDE, Aside, Waiting

if TYPE_CHECKING:
    from app.annotation import Annotation
    from app.document import ImageDocument
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
        self._aside = Aside()
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
        prediction, plain = self._prototypes(chosen)
        if prediction is None:
            return False
        self._solving.begin(chosen, prediction, plain=plain)
        return True

    def _prototypes(self, chosen: Annotation) -> tuple[Prediction | None, bool]:
        """What an instance's hints are answered with, and whether that is another model's."""
        prediction = self._sources.get(chosen)
        plain = prediction is None and self._is_orphan(chosen)
        return (self._tool.session.prediction if plain else prediction), plain

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
        """Hints of one instance never go to another one: they wait for theirs, which may come back."""
        if self.waiting.of is not None and (chosen is None or chosen.id != self.waiting.of):
            self.leave()
        document = self._tool.document
        if chosen is None or document is None:
            return
        for each in self._aside.of(self._tool.session.project, document.image.id):
            if each.of == chosen.id:
                self._aside.take(each)
                for stroke in each.strokes:
                    self.waiting.add(chosen.id, stroke, document)

    def leave(self) -> None:
        """The instance, its image or the tool is left: its hints wait on, a bare place does not."""
        if self._aside.put(self.waiting, self._tool.session.project):
            self._tool.tell(ASIDE, "info")
        self.waiting.drop()

    def cancel(self) -> bool:
        """Nothing waits any more for what is chosen; True if something did."""
        return self.waiting.drop()

    # what comes

    def _arrived(self) -> None:
        """Other prototypes are there, or were refused."""
        tool, waiting = self._tool, self.waiting
        chosen, prediction = tool.only_selected(), tool.session.prediction
        if tool.document is None:
            return
        self._give_aside(tool.document)
        if tool.canvas.tool is not tool:
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

    def _give_aside(self, document: ImageDocument) -> None:
        """The hints of instances that were left, as far as their prototypes are there."""
        session = self._tool.session
        for each in self._aside.of(session.project, document.image.id):
            instance = document.annotations.get(each.of)
            prediction, plain = self._prototypes(instance) if instance is not None else (None, False)
            if instance is None or instance.state is AnnotationState.REJECTED:
                self._aside.take(each)
            elif prediction is not None:
                self._aside.take(each)
                self._solving.add_to(instance, prediction, each.strokes, plain=plain)
            elif session.prediction is None:
                self._sources.look()

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

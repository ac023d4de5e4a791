"""What the explaining panel shows of the chosen annotation, and its words where there is nothing to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.annotation import Annotation
from ui.explain.coefficients import Vector
from ui.explain.contribution import Region
from ui.tools.sources import sources_of

if TYPE_CHECKING:
    from model.messages import Prediction
    from ui.session import Session


@dataclass(slots=True, eq=False)
class Explained:
    """An annotation as a sum of prototypes."""

    annotation: Annotation
    prediction: Prediction
    region: Region
    values: Vector  # coefficients as they are
    predicted: Vector
    order: NDArray[np.intp]  # by share when it was chosen: rows do not run away from under the mouse

    def sort(self, *, by_share: bool) -> None:
        """Put the rows in order again."""
        self.order = _order(self.region, self.values, by_share)


def only_chosen(session: Session) -> Annotation | None:
    """The chosen annotation, if it is the only one."""
    document, selection = session.document, session.selection
    return document.annotations.get(selection[0]) if document and len(selection) == 1 else None


def explained(
    annotation: Annotation, prediction: Prediction, old: Explained | None, *, by_share: bool
) -> Explained | None:
    """The annotation, if it can be explained with this prediction; `old`: what was shown before."""
    from app.correction import present
    from app.frames import belongs, crop_in

    if annotation.origin is None or not belongs(annotation, prediction):
        return None
    if old is not None and old.annotation == annotation and old.prediction is prediction:
        return old
    region = Region.of(prediction.prototypes, crop_in(annotation, prediction))
    values = present(annotation)
    predicted = np.asarray(annotation.origin.coefficients, np.float32)
    same = old is not None and old.annotation.id == annotation.id and old.prediction is prediction
    order = old.order if same and old is not None else _order(region, values, by_share)
    return Explained(annotation, prediction, region, values, predicted, order)


def _order(region: Region, values: Vector, by_share: bool) -> NDArray[np.intp]:
    return region.order(values) if by_share else np.arange(len(values))


def words_for(
    session: Session, chosen: Annotation | None, shown: Prediction | None, instance: Explained | None
) -> str:
    """The line above the pictures."""
    if session.document is None:
        return "Open an image to see what the model sees in it."
    if shown is None:
        image_id = session.document.image.id
        if session.model.is_looking_at(image_id):
            return "The model is looking at this image …"
        if session.model.is_reading(image_id):
            return "Reading what the model saw here …"
        return "The model has not looked at this image yet, so there are no prototypes to show."
    k = shown.prototypes.shape[2]
    if instance is not None:
        where = " of a closer look" if shown.region is not None else ""
        return f"{k} numbers × {k} pictures{where} = this mask. Drag a bar."
    if chosen is None:
        return f"{k} prototypes of this image. Choose an instance to see its coefficients."
    if chosen.origin is None:
        return "Drawn, imported, or found by a click or box: no coefficients. Hints (C) correct it, too."
    if chosen.origin.model_version != shown.model_version:
        return (
            f"Proposed by {chosen.origin.model_version}, these are prototypes of {shown.model_version}: "
            "they do not belong together."
        )
    if chosen.origin.region != shown.region:
        if sources_of(session).waits_for(chosen):
            return "The model looks closer at this one again …"
        return "This one was looked at closer. Correct it by a click, or look closer again, to see how."
    return "Its coefficients do not fit these prototypes. Pre-label the image again."

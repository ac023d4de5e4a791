"""Look closer, as the person asks for it: at the chosen instance, or at what is in view. Image pixels."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import TimeoutError as NotYet
from typing import TYPE_CHECKING, TypeVar

from app.annotation import Annotation, AnnotationState
from app.closer import NETWORK_MADE, Box, finer, propose, region_of, unseen
from app.edits import EditKind, change
from app.errors import InputError
from app.fine import shared_look
from ui.tools.pixels import pixels_of
from ui.tools.sources import sources_of

if TYPE_CHECKING:
    from app.candidates import Candidate
    from app.document import ImageDocument
    from app.inference import Inference
    from model.masks import BoxMask
    from model.messages import Prediction
    from ui.commands import Context

T = TypeVar("T")
TITLE = "Looking closer"
WHOLE = 0.8  # of the image's width and height: seen from so near there is nothing closer
NEAR_ENOUGH = "all of the image is in view: zoom in first, or choose an instance"
UNKNOWN = "looked closer: found {names}, which the project has no category for: add it to be offered them"
NOT_FOUND = "looked closer: the model does not find it there; the mask stays, hints have finer prototypes"
NOTHING_NEW = "looked closer: nothing that is not there already"


def look_closer(context: Context) -> None:
    """One instance chosen: it gets finer prototypes. None: what is in view is looked at for more of them."""
    document = context.session.document
    if document is None:
        return
    chosen = [document.annotations[each] for each in context.session.selection]
    if len(chosen) > 1:
        context.session.message.emit("choose one instance to look closer at, or none for the view", "info")
    elif chosen:
        _at_instance(context, document, chosen[0])
    else:
        _at_view(context, document)


def _at_instance(context: Context, document: ImageDocument, chosen: Annotation) -> None:
    region = region_of(chosen.bbox, document.image.width, document.image.height)
    names = {each.id: each.name for each in context.session.categories}
    category = names.get(chosen.category_id, "")
    others = [
        each
        for each in document.annotations.values()
        if each.id != chosen.id and _meets(each.bbox, region) and _is_there(context, each)
    ]

    pixels = pixels_of(context.session).whole

    def work(prediction: Prediction) -> tuple[Annotation, BoxMask, Prediction]:
        finely = None if pixels is None else shared_look()  # here: a network is read the first time
        found = finer(chosen, prediction, category=category, others=others, pixels=pixels, finely=finely)
        return (*found, prediction)

    def done(answer: tuple[Annotation, BoxMask, Prediction]) -> None:
        after, mask, prediction = answer
        session, canvas = context.session, context.canvas
        if session.document is not document or document.annotations.get(chosen.id) != chosen:
            return  # it changed in the meantime: what was seen is of another mask
        if after.area <= 0:
            session.message.emit("looked closer: the model sees nothing there", "info")
            return
        sources_of(session).put(int(chosen.image_id), prediction)
        canvas.stage.masks.prime(after.id, after.geometry, mask)
        session.apply(change(EditKind.RECOMPOSE, chosen.image_id, [(chosen, after)]))
        if chosen.state in NETWORK_MADE and after.geometry == chosen.geometry:
            session.message.emit(NOT_FOUND, "info")

    _run(context, document, region, work, done)


def _is_there(context: Context, annotation: Annotation) -> bool:
    return annotation.state is not AnnotationState.REJECTED and _counts(context, annotation)


def _meets(box: Box, region: Box) -> bool:
    x, y, width, height = box
    left, top, across, down = region
    return x < left + across and left < x + width and y < top + down and top < y + height


def _at_view(context: Context, document: ImageDocument) -> None:
    canvas, view = context.canvas, context.canvas.view
    if view is None:
        return
    width, height = canvas.image_size
    left, top = view.to_image(0, 0)
    right, bottom = view.to_image(canvas.width(), canvas.height())
    left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)
    if right - left > WHOLE * width and bottom - top > WHOLE * height:
        context.session.message.emit(NEAR_ENOUGH, "info")
        return
    present = [each for each in document.annotations.values() if _counts(context, each)]
    floor = context.session.threshold

    def work(prediction: Prediction) -> tuple[list[Candidate], Prediction]:
        return unseen(prediction, present, floor), prediction

    def done(answer: tuple[list[Candidate], Prediction]) -> None:
        session = context.session
        found, prediction = answer
        if session.document is not document:
            return
        known = {each.name.casefold(): each.id for each in session.categories}
        named = [(each, known[name]) for each in found if (name := each.category.casefold()) in known]
        edit = propose(named, document)
        if edit is None:
            others = sorted({each.category for each in found})
            words = UNKNOWN.format(names=", ".join(others)) if others else NOTHING_NEW
            session.message.emit(words, "info")
            return
        sources_of(session).put(int(document.image.id), prediction)
        session.apply(edit)
        session.message.emit(f"looked closer: {len(named)} more proposed", "info")

    _run(context, document, (left, top, right - left, bottom - top), work, done)


def _counts(context: Context, annotation: Annotation) -> bool:
    """Whether an annotation keeps new proposals away: all but proposals below the threshold."""
    return context.session.visible(annotation) or annotation.state is not AnnotationState.PROPOSED


def _run(
    context: Context,
    document: ImageDocument,
    region: tuple[float, float, float, float],
    work: Callable[[Prediction], T],
    done: Callable[[T], None],
) -> None:
    """Ask the model about a region, with a row in the task bar; faults are told there."""
    session, project = context.session, context.session.project
    if project is None:
        return
    path = project.images_dir / document.image.path

    def with_model(inference: Inference) -> None:
        def all_of_it(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> T:
            progress(0, 1)
            future = inference.predict(path, region=region)
            while not cancelled():
                try:
                    return work(future.result(timeout=0.1))
                except NotYet:
                    continue
            inference.cancel(future)
            raise InputError("looking closer was stopped")

        context.run_task(TITLE, all_of_it, done)

    session.model.with_inference(with_model)

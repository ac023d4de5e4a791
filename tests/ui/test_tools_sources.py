"""Prototypes that are not on screen: made again, once, by whoever made them; what cannot be is said."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.annotation import Annotation, AnnotationState
from app.edits import Change, Edit, EditKind
from app.errors import InputError
from app.geometry import covers, to_mask
from app.predictions import of_project
from model.messages import Prediction
from tests.ui.acting import document_of
from tests.ui.explaining import VERSION, predict, propose_left_half
from ui.canvas.view import Canvas
from ui.explain.panel import ExplainPanel
from ui.session import Session
from ui.tools.solve import SolveTool
from ui.tools.sources import AGAIN, OTHER, WAIT, Sources, sources_of

REGION = (0.0, 0.0, 40.0, 60.0)


class Model:
    """Answers when it is told to, and remembers what it was asked."""

    def __init__(self, session: Session, version: str = VERSION) -> None:
        self.asked: list[Future[Prediction]] = []
        self.regions: list[object] = []
        self.session, self.version = session, version

    def predict(self, path: object, region: object = None, **_: object) -> Future[Prediction]:
        future: Future[Prediction] = Future()
        self.asked.append(future)
        self.regions.append(region)
        return future

    def with_inference(self, then: Callable[[object], object]) -> None:
        self.session.model.version = SimpleNamespace(name=self.version)  # type: ignore[assignment]
        then(self)


@pytest.fixture
def told(session: Session) -> list[str]:
    found: list[str] = []
    session.message.connect(lambda words, kind: found.append(words))
    return found


@pytest.fixture
def model(session: Session, monkeypatch: pytest.MonkeyPatch) -> Model:
    made = Model(session)
    session.model.version = SimpleNamespace(name=VERSION)  # type: ignore[assignment]
    monkeypatch.setattr(session.model, "with_inference", made.with_inference)
    return made


@pytest.fixture
def sources(session: Session) -> Sources:
    return sources_of(session)


def closer(session: Session, version: str = VERSION) -> Annotation:
    """A chosen instance whose coefficients are of a region's prototypes, as after a restart."""
    made = propose_left_half(session, version=version)
    assert made.origin is not None
    after = replace(made, origin=replace(made.origin, region=REGION), state=AnnotationState.ACCEPTED)
    session.apply(Edit(EditKind.RECOMPOSE, made.image_id, (Change(made, after),)))
    return document_of(session).annotations[made.id]


def of_region(whole: Prediction) -> Prediction:
    return replace(whole, region=REGION)


def test_a_closer_look_is_made_again_when_the_instance_is_chosen(
    qtbot: QtBot, session: Session, model: Model, sources: Sources
) -> None:
    whole = predict(session)
    chosen = closer(session)
    assert sources.get(chosen) is None
    assert sources.recall(chosen) == AGAIN
    assert sources.waits_for(chosen)
    assert sources.recall(chosen) == ""  # it is under way
    assert model.regions == [REGION]
    with qtbot.waitSignal(sources.changed):
        model.asked[0].set_result(of_region(whole))
    assert sources.get(chosen) is not None
    assert sources.recall(chosen) == ""
    assert len(model.asked) == 1


def test_an_instance_of_the_whole_image_is_not_recalled(
    session: Session, model: Model, sources: Sources
) -> None:
    predict(session)
    assert sources.recall(propose_left_half(session)) == ""
    assert model.asked == []


def test_the_panel_asks_tells_and_then_explains(
    qtbot: QtBot, session: Session, model: Model, told: list[str]
) -> None:
    whole = predict(session)
    panel = ExplainPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    closer(session)
    qtbot.waitUntil(lambda: "looks closer at this one again" in panel.title.text())
    assert told == [AGAIN]
    model.asked[0].set_result(of_region(whole))
    qtbot.waitUntil(lambda: "of a closer look" in panel.title.text())


def test_what_was_refused_is_asked_again_only_by_the_person(
    qtbot: QtBot, session: Session, model: Model, sources: Sources, told: list[str]
) -> None:
    whole = predict(session)
    chosen = closer(session)
    sources.recall(chosen)
    model.asked[0].set_exception(InputError("expected an image, got none"))
    qtbot.waitUntil(lambda: told == ["expected an image, got none"])
    assert sources.recall(chosen) == ""
    arrived: list[bool] = []
    assert sources.fetch(chosen, lambda: arrived.append(True)) == WAIT
    model.asked[1].set_result(of_region(whole))
    qtbot.waitUntil(lambda: arrived == [True])


def test_another_versions_kept_prediction_is_taken_from_disk(
    qtbot: QtBot, session: Session, model: Model, sources: Sources
) -> None:
    document = document_of(session)
    theirs = replace(predict(session), model_version="m0")
    assert session.project is not None
    assert of_project(session.project).save(document.image.content_key, theirs)
    chosen = propose_left_half(session, version="m0")
    assert sources.get(chosen) is None
    arrived: list[bool] = []
    assert sources.fetch(chosen, lambda: arrived.append(True)) == OTHER.format(version="m0")
    qtbot.waitUntil(lambda: arrived == [True], timeout=5000)
    found = sources.get(chosen)
    assert found is not None
    assert found.model_version == "m0"
    assert np.array_equal(found.prototypes, theirs.prototypes)
    assert model.asked == []


def test_a_version_that_is_gone_leaves_the_pixels_and_says_so(
    qtbot: QtBot, session: Session, model: Model, sources: Sources, told: list[str]
) -> None:
    predict(session)
    chosen = closer(session, version="gone")
    answered: list[bool] = []
    sources.fetch(chosen, lambda: answered.append(sources.is_refused(chosen)))
    qtbot.waitUntil(lambda: bool(told), timeout=5000)
    assert "gone, which proposed this one, is not here any more" in told[-1]
    assert "pixels" in told[-1]
    assert answered == [True]
    assert not sources.waits_for(chosen)


def test_the_active_version_is_compared_once_it_is_known(
    qtbot: QtBot, session: Session, model: Model, sources: Sources, told: list[str]
) -> None:
    predict(session)
    session.model.version = None
    model.version = "m2"
    sources.fetch(closer(session), lambda: None)
    qtbot.waitUntil(lambda: bool(told), timeout=5000)
    assert model.asked == []
    assert told[-1].startswith(VERSION)


def test_what_was_dropped_can_be_asked_for_again(
    qtbot: QtBot, session: Session, model: Model, sources: Sources
) -> None:
    predict(session)
    chosen = closer(session)
    sources.recall(chosen)
    model.asked[0].cancel()
    model.asked[0].set_running_or_notify_cancel()
    qtbot.waitUntil(lambda: not sources.waits_for(chosen))
    assert sources.recall(chosen) == AGAIN


def test_hints_for_an_instance_whose_model_is_gone_change_its_pixels(
    qtbot: QtBot, session: Session, canvas: Canvas, model: Model, told: list[str]
) -> None:
    predict(session)
    chosen = propose_left_half(session, version="gone")
    session.select([chosen.id])
    canvas.set_tool("solve")
    tool = canvas.tool
    assert isinstance(tool, SolveTool)
    x, y, width, height = chosen.bbox
    spot = (x + width + 3, y + height / 2)
    tool.mark(spot, True)
    assert "waits" in tool.hint
    document = document_of(session)
    qtbot.waitUntil(lambda: document.annotations[chosen.id] != chosen, timeout=20000)
    made = document.annotations[chosen.id]
    assert made.state is AnnotationState.CORRECTED
    assert covers(to_mask(made.geometry, document.image.width, document.image.height), *spot)
    assert (made.origin, made.coefficients) == (chosen.origin, chosen.coefficients)
    assert any("pixels" in each for each in told)
    tool.take_back()
    qtbot.waitUntil(lambda: document.annotations[chosen.id] == chosen, timeout=20000)
    canvas.set_tool("select")

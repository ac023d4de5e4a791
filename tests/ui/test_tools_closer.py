"""Looking closer from the window: at the chosen instance, at the view, where there is nothing to see."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId, AnnotationState
from app.edits import EditKind
from model.messages import Prediction
from tests.ui.canvas_fakes import FakeSession
from tests.ui.solving import SIZE, prediction, show_proposal
from ui.canvas.view import Canvas
from ui.tools.closer import NEAR_ENOUGH, NOT_FOUND, NOTHING_NEW, look_closer
from ui.tools.sources import sources_of

ONE = AnnotationId(1)
PER_DETECTION = ("boxes", "scores", "classes", "coefficients", "qualities")


class Window:
    """What `look_closer` needs of the window; tasks run at once. `names`: the model's categories."""

    def __init__(self, session: FakeSession, canvas: Canvas) -> None:
        self.session, self.canvas = session, canvas
        self.names = ("leaf",)
        self.found = True
        self.regions: list[tuple[float, float, float, float]] = []
        session.model = SimpleNamespace(version=None, with_inference=lambda then: then(self))

    def predict(self, path: object, region: tuple[float, float, float, float]) -> Future[Prediction]:
        self.regions.append(region)
        whole = tuple(float(round(each)) for each in region)
        future: Future[Prediction] = Future()
        seen = replace(prediction(), region=whole, categories=self.names)  # type: ignore[arg-type]
        if not self.found:
            none = {name: getattr(seen, name)[:0] for name in PER_DETECTION}
            seen = replace(seen, **none)
        future.set_result(seen)
        return future

    def run_task(self, title: str, work: Callable[..., Any], done: Callable[[Any], None]) -> None:
        done(work(lambda *_: None, lambda: False))


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def window(session: FakeSession, canvas: Canvas) -> Window:
    return Window(session, canvas)


def test_the_chosen_instance_gets_prototypes_of_its_own_region(session: FakeSession, window: Window) -> None:
    show_proposal(session)
    look_closer(window)  # type: ignore[arg-type]
    assert [each.kind for each in session.applied] == [EditKind.RECOMPOSE]
    after = session.applied[0].changes[0].after
    assert after is not None
    assert after.origin is not None
    assert after.origin.region is not None
    assert sources_of(session).get(after) is not None  # type: ignore[arg-type]
    assert session.messages == []


def test_it_is_said_when_the_model_does_not_find_it_there(
    session: FakeSession, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.tools.closer.shared_look", lambda: None)  # nor do fine prototypes
    show_proposal(session)
    window.found = False
    look_closer(window)  # type: ignore[arg-type]
    (only,) = session.applied[0].changes
    assert only.before is not None
    assert only.after is not None
    assert only.after.geometry == only.before.geometry
    assert session.messages == [NOT_FOUND]


def test_with_nothing_chosen_and_all_in_view_it_says_what_to_do(session: FakeSession, window: Window) -> None:
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    look_closer(window)  # type: ignore[arg-type]
    assert session.messages == [NEAR_ENOUGH]
    assert window.regions == []


def test_with_nothing_chosen_the_view_is_looked_at_for_more(
    session: FakeSession, canvas: Canvas, window: Window
) -> None:
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    canvas.zoom_to_rect((10, 10, 110, 90))
    look_closer(window)  # type: ignore[arg-type]
    x, y, width, height = window.regions[0]
    assert width < 0.8 * SIZE[0]
    (edit,) = session.applied
    (change,) = edit.changes
    assert change.after is not None
    assert change.after.state is AnnotationState.PROPOSED
    left, top, across, down = change.after.bbox
    assert x - 1 <= left
    assert left + across <= x + width + 1
    assert y - 1 <= top
    assert top + down <= y + height + 1
    assert session.messages == ["looked closer: 1 more proposed"]
    look_closer(window)  # type: ignore[arg-type]
    assert session.messages[-1] == NOTHING_NEW


def test_what_the_project_has_no_category_for_is_named(
    session: FakeSession, canvas: Canvas, window: Window
) -> None:
    session.show(np.zeros((SIZE[1], SIZE[0], 3), np.uint8), [])
    canvas.zoom_to_rect((10, 10, 110, 90))
    window.names = ("unicorn",)
    look_closer(window)  # type: ignore[arg-type]
    assert session.applied == []
    assert "unicorn" in session.messages[-1]


def test_without_an_image_nothing_happens(session: FakeSession, window: Window) -> None:
    look_closer(window)  # type: ignore[arg-type]
    assert (window.regions, session.messages) == ([], [])

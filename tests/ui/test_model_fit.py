"""A model that knows none of the project's categories is told of once, by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.annotation import Category, CategoryId
from app.versions import ModelVersion
from ui.model_fit import ModelFit
from ui.session import Session


@pytest.fixture
def told(session: Session, qtbot: QtBot) -> list[str]:
    """What the window says; the session proposes unasked, as it does unless it is told not to."""
    found: list[str] = []
    image_id = session.image_id
    assert image_id is not None
    qtbot.waitUntil(lambda: not session.model.is_reading(image_id))  # nothing is asked for from here on
    session.auto_prelabel = True
    session.message.connect(lambda words, kind: found.append(words))
    return found


def activate(session: Session, *names: str, version: str = "people") -> None:
    """As when the model's process was started."""
    session.model.version = ModelVersion(version, Path(version), {"categories": list(names)})
    session.model_state_changed.emit(f"Loading {version}")


def test_a_model_of_other_categories_is_told_of_once(session: Session, told: list[str]) -> None:
    activate(session, "person", "tree", "car", "sign", "dog house")
    session.model_state_changed.emit("Ready")
    assert len(told) == 1
    assert "people knows person, tree, car and 2 more, but not cat, dog: it proposes nothing" in told[0]
    assert "F5" in told[0]
    activate(session, "person", version="v2")
    assert len(told) == 2
    assert "v2 knows person, but" in told[1]


def test_one_category_in_common_is_enough(session: Session, told: list[str]) -> None:
    activate(session, "Dog", "person")
    assert told == []


def test_it_is_told_when_the_last_category_in_common_is_renamed(session: Session, told: list[str]) -> None:
    activate(session, "cat")
    session.categories.take([Category(CategoryId(1), "lynx", "#000000")])
    assert len(told) == 1


def test_nothing_is_told_where_nothing_is_proposed_unasked(session: Session, told: list[str]) -> None:
    session.auto_prelabel = False
    activate(session, "person")
    assert told == []


def test_it_waits_while_another_message_is_read_or_a_question_is_answered(
    session: Session, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fit = session.findChild(ModelFit)
    assert fit is not None
    session.message.emit("one moment", "info")
    activate(session, "person")
    assert told == ["one moment"]
    with monkeypatch.context() as looking:
        looking.setattr(session.model, "is_looking_at", lambda image_id: True)
        fit._others.timeout.emit()
        fit._others.stop()
        fit.look()
        assert told == ["one moment"]
    fit._others.stop()
    fit.look()
    assert len(told) == 2
    assert "proposes nothing" in told[1]

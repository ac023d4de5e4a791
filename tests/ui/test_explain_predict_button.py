"""The offer to let the model look: where nothing is known of an image, and once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui.acting import document_of
from tests.ui.explaining import predict
from ui.explain.predict_button import PredictButton
from ui.session import Session


@pytest.fixture
def button(session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> PredictButton:
    """When it is known that nothing was kept; the model never gets ready."""
    image_id = document_of(session).image.id
    qtbot.waitUntil(lambda: not session.model.is_reading(image_id))
    monkeypatch.setattr(session.model, "start", lambda: None)
    made = PredictButton(session)
    qtbot.addWidget(made)
    return made


def test_it_is_offered_where_nothing_is_shown(button: PredictButton, session: Session) -> None:
    button.follow(None)
    assert button.isVisible()
    assert button.isEnabled()
    button.follow(predict(session))
    assert not button.isVisible()


def test_it_is_not_offered_while_what_was_kept_is_read(
    button: PredictButton, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as reading:
        reading.setattr(session.model, "is_reading", lambda image_id: True)
        button.follow(None)
        assert not button.isVisible()


def test_it_asks_once_and_again_only_after_a_failure(
    button: PredictButton, session: Session, qtbot: QtBot
) -> None:
    button.follow(None)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    image_id = document_of(session).image.id
    assert session.model.is_looking_at(image_id)
    assert not button.isEnabled()
    session.message.emit("one moment", "info")
    assert not button.isEnabled()
    session.model.close()
    session.message.emit("it failed", "error")
    assert button.isEnabled()


def test_without_an_image_there_is_nothing_to_look_at(button: PredictButton, session: Session) -> None:
    session.close_project()
    button.follow(None)
    assert not button.isVisible()

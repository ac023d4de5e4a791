"""What was seen in an image is read when it is shown: by the version that proposed, else the active one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from app.predictions import of_project
from app.versions import active
from model.messages import Prediction
from tests.ui.acting import document_of
from tests.ui.explaining import predict, propose_left_half
from ui.kept_predictions import KeptPredictions
from ui.session import Session


def keep(session: Session, *versions: str) -> None:
    """These versions have seen the image on screen."""
    assert session.project is not None
    document = document_of(session)
    seen = predict(session)
    for version in versions:
        made = replace(seen, model_version=version)
        assert of_project(session.project).save(document.image.content_key, made)


@pytest.fixture
def found() -> list[Prediction | None]:
    return []


@pytest.fixture
def look_up(session: Session, found: list[Prediction | None]) -> KeptPredictions:
    return KeptPredictions(session)


def version_of(found: list[Prediction | None]) -> str:
    (only,) = found
    return only.model_version if only is not None else ""


@pytest.mark.parametrize(("kept", "wanted"), [(("m1", "m2"), "m1"), (("m2",), "m2"), ((), "")])
def test_the_version_that_proposed_comes_before_the_active_one(
    look_up: KeptPredictions,
    session: Session,
    qtbot: QtBot,
    found: list[Prediction | None],
    kept: tuple[str, ...],
    wanted: str,
) -> None:
    keep(session, *kept)
    propose_left_half(session, version="m1")
    document = document_of(session)
    look_up.look_up(document, "m2", lambda _, prediction: found.append(prediction))
    assert look_up.is_reading(document.image.id)
    qtbot.waitUntil(lambda: bool(found))
    assert version_of(found) == wanted
    assert not look_up.is_reading(document.image.id)


def test_while_no_version_is_known_the_active_one_is_asked_for(
    look_up: KeptPredictions, session: Session, qtbot: QtBot, found: list[Prediction | None]
) -> None:
    assert session.project is not None
    name = active(session.project).name
    keep(session, name)
    look_up.look_up(document_of(session), None, lambda _, prediction: found.append(prediction))
    qtbot.waitUntil(lambda: bool(found))
    assert version_of(found) == name


def test_an_image_that_was_left_is_not_told_of(
    look_up: KeptPredictions, session: Session, qtbot: QtBot, found: list[Prediction | None]
) -> None:
    first, second = document_of(session), session.records[1].id
    look_up.look_up(first, "m1", lambda _, prediction: found.append(prediction))
    session.show_image(second)
    qtbot.waitUntil(lambda: document_of(session).image.id == second)
    look_up.look_up(document_of(session), "m1", lambda _, prediction: found.append(prediction))
    qtbot.waitUntil(lambda: bool(found))
    assert found == [None]  # one answer, the second's

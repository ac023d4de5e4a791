"""The status line says whether edits are on the disk, and why one is not."""

from __future__ import annotations

import threading

from pytestqt.qtbot import QtBot

from app.errors import StoreError
from tests.ui.acting import draw
from ui.journal import SaveState
from ui.save_label import SaveLabel
from ui.session import Session


def test_a_write_that_takes_long_is_mentioned_until_it_has_ended(qtbot: QtBot, session: Session) -> None:
    label = SaveLabel(session)
    qtbot.addWidget(label)
    label.refresh()
    assert label.text() == "saved"
    go_on = threading.Event()
    session.workers.on_project(lambda: go_on.wait(30))
    draw(session)
    qtbot.waitUntil(lambda: label.text() == SaveState.SAVING)
    go_on.set()
    qtbot.waitUntil(lambda: label.text() == "saved")


def test_a_refused_write_is_told_until_another_succeeds(qtbot: QtBot, session: Session, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    assert session.project is not None
    label = SaveLabel(session)
    qtbot.addWidget(label)

    def refuse(edit: object) -> None:
        raise StoreError("expected room on the disk, got none; free some")

    with monkeypatch.context() as broken:
        broken.setattr(session.project.store, "append", refuse)
        draw(session)
        qtbot.waitUntil(lambda: label.text() == "NOT SAVED")
    assert "free some" in label.toolTip()
    assert session.save_state is SaveState.REFUSED
    qtbot.waitUntil(lambda: not session.document.annotations if session.document else False)
    draw(session)
    qtbot.waitUntil(lambda: label.text() == "saved")

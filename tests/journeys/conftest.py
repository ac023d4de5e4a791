"""What journeys share: a watchdog over the GUI thread."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.journeys.watchdog import Watchdog
from tests.patient_bot import PatientBot
from ui.menus import Actions


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:
    """As pytest-qt's, for machines that are busy otherwise."""
    return PatientBot(request)


@pytest.fixture
def watchdog(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watchdog]:
    """Every action of the table and every turn of the event loop is timed; slow ones are logged."""
    dog = Watchdog()
    perform = Actions._run

    def timed(self: Actions, name: str) -> None:
        with dog.watch(f"the action {name}"):
            perform(self, name)

    monkeypatch.setattr(Actions, "_run", timed)
    yield dog
    dog.deleteLater()

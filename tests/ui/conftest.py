"""A session over a small real project; settings and logs of these tests stay in their own folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.builders import make_project
from tests.patient_bot import PatientBot
from tests.ui.canvas_fakes import FakeSession
from ui.canvas.view import Canvas
from ui.session import Session


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:
    """As pytest-qt's, for machines that are busy otherwise."""
    return PatientBot(request)


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's settings is read or written."""
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
        QSettings.setPath(QSettings.Format.IniFormat, scope, str(tmp_path / "settings"))
    monkeypatch.setenv("PROTOLABEL_LOG_DIR", str(tmp_path / "logs"))


@pytest.fixture
def open_session(qtbot: QtBot) -> Iterator[Callable[[Path], Session]]:
    """Opens projects in sessions without a model, and closes them after the test."""
    opened: list[Session] = []

    def open_one(project: Path) -> Session:
        session = Session()
        session.auto_prelabel = False
        opened.append(session)
        session.open_project(project)
        qtbot.waitUntil(lambda: session.document is not None)
        return session

    yield open_one
    for session in opened:
        session.close()


@pytest.fixture
def project_folder(tmp_path: Path) -> Path:
    """A project of three images, 80 x 60, with the categories cat (1) and dog (2)."""
    make_project(tmp_path).close()
    return tmp_path / "project"


@pytest.fixture
def session(project_folder: Path, open_session: Callable[[Path], Session]) -> Session:
    """That project, open, its first image shown."""
    return open_session(project_folder)


@pytest.fixture
def canvas(qtbot: QtBot, session: Session | FakeSession) -> Iterator[Canvas]:
    """A canvas on screen about the module's `session`: 300 x 200 pixels fit at 2 device pixels for each."""
    canvas = Canvas(session)  # type: ignore[arg-type]
    canvas.resize(624, 424)
    qtbot.addWidget(canvas)
    canvas.show()
    QTest.qWaitForWindowExposed(canvas)
    yield canvas
    canvas.close_threads()

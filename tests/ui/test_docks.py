"""Panels are hidden and shown by the person, stay so, and go back to where they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ui.docks import PANELS
from ui.main_window import MainWindow
from ui.session import Session


def _window(qtbot: QtBot, session: Session) -> MainWindow:
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1300, 800)
    window.show()
    return window


@pytest.mark.parametrize("title", PANELS)
def test_a_hidden_panel_stays_hidden_when_the_image_changes(
    qtbot: QtBot, session: Session, title: str
) -> None:
    window = _window(qtbot, session)
    action = window.actions_.by_id[f"panel.{title.lower()}"]
    window.docks.bring(title)
    qtbot.waitUntil(lambda: not window._docks[title].visibleRegion().isEmpty())
    action.trigger()
    assert not action.isChecked()
    window.show_state()
    assert window._docks[title].isHidden()
    action.trigger()
    assert not window._docks[title].isHidden()


def test_a_hidden_panel_is_hidden_the_next_time(
    qtbot: QtBot, session: Session, open_session: Callable[[Path], Session], project_folder: Path
) -> None:
    _window(qtbot, session).docks.toggle("Images")
    session.close_project()
    again = _window(qtbot, open_session(project_folder))
    assert again._docks["Images"].isHidden()
    again.docks.reset()
    assert not again._docks["Images"].isHidden()


def test_a_panel_behind_another_is_brought_to_the_front(qtbot: QtBot, session: Session) -> None:
    window = _window(qtbot, session)
    qtbot.waitUntil(lambda: window._docks["Categories"].visibleRegion().isEmpty())
    window.actions_.by_id["panel.categories"].trigger()
    qtbot.waitUntil(lambda: not window._docks["Categories"].visibleRegion().isEmpty())
    assert window.docks.shown("Categories")


def test_retrain_brings_the_hidden_training_panel(qtbot: QtBot, session: Session) -> None:
    window = _window(qtbot, session)
    window.docks.toggle("Training")
    window.actions_.by_id["retrain"].trigger()
    assert not window._docks["Training"].isHidden()


def test_every_panel_of_the_table_is_a_dock(qtbot: QtBot, session: Session) -> None:
    assert set(_window(qtbot, session)._docks) == set(PANELS)


def test_panels_have_their_sizes_again_after_another_project_was_opened(
    qtbot: QtBot, session: Session
) -> None:
    window = _window(qtbot, session)
    qtbot.waitUntil(lambda: window._laid_out and session.document is not None)
    qtbot.wait(50)
    assert session.project is not None
    folder, there = session.project.folder, window._docks
    window.resizeDocks([there["Annotations"], there["Prototypes"]], [300, 400], Qt.Orientation.Vertical)
    qtbot.wait(50)
    before = (there["Annotations"].size(), there["Prototypes"].size(), there["Images"].size())
    session.close_project()
    qtbot.wait(50)
    session.open_project(folder)
    qtbot.waitUntil(lambda: session.document is not None)
    qtbot.wait(50)
    assert (there["Annotations"].size(), there["Prototypes"].size(), there["Images"].size()) == before

"""Settings of this machine: read, changed in the dialog, and followed by the session and the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.edits import Edit
from tests.ui.acting import document_of, draw
from ui.dialogs.settings import SettingsDialog
from ui.main_window import MainWindow
from ui.preferences import Preferences, load, save
from ui.session import Session


def test_what_is_saved_is_read_again(qapp: object) -> None:
    chosen = Preferences(prelabel=False, ahead=7, threshold=0.2, device="cpu", who="Ada", cache_gb=0.5)
    save(chosen)
    QSettings().sync()
    assert load() == chosen


@pytest.mark.parametrize(
    ("name", "value"),
    [("ahead", "many"), ("ahead", -1), ("threshold", 7), ("device", "abacus"), ("cache_gb", 0)],
)
def test_a_value_that_makes_no_sense_is_the_default(qapp: object, name: str, value: object) -> None:
    QSettings().setValue(f"preferences/{name}", value)
    assert getattr(load(), name) == getattr(Preferences(), name)


def test_the_dialog_gives_what_its_fields_say(qtbot: QtBot, session: Session) -> None:
    dialog = SettingsDialog(session)
    qtbot.addWidget(dialog)
    assert dialog.chosen == session.preferences
    dialog.who.setText(" Ada ")
    dialog.ahead.setValue(5)
    dialog.threshold.setValue(0.5)
    assert dialog.chosen == replace(session.preferences, who="Ada", ahead=5, threshold=0.5)


def test_ahead_can_only_be_chosen_when_images_are_prelabelled(qtbot: QtBot, session: Session) -> None:
    dialog = SettingsDialog(session)
    qtbot.addWidget(dialog)
    dialog.prelabel.setChecked(False)
    assert not dialog.ahead.isEnabled()


def test_kept_predictions_are_cleared_from_the_dialog(
    qtbot: QtBot, session: Session, project_folder: Path
) -> None:
    kept = project_folder / "cache" / "predictions" / "ab" / "one.prediction"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(bytes(3_000_000))
    dialog = SettingsDialog(session)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: dialog.kept.text() == "now 3 MB")
    dialog.clear.click()
    qtbot.waitUntil(lambda: dialog.kept.text() == "now 0 MB")
    assert not kept.exists()


def test_a_lowered_limit_makes_room_at_once(qtbot: QtBot, session: Session, project_folder: Path) -> None:
    kept = project_folder / "cache" / "predictions" / "ab" / "one.prediction"
    kept.parent.mkdir(parents=True)
    with kept.open("wb") as file:
        file.truncate(700_000_000)  # a hole: it takes no room on the disk
    session.use(replace(session.preferences, cache_gb=0.5))
    qtbot.waitUntil(lambda: not kept.exists())
    assert session.project is not None
    assert session.project.cache_limit == 2**29


def test_edits_carry_the_chosen_name(session: Session) -> None:
    session.use(replace(session.preferences, who="Ada"))
    made = draw(session)
    edits: list[Edit] = []
    document_of(session).changed.connect(edits.append)
    session.select([made.id])
    session.delete_selection()
    assert [edit.author for edit in edits] == ["Ada"]


def test_a_new_project_begins_with_the_chosen_threshold(
    qtbot: QtBot, session: Session, tmp_path: Path
) -> None:
    session.use(replace(session.preferences, threshold=0.6))
    images = session.project.images_dir if session.project else tmp_path
    session.create_project(tmp_path / "other", images)
    qtbot.waitUntil(lambda: session.project is not None and session.project.folder == tmp_path / "other")
    assert session.threshold == 0.6


def test_the_window_takes_on_the_chosen_colours(qtbot: QtBot, session: Session) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    app = QApplication.instance()
    assert app is not None
    for mode, dark in (("dark", True), ("light", False)):
        window.context.mode_wanted.emit(mode)
        assert app.property("dark") is dark

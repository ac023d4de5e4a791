"""A person's own keys: kept, given back, and refused when two actions would share one."""

from __future__ import annotations

from PySide6.QtCore import QSettings
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from ui.dialogs.settings import SettingsDialog
from ui.dialogs.shortcuts import KeysPage
from ui.main_window import MainWindow
from ui.session import Session
from ui.shortcuts import Keys, conflicts, defaults, load, save


def test_keys_are_given_back_as_they_were_kept(qapp: object) -> None:
    keys = defaults("CVAT") | {"tool.brush": ("Ctrl+B", "K"), "skip": ()}
    save(QSettings(), "CVAT", keys)
    assert load(QSettings()) == keys


def test_what_a_preset_says_is_not_kept_as_ones_own(qapp: object) -> None:
    save(QSettings(), "labelme", defaults("labelme"))
    assert not [key for key in QSettings().allKeys() if key.startswith("keys/own")]
    assert load(QSettings())["tool.polygon"] == ("Ctrl+Shift+N", "P")


def test_an_unknown_preset_is_the_default_one(qapp: object) -> None:
    QSettings().setValue("keys/preset", "of another version")
    assert load(QSettings()) == defaults()


def test_two_spellings_of_a_key_are_a_conflict(qapp: object) -> None:
    keys: Keys = {"one": ("Ctrl+Shift+Z",), "two": ("shift+ctrl+z",), "three": ("Z",)}
    assert conflicts(keys) == {"Ctrl+Shift+Z": ["one", "two"]}


def test_a_conflict_is_told_and_nothing_is_kept_until_it_is_solved(qtbot: QtBot, session: Session) -> None:
    dialog = SettingsDialog(session, keys=True)
    qtbot.addWidget(dialog)
    (buttons,) = dialog.findChildren(QDialogButtonBox)
    save_button = buttons.button(QDialogButtonBox.StandardButton.Save)
    dialog.keys.assign("tool.brush", "R")
    assert "R: Box and Brush" in dialog.keys.warning.text()
    assert not save_button.isEnabled()
    dialog.keys.assign("tool.brush", "Ctrl+Alt+K")
    assert dialog.keys.warning.text() == ""
    save_button.click()
    assert load(QSettings())["tool.brush"] == ("Ctrl+Alt+K",)


def test_keys_are_found_by_action_and_by_key(qtbot: QtBot) -> None:
    page = KeysPage()
    qtbot.addWidget(page)
    page.search.setText("ctrl+z")
    shown_rows = [row for row in range(page.table.rowCount()) if not page.table.isRowHidden(row)]
    assert [page.table.model().index(row, 0).data() for row in shown_rows] == ["Edit: Undo"]


def test_a_preset_fills_the_table(qtbot: QtBot) -> None:
    page = KeysPage()
    qtbot.addWidget(page)
    page.use_preset("CVAT")
    assert page.keys["next"] == ("F",)
    assert page.warning.text() == ""


def test_the_window_follows_changed_keys(qtbot: QtBot) -> None:
    session = Session()
    window = MainWindow(session)
    qtbot.addWidget(window)
    save(QSettings(), "Protolabel", defaults() | {"tool.brush": ("K",)})
    window.context.keys_changed.emit()
    action = window.actions_.by_id["tool.brush"]
    assert [each.toString() for each in action.shortcuts()] == [QKeySequence("K").toString()]
    assert "(K)" in action.toolTip()
    window.close()

"""A person's own keys: kept, given back, and refused when two actions would share one."""

from __future__ import annotations

from PySide6.QtCore import QSettings
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from ui.dialogs.shortcuts import ShortcutsDialog
from ui.main_window import MainWindow
from ui.session import Session
from ui.shortcuts import conflicts, defaults, load, save


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
    keys = {"one": ("Ctrl+Shift+Z",), "two": ("shift+ctrl+z",), "three": ("Z",)}
    assert conflicts(keys) == {"Ctrl+Shift+Z": ["one", "two"]}


def test_the_dialog_tells_a_conflict_and_keeps_nothing_until_it_is_solved(qtbot: QtBot) -> None:
    dialog = ShortcutsDialog()
    qtbot.addWidget(dialog)
    button = dialog._buttons.button(QDialogButtonBox.StandardButton.Save)
    dialog.assign("tool.brush", "R")
    assert "R: Box and Brush" in dialog._warning.text()
    assert not button.isEnabled()
    dialog.assign("tool.brush", "Ctrl+Alt+K")
    assert dialog._warning.text() == ""
    button.click()
    assert load(QSettings())["tool.brush"] == ("Ctrl+Alt+K",)


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

"""The dialog for a new project: what is half typed is no error, and what cannot work cannot be confirmed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from ui.dialogs.new_project import NewProjectDialog


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def dialog(window: QWidget) -> NewProjectDialog:
    return NewProjectDialog(window)


def type_path(dialog: NewProjectDialog, text: str) -> None:
    """Into the first field, a letter at a time, as a person does."""
    field = dialog.findChildren(QLineEdit)[0]
    for length in range(1, len(text) + 1):
        field.setText(text[:length])


def can_be_made(dialog: NewProjectDialog) -> bool:
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons is not None
    return buttons.button(QDialogButtonBox.StandardButton.Ok).isEnabled()


def test_a_typed_path_suggests_a_project_beside_it(dialog: NewProjectDialog, tmp_path: Path) -> None:
    type_path(dialog, str(tmp_path))
    assert dialog.project == tmp_path.with_name(f"{tmp_path.name}-protolabel")
    assert can_be_made(dialog)


@pytest.mark.parametrize("text", ["/", "~", "~nobody-of-that-name", "..", "/" + "long" * 80])
def test_whatever_is_typed_is_no_fault_of_the_program(dialog: NewProjectDialog, text: str) -> None:
    type_path(dialog, text)
    assert dialog.project.name.endswith("protolabel")


def test_a_project_needs_a_folder(dialog: NewProjectDialog, tmp_path: Path) -> None:
    type_path(dialog, str(tmp_path))
    dialog.findChildren(QLineEdit)[1].setText(" ")
    assert not can_be_made(dialog)


def test_it_says_what_is_wrong_with_a_folder_of_images(dialog: NewProjectDialog, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    for name, words in (("a.jpg", "That is a file: "), ("nowhere", "There is no such folder: ")):
        dialog.findChildren(QLineEdit)[0].setText(str(tmp_path / name))
        assert any(label.text().startswith(words) for label in dialog.findChildren(QLabel))
        assert not can_be_made(dialog)

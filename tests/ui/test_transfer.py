"""The dialogs of import and export: what is chosen in them is what happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from app.annotation import ImageState
from tests.ui.acting import propose, written
from ui.dialogs.transfer import ExportDialog, ImportDialog, export_task, import_task
from ui.session import Session


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def _coco(session: Session, folder: Path) -> Path:
    """One box with a score in the first image."""
    record = session.records[0]
    image = {"id": 5, "file_name": record.path, "width": record.width, "height": record.height}
    box = {"id": 9, "image_id": 5, "category_id": 1, "bbox": [3, 4, 10, 8], "iscrowd": 0, "score": 0.5}
    file = folder / "some.json"
    whole = {"images": [image], "annotations": [box], "categories": [{"id": 1, "name": "cat"}]}
    file.write_text(json.dumps(whole), encoding="utf-8")
    return file


def _tick(dialog: QDialog, words: str) -> None:
    (box,) = [each for each in dialog.findChildren(QCheckBox) if words in each.text()]
    box.setChecked(True)


def test_an_import_offers_scores_and_marks_done_as_chosen(
    session: Session, parent: QWidget, tmp_path: Path
) -> None:
    assert session.project is not None
    file = _coco(session, tmp_path)
    dialog = ImportDialog(parent, file, session.project.images_dir)
    _tick(dialog, "mark all its images done")
    _tick(dialog, "as proposals")
    work = import_task(session, session.project, file, dialog.choices)
    report = work(lambda done, total: None, lambda: False)
    assert report.annotations == 1
    record = session.project.images()[0]
    assert (record.state, record.proposal_count) == (ImageState.DONE, 1)


def test_an_import_takes_the_folder_that_is_typed(parent: QWidget, tmp_path: Path) -> None:
    dialog = ImportDialog(parent, tmp_path / "a.json", tmp_path)
    assert dialog.choices.images_dir is None
    (line,) = dialog.findChildren(QLineEdit)
    line.setText(str(tmp_path / "sub"))
    assert dialog.choices.images_dir == tmp_path / "sub"


def test_an_export_writes_open_proposals_when_asked(
    session: Session, parent: QWidget, tmp_path: Path
) -> None:
    assert session.project is not None
    propose(session, 0.7)
    written(session)
    dialog = ExportDialog(parent, session.project.images(), tmp_path / "a.json")
    _tick(dialog, "New")
    _tick(dialog, "open proposals")
    file = tmp_path / "out.json"
    work = export_task(
        session, session.project, file, dialog.states, dialog.segmentation, dialog.include_proposals
    )
    work(lambda done, total: None, lambda: False)
    found = json.loads(file.read_text(encoding="utf-8"))["annotations"]
    assert [each["score"] for each in found] == [0.7]


def test_an_export_says_that_it_replaces_a_file_and_needs_a_name(
    session: Session, parent: QWidget, tmp_path: Path
) -> None:
    assert session.project is not None
    dialog = ExportDialog(parent, session.project.images(), tmp_path / "there.json")
    buttons, (summary, *_) = dialog.findChild(QDialogButtonBox), dialog.findChildren(QLabel, "faint")
    assert buttons is not None
    save = buttons.button(QDialogButtonBox.StandardButton.Save)
    assert "replaced" not in summary.text()
    (tmp_path / "there.json").write_text("{}")
    field = dialog.findChildren(QLineEdit)[0]
    field.setText(str(tmp_path))
    assert not save.isEnabled()
    field.setText(str(tmp_path / "there.json"))
    assert save.isEnabled()
    assert "The file that is there is replaced" in summary.text()

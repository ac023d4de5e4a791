"""The dialog of published weights: what is chosen is what is fetched or converted."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app import pretrained
from app.errors import InputError
from app.pretrained import MODELS, Pretrained
from tests.model.published_files import write_published
from ui.dialogs.pretrained import PretrainedDialog


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PretrainedDialog:
    monkeypatch.setattr(pretrained, "weights_folder", lambda: tmp_path / "weights")
    dialog = PretrainedDialog()
    qtbot.addWidget(dialog)
    return dialog


def test_every_published_model_is_a_row(dialog: PretrainedDialog) -> None:
    names = [dialog.table.item(row, 0).text() for row in range(dialog.table.rowCount())]
    assert names == [model.name for model in MODELS]
    dialog.table.selectRow(2)
    assert pretrained.address(MODELS[2]) in dialog.where.text()


def test_the_chosen_row_is_fetched(
    dialog: PretrainedDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Pretrained, Path]] = []

    def fetch(model: Pretrained, folder: Path, *_: object) -> Path:
        asked.append((model, folder))
        return folder

    monkeypatch.setattr(pretrained, "fetch", fetch)
    dialog.table.selectRow(3)
    dialog.get.click()
    assert dialog.result() == dialog.DialogCode.Accepted
    assert dialog.work is not None
    dialog.work(lambda *_: None, lambda: False)
    assert asked == [(MODELS[3], tmp_path / "weights")]


def test_without_a_choice_nothing_can_be_fetched(dialog: PretrainedDialog) -> None:
    dialog.table.clearSelection()
    assert not dialog.get.isEnabled()


def test_a_checkpoint_at_hand_is_converted(dialog: PretrainedDialog, tmp_path: Path) -> None:
    file, _ = write_published(tmp_path, "yolact_edge_mobilenetv2")
    dialog.config.setCurrentText("yolact_edge_mobilenetv2")
    dialog.take(file)
    assert dialog.work is not None
    out = dialog.work(lambda *_: None, lambda: False)
    assert out.is_file()
    assert out.with_suffix(".json").is_file()


def test_a_file_that_cannot_be_converted_is_refused_in_one_line(
    dialog: PretrainedDialog, tmp_path: Path
) -> None:
    dialog.take(tmp_path / "gone.pth")
    assert dialog.work is not None
    with pytest.raises(InputError, match="where nothing is") as caught:
        dialog.work(lambda *_: None, lambda: False)
    assert "\n" not in str(caught.value)

"""The dialog of published weights: what is chosen is what is fetched or converted."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app import pretrained
from app.errors import InputError
from app.pretrained import MODELS, DownloadStopped, Pretrained
from tests.model.published_files import write_published
from ui.dialogs.pretrained import BY_FILE, PretrainedDialog, in_words


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PretrainedDialog:
    monkeypatch.setattr(pretrained, "weights_folder", lambda: tmp_path / "weights")
    dialog = PretrainedDialog()
    qtbot.addWidget(dialog)
    return dialog


def test_every_published_model_is_a_row(dialog: PretrainedDialog) -> None:
    names = [dialog.table.model().index(row, 0).data() for row in range(dialog.table.rowCount())]
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


def test_return_in_the_class_names_asks_for_the_file(
    qtbot: QtBot, dialog: PretrainedDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tmp_path / "mine.pth"
    monkeypatch.setattr("ui.dialogs.pretrained.QFileDialog.getOpenFileName", lambda *_: (str(chosen), ""))
    dialog.show()
    qtbot.keyClicks(dialog.names, "nut,bolt")
    qtbot.keyClick(dialog.names, Qt.Key.Key_Return)
    assert dialog.title == "Converting mine.pth"


def test_a_hub_that_is_no_address_is_named(dialog: PretrainedDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "nowhere")
    dialog.table.selectRow(1)
    assert "HF_ENDPOINT" in dialog.where.text()
    assert not dialog.get.isEnabled()
    assert dialog.choose.isEnabled()


def test_a_checkpoint_at_hand_is_converted(dialog: PretrainedDialog, tmp_path: Path) -> None:
    file, _ = write_published(tmp_path, "yolact_edge_mobilenetv2")
    assert dialog.config.currentText() == BY_FILE
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
    with pytest.raises(InputError, match="nothing there") as caught:
        dialog.work(lambda *_: None, lambda: False)
    assert "\n" not in str(caught.value)


def test_a_conversion_that_is_stopped_leaves_nothing(dialog: PretrainedDialog, tmp_path: Path) -> None:
    file, _ = write_published(tmp_path, "yolact_edge_mobilenetv2")
    dialog.take(file)
    assert dialog.work is not None
    with pytest.raises(DownloadStopped, match="stopped"):
        dialog.work(lambda *_: None, lambda: True)
    assert list((tmp_path / "weights").iterdir()) == []


def test_bytes_are_told_as_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time left follows from this go alone: what came in an earlier one took no time."""
    now = iter((100.0, 110.0, 120.0))
    monkeypatch.setattr("ui.dialogs.pretrained.time.monotonic", lambda: next(now))
    told: list[tuple[int, int, str]] = []
    tell = in_words(lambda done, total, words="": told.append((done, total, words)))
    for done in (60_000_000, 70_000_000, 100_000_000):
        tell(done, 100_000_000)
    tell(0, 0)
    assert [words for _, _, words in told] == [
        "60 of 100 MB",
        "70 of 100 MB, 30 s left",
        "100 of 100 MB",
        "here; converting …",
    ]
    assert told[-1][:2] == (0, 0)

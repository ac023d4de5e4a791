"""The model's button: which version is active, how it is, and the choice of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.errors import WeightsError
from app.versions import BUILT_IN, ModelVersion
from ui.main_window import MainWindow
from ui.model_access import ModelState
from ui.model_button import ModelButton
from ui.session import Session


@pytest.fixture
def button(qtbot: QtBot, session: Session) -> ModelButton:
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.model_button.refresh()
    qtbot.waitUntil(lambda: bool(window.model_button.active))
    return window.model_button


def test_it_names_the_active_version_which_sleeps_until_it_is_needed(button: ModelButton) -> None:
    assert button.text().strip() == button.active
    assert button._session.model.state is ModelState.ASLEEP
    assert str(ModelState.ASLEEP) in button.toolTip()


def test_the_menu_has_every_version_and_the_ways_to_more(button: ModelButton) -> None:
    button._fill()
    words = [action.text() for action in button._menu.actions()]
    assert [sum(text.startswith(each.name) for text in words) for each in button.versions] == [1] * len(
        button.versions
    )
    checked = [action.text() for action in button._menu.actions() if action.isChecked()]
    assert len(checked) == 1
    assert checked[0].startswith(button.active)
    assert {"Open a weights file …", "Retrain …"} <= set(words)


def test_a_version_is_active_only_after_it_was_tried_out(
    qtbot: QtBot, button: ModelButton, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr("app.versions.try_out", lambda version: tried.append(version.name))
    other = next(each for each in button.versions if each.name != button.active)
    button.choose(other)
    assert "tried out" in button.toolTip()
    qtbot.waitUntil(lambda: button.active == other.name)
    assert tried == [other.name]


def test_a_version_that_fails_changes_nothing(
    qtbot: QtBot, button: ModelButton, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(version: object) -> None:
        raise WeightsError("weights of another architecture")

    monkeypatch.setattr("app.versions.try_out", refuse)
    before = button.active
    told: list[str] = []
    button._session.message.connect(lambda words, _: told.append(words))
    other = next(each.name for each in button.versions if each.name != before)
    button.choose(next(each for each in button.versions if each.name == other))
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told == [
        f"{other} is loaded and tried out first; until then {before} pre-labels",
        f"weights of another architecture; {before} stays active",
    ]
    assert button.active == before


def test_a_weights_file_from_elsewhere_becomes_a_version_of_the_project(
    qtbot: QtBot, button: ModelButton, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    monkeypatch.setattr("app.versions.try_out", lambda version: tried.append(version.name))
    elsewhere = tmp_path / "my weights.safetensors"
    source = BUILT_IN / "starter"
    elsewhere.write_bytes((source / "weights.safetensors").read_bytes())
    elsewhere.with_suffix(".json").write_bytes((source / "card.json").read_bytes())
    button.adopt(elsewhere)
    qtbot.waitUntil(lambda: button.active == "my-weights")
    assert [each.name for each in button.versions][-1] == "my-weights"
    assert tried == ["my weights"]  # once


def test_classes_without_names_are_told(button: ModelButton) -> None:
    told: list[str] = []
    button._session.message.connect(lambda words, _: told.append(words))
    for names in (("category 1", "category 2"), ("nut", "bolt")):
        button._adopted(ModelVersion("mine", Path("mine.safetensors"), {"categories": names}))
    assert "2 classes have no names" in told[0]
    assert "no names" not in told[1]


@pytest.mark.parametrize("name", ["mine.safetensors", "mine.pth"])
def test_a_checkpoint_is_opened_like_weights_of_ours(
    button: ModelButton, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(button, "adopt", lambda file: opened.append(f"taken {file.name}"))
    monkeypatch.setattr(button._context, "run_task", lambda title, *_: opened.append(title))
    monkeypatch.setattr("ui.model_button.QFileDialog.getOpenFileName", lambda *_: (str(tmp_path / name), ""))
    button.open_file()
    assert opened == ["taken mine.safetensors" if name.endswith("rs") else "Converting mine.pth"]


def test_weights_that_come_when_another_project_is_open_change_nothing_there(
    button: ModelButton, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken: list[Path] = []
    told: list[str] = []
    arrive: list[Callable[[Path], object]] = []
    monkeypatch.setattr(button, "adopt", taken.append)
    monkeypatch.setattr(button._context, "run_task", lambda title, work, then: arrive.append(then))
    button._session.message.connect(lambda words, _: told.append(words))
    button._bring("Fetching", lambda *_: tmp_path)
    arrive[0](tmp_path / "a.safetensors")
    assert taken == [tmp_path / "a.safetensors"]
    button._session.close_project()
    arrive[0](tmp_path / "b.safetensors")
    assert len(taken) == 1
    assert told[-1].startswith("b is here")


@pytest.mark.parametrize("action", ["model.open", "model.published"])
def test_the_ways_to_other_weights_are_in_the_menu_of_the_window_too(
    button: ModelButton, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(
        "ui.model_button.QFileDialog.getOpenFileName", lambda *_: (asked.append("model.open"), ("", ""))[1]
    )
    monkeypatch.setattr(
        "ui.dialogs.pretrained.PretrainedDialog.exec", lambda self: asked.append("model.published")
    )
    window = button.window()
    assert isinstance(window, MainWindow)
    window.actions_.by_id[action].trigger()
    assert asked == [action]

"""The training panel over run folders as a run writes them; no network is trained here."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from app import processes, versions
from app.annotation import ImageState
from app.runs import RunState
from tests.ui.acting import draw, written
from tests.ui.test_panel_run_progress import EVAL, START, STEP
from ui.panels.comparison import rows_of
from ui.panels.training import TrainingPanel
from ui.panels.verdict import DECIDED
from ui.panels.versions import card_html
from ui.session import Session

SCORES = {"mask": {"AP": 0.3, "AP50": 0.5}, "per_category": {"cat": {"mask": 0.4}}}


@pytest.fixture
def make_run(project_folder: Path) -> Callable[..., Path]:
    """Writes a run's folder with these events, as if its process were gone."""

    def make(*events: dict[str, Any], pid: int = 2**22 + 1) -> Path:
        folder = project_folder / "runs" / "20260101-1"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "process.json").write_text(json.dumps({"pid": pid}))
        tell(folder, *events)
        return folder

    return make


def tell(folder: Path, *events: dict[str, Any]) -> None:
    with (folder / "events.jsonl").open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> TrainingPanel:
    made = TrainingPanel(session)
    qtbot.addWidget(made)
    made.show()
    return made


def test_images_passed_over_are_counted_beside_the_steps_and_named_in_the_log(
    make_run: Callable[..., Path], session: Session, qtbot: QtBot
) -> None:
    gone = {"event": "skipped-image", "iteration": 0, "reason": "a.png: cannot be read"}
    make_run(gone, START, STEP, {"event": "cancelled"})
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: "1 image passed over: the log says why" in panel.state.text())
    panel.with_log.click()
    assert "Passed over: a.png: cannot be read" in panel.log.toPlainText()
    qtbot.waitUntil(lambda: panel.state.y() < panel.log.y() < panel.losses.y())


def test_too_few_finished_images_are_told_and_nothing_can_be_started(
    panel: TrainingPanel, session: Session, qtbot: QtBot
) -> None:
    draw(session)
    session.set_image_state(ImageState.DONE)
    qtbot.waitUntil(lambda: "1 of at least 5 images" in panel.data.text())
    assert not panel.start.isEnabled()


def test_a_run_that_goes_on_is_found_when_the_project_is_opened(
    make_run: Callable[..., Path], session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "alive", lambda pid, name: pid == os.getpid())
    folder = make_run(START, STEP, pid=os.getpid())
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: "step 10 of 40, 1 min 15 s left" in panel.state.text())
    assert panel.cancel.isVisible()
    tell(folder, EVAL)
    qtbot.waitUntil(lambda: "step 20 of 40" in panel.state.text())
    panel.cancel.click()
    assert (folder / "cancel").exists()


def test_a_run_that_was_cut_short_can_be_resumed(
    make_run: Callable[..., Path], session: Session, qtbot: QtBot
) -> None:
    make_run(START, STEP)
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: panel.watch.state == RunState.INTERRUPTED)
    qtbot.waitUntil(panel.resume.isVisible)
    assert "interrupted" in panel.state.text()
    assert not panel.cancel.isVisible()


@pytest.mark.parametrize("saved", [True, False])
def test_a_run_that_failed_can_be_resumed_from_what_it_saved(
    make_run: Callable[..., Path], session: Session, qtbot: QtBot, saved: bool
) -> None:
    folder = make_run(START, STEP, {"event": "failed", "reason": "found no images"})
    if saved:
        (folder / "checkpoint.pt").write_bytes(b"whole")
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(lambda: "failed: found no images" in panel.state.text())
    assert panel.resume.isVisible() is saved


def _compared(
    make_run: Callable[..., Path], session: Session, qtbot: QtBot, comparison: dict[str, object]
) -> tuple[Path, TrainingPanel]:
    """A finished run, its version v1 with this comparison, and the panel that asks about it."""
    folder = make_run(START, {"event": "done", "iteration": 40, "iterations": 40, "weights": "w"})
    (folder / "w").write_bytes(b"weights")
    card = {"run": folder.name, "comparison": comparison}
    project = session.project
    assert project is not None
    session.workers.wait_for_project(lambda: versions.register(project, "v1", folder / "w", card))
    panel = TrainingPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    qtbot.waitUntil(panel.verdict.keep.isVisible)
    return folder, panel


def test_a_finished_run_is_compared_once_and_a_person_decides(
    make_run: Callable[..., Path], session: Session, qtbot: QtBot, project_folder: Path
) -> None:
    better = {**SCORES, "mask": {"AP": 0.4, "AP50": 0.5}}
    comparison = {"old": "starter", "images": 7, "old_scores": SCORES, "new_scores": better}
    folder, panel = _compared(make_run, session, qtbot, comparison)
    assert "v1 is ready" in panel.verdict.words.text()
    assert [panel.verdict.table.model().index(0, column).data() for column in range(4)] == [
        "mask AP",
        "0.300",
        "0.400",
        "+0.100",
    ]
    panel.verdict.keep.click()
    assert (folder / DECIDED).exists()
    assert not panel.verdict.keep.isVisible()
    again = TrainingPanel(session)
    qtbot.addWidget(again)
    qtbot.waitUntil(lambda: again.watch.state == RunState.DONE)
    written(session)
    assert not again.verdict.keep.isVisibleTo(again)


def test_a_version_made_active_elsewhere_is_decided_on(
    make_run: Callable[..., Path], session: Session, qtbot: QtBot
) -> None:
    comparison = {"old": "starter", "images": 7, "new_scores": SCORES}
    folder, panel = _compared(make_run, session, qtbot, comparison)
    project = session.project
    assert project is not None
    session.workers.wait_for_project(lambda: project.set_setting(versions.SETTING, "v1"))
    session.version_changed.emit()
    qtbot.waitUntil(lambda: "v1 is active" in panel.verdict.words.text())
    assert not panel.verdict.keep.isVisible()
    assert (folder / DECIDED).exists()
    session.version_changed.emit()  # another one
    assert not panel.verdict.words.text()


def test_a_comparison_has_a_row_a_category_and_dashes_where_nothing_was_measured() -> None:
    rows = rows_of({}, SCORES)
    assert rows[0] == ("mask AP", None, 0.3)
    assert rows[-1] == ("cat", None, 0.4)


def test_the_versions_that_ship_are_listed_with_their_cards(panel: TrainingPanel, qtbot: QtBot) -> None:
    listed = panel.versions.list
    panel.tabs.setCurrentWidget(panel.versions)
    qtbot.waitUntil(lambda: listed.count() >= 1)
    version = panel.versions.chosen()
    assert version is not None
    assert version.name in panel.versions.card.text()
    assert "Licence" in panel.versions.card.text()
    assert not panel.versions.use.isEnabled()  # the active one


def test_a_card_of_many_words_leaves_the_list_its_room(panel: TrainingPanel, qtbot: QtBot) -> None:
    listed = panel.versions.list
    panel.tabs.setCurrentWidget(panel.versions)
    panel.resize(320, 300)
    qtbot.waitUntil(lambda: listed.count() >= 1)
    panel.versions.card.setText("many words, " * 300)
    qtbot.wait(20)
    assert listed.viewport().height() >= 4 * listed.sizeHintForRow(0)
    assert panel.height() == 300  # and the panel does not grow with it


def test_a_card_shows_words_not_markup() -> None:
    version = versions.ModelVersion("v1", Path("w"), {"licence": "<b>x</b>", "created": time.time()})
    assert "&lt;b&gt;x" in card_html(version)


def test_a_run_may_start_from_any_version(panel: TrainingPanel, session: Session, qtbot: QtBot) -> None:
    names = {each.name for each in versions.built_in()}
    qtbot.waitUntil(lambda: panel.init.count() == len(names) + 1)
    assert panel.init.currentData() is None  # the active one
    assert {panel.init.itemData(row) for row in range(1, panel.init.count())} == names

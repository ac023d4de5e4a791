"""The project's ceilings in the window: kept while a person works, shown, measured, and the way to one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.annotation import Annotation
from app.ceiling import Ceiling
from app.ceiling_store import Instance, keep
from app.ceilings import read_instances
from app.predictions import of_project
from tests.ui.acting import document_of, draw, propose, written
from tests.ui.explaining import VERSION, predict
from ui.ceilings import CeilingKeeper
from ui.dialogs.ceilings import CeilingsDialog, ceilings_dialog
from ui.main_window import MainWindow
from ui.session import Session

PATIENCE = 20_000  # ms: numbers come from threads that wait for whatever else runs


def stored(session: Session) -> list[Instance]:
    """What the database has, after all that was asked for."""
    project = session.project
    assert project is not None
    return session.workers.wait_for_project(lambda: read_instances(project, VERSION))


def measured(session: Session) -> list[Instance]:
    return [each for each in stored(session) if each.ceiling is not None]


def test_what_was_edited_is_measured_once_it_rests(session: Session, qtbot: QtBot) -> None:
    keeper = CeilingKeeper(session)
    predict(session)
    draw(session)
    undo = document_of(session).undo_label
    keeper.measure()
    qtbot.waitUntil(lambda: len(measured(session)) == 1, timeout=PATIENCE)
    assert document_of(session).undo_label == undo


def test_going_on_measures_the_image_that_was_left(session: Session, qtbot: QtBot) -> None:
    keeper = CeilingKeeper(session)
    predict(session)
    drawn = draw(session)
    session.step(1)
    qtbot.waitUntil(lambda: [each.id for each in measured(session)] == [drawn.id], timeout=PATIENCE)
    assert keeper.parent() is session


def test_proposals_and_images_without_prototypes_are_left(session: Session) -> None:
    keeper = CeilingKeeper(session)
    draw(session)
    keeper.measure()
    predict(session)
    propose(session, 0.9)
    keeper.measure()
    session.workers.when_free(lambda: None).result()
    written(session)
    assert measured(session) == []


def test_a_closed_project_is_left_alone(session: Session, qtbot: QtBot) -> None:
    keeper = CeilingKeeper(session)
    predict(session)
    draw(session)
    session.close_project()
    keeper.measure()
    assert session.project is None


# --- the dialog -------------------------------------------------------------------------------------------


@pytest.fixture
def window(session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """Two instances in the first image: one of a cat (0.5, 0.75), one of a dog (0.75, 1.0)."""
    made = [draw(session), draw(session, 40, category=2)]
    values = dict(zip((each.id for each in made), (Ceiling(0.5, 0.75), Ceiling(0.75, 1.0)), strict=True))
    project = session.project
    assert project is not None
    found = [(each, values[each.id]) for each in stored(session)]
    session.workers.wait_for_project(lambda: keep(project.store, "people", found))
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    yield window
    window.tasks.cancel_all()
    window.tasks.wait()


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot) -> CeilingsDialog:
    window.context.show_ceilings()
    made = window.findChild(CeilingsDialog)
    assert isinstance(made, CeilingsDialog)
    qtbot.waitUntil(lambda: len(made.model.rows) == 3 and made.worst.rowCount() == 2, timeout=PATIENCE)
    return made


def means(dialog: CeilingsDialog, column: int) -> list[float | None]:
    cells = [dialog.model.cell(dialog.model.index(row, column)) for row in range(dialog.model.rowCount())]
    return [cell.mean.helped if cell else None for cell in cells]


def names(dialog: CeilingsDialog) -> list[object]:
    return [dialog.model.index(row, 0).data() for row in range(dialog.model.rowCount())]


def test_the_table_shows_what_is_kept(dialog: CeilingsDialog) -> None:
    assert dialog.versions.currentText() == "people"
    assert names(dialog) == ["All categories", "cat", "dog"]
    assert means(dialog, 4) == [0.875, 0.75, 1.0]
    assert means(dialog, 2) == [None, None, None]  # all are small
    assert dialog.status.text() == "All 2 instances are measured."
    assert not dialog.measure.isVisible()


def test_it_is_sorted_with_all_on_top(dialog: CeilingsDialog) -> None:
    dialog.table.sortByColumn(4, Qt.SortOrder.DescendingOrder)
    assert names(dialog) == ["All categories", "dog", "cat"]
    dialog.table.sortByColumn(4, Qt.SortOrder.AscendingOrder)
    assert names(dialog) == ["All categories", "cat", "dog"]


def test_a_cell_lists_its_worst_and_one_of_them_is_gone_to(
    dialog: CeilingsDialog, session: Session, qtbot: QtBot
) -> None:
    dog = [each for each in document_of(session).annotations.values() if each.category_id == 2]
    dialog.table.setCurrentIndex(dialog.model.index(2, 1))
    qtbot.waitUntil(lambda: dialog.worst.rowCount() == 1, timeout=PATIENCE)
    assert "small, dog" in dialog.about.text()
    session.select(())
    session.step(1)
    qtbot.waitUntil(lambda: document_of(session).image.id != dog[0].image_id, timeout=PATIENCE)
    dialog.worst.setCurrentCell(0, 0)
    qtbot.waitUntil(lambda: session.selection == (dog[0].id,), timeout=PATIENCE)
    assert document_of(session).image.id == dog[0].image_id


def test_what_is_not_measured_is_told_and_can_be_asked_for(
    dialog: CeilingsDialog, session: Session, qtbot: QtBot
) -> None:
    draw(session, 20, 30)
    written(session)
    dialog.refresh()
    qtbot.waitUntil(
        lambda: "1 of 3 instances, in 1 images, are not measured" in dialog.status.text(), timeout=PATIENCE
    )
    assert dialog.measure.isVisible()
    assert dialog.measure.text() == "Look and measure"


def test_opening_it_measures_with_kept_predictions(
    window: MainWindow, session: Session, qtbot: QtBot
) -> None:
    prediction = predict(session, version="people")
    project = session.project
    assert project is not None
    of_project(project).save(document_of(session).image.content_key, prediction)
    third: Annotation = draw(session, 20, 30)
    written(session)
    dialog = ceilings_dialog(window.context, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.status.text() == "All 3 instances are measured.", timeout=PATIENCE)
    assert third.id in {each.id for each in dialog.numbers.instances}
    assert ceilings_dialog(window.context, window) is dialog


def test_it_is_copied_and_saved(dialog: CeilingsDialog, tmp_path: Path, qtbot: QtBot) -> None:
    dialog.to_clipboard()
    assert QGuiApplication.clipboard().text().splitlines()[1].startswith("all\tsmall\t2\t0.6250\t")
    for each, lines in ((False, 6), (True, 2)):
        file = tmp_path / f"{each}.csv"
        dialog.save_to(file, each=each)
        qtbot.waitUntil(lambda: "Wrote" in dialog.status.text(), timeout=PATIENCE)
        dialog.status.clear()
        with file.open(newline="") as text:
            assert len(list(csv.DictReader(text))) == lines
    dialog.save_to(tmp_path / "none" / "x.csv")
    qtbot.waitUntil(lambda: "expected to write" in dialog.status.text(), timeout=PATIENCE)


def test_it_closes_with_the_project(dialog: CeilingsDialog, session: Session, qtbot: QtBot) -> None:
    session.close_project()
    qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=PATIENCE)

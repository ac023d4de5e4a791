"""The lists beside the canvas follow the session, and what is done in them reaches it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotation import ImageState
from tests.ui.acting import document_of, draw, propose
from ui.panels.annotation_model import CATEGORY, EYE, STATE
from ui.panels.annotations import AnnotationsPanel
from ui.panels.categories import CategoriesPanel
from ui.panels.image_model import RECORD_ROLE
from ui.panels.images import ORDERS, ImagesPanel
from ui.session import Session


def _paths(panel: ImagesPanel) -> list[str]:
    return [panel.model.index(row).data(RECORD_ROLE).path for row in range(panel.model.rowCount())]


def test_images_are_filtered_by_name(session: Session, qtbot: QtBot) -> None:
    panel = ImagesPanel(session)
    qtbot.addWidget(panel)
    assert _paths(panel) == ["0.jpg", "1.jpg", "2.jpg"]
    panel.search.setText("2.J")
    qtbot.waitUntil(lambda: _paths(panel) == ["2.jpg"])
    panel.search.clear()
    qtbot.waitUntil(lambda: len(_paths(panel)) == 3)


def test_images_are_filtered_by_state_and_counted(session: Session, qtbot: QtBot) -> None:
    panel = ImagesPanel(session)
    qtbot.addWidget(panel)
    session.set_image_state(ImageState.DONE)
    assert panel.progress.text() == "1 of 3 done"
    panel.states.choose(ImageState.DONE)
    panel.refresh()
    assert panel.states.chips[ImageState.DONE].text() == "Done 1"
    assert _paths(panel) == ["0.jpg"]


def test_images_with_the_weakest_proposals_come_first_on_wish(session: Session, qtbot: QtBot) -> None:
    panel = ImagesPanel(session)
    qtbot.addWidget(panel)
    session.step(2)
    qtbot.waitUntil(lambda: document_of(session).image.path == "2.jpg")
    propose(session, 0.3, 0.8)
    panel.order.setCurrentIndex(list(ORDERS).index("lowest score"))
    panel.refresh()
    assert _paths(panel) == ["2.jpg", "0.jpg", "1.jpg"]


def test_the_chosen_row_and_the_current_image_are_one(session: Session, qtbot: QtBot) -> None:
    panel = ImagesPanel(session)
    qtbot.addWidget(panel)
    session.step(1)
    qtbot.waitUntil(lambda: panel.list.currentIndex().row() == 1)
    panel.list.setCurrentIndex(panel.model.index(2))
    qtbot.waitUntil(lambda: document_of(session).image.path == "2.jpg")
    assert panel.chosen() == [session.image_id]


def test_a_thumbnail_arrives_when_its_row_is_looked_at(session: Session, qtbot: QtBot) -> None:
    panel = ImagesPanel(session)
    qtbot.addWidget(panel)
    index = panel.model.index(0)
    assert index.data(Qt.ItemDataRole.DecorationRole) is None
    qtbot.waitUntil(lambda: index.data(Qt.ItemDataRole.DecorationRole) is not None)
    assert not index.data(Qt.ItemDataRole.DecorationRole).isNull()


def test_rows_of_annotations_follow_edits(session: Session, qtbot: QtBot) -> None:
    panel = AnnotationsPanel(session)
    qtbot.addWidget(panel)
    propose(session, 0.4, 0.9)
    draw(session, category=2)
    model = panel.model
    texts = [
        (model.index(row, CATEGORY).data(), model.index(row, STATE).data()) for row in range(model.rowCount())
    ]
    assert texts == [("dog", "✎ drawn"), ("cat", "◌ proposed"), ("cat", "◌ proposed")]
    assert [model.at(row).score for row in range(3)] == [None, 0.9, 0.4]
    session.select([model.at(1).id])
    session.reject()
    assert model.rowCount() == 2
    session.undo()
    assert model.rowCount() == 3


def test_choosing_a_row_chooses_the_annotation_and_back(session: Session, qtbot: QtBot) -> None:
    panel = AnnotationsPanel(session)
    qtbot.addWidget(panel)
    first, second = draw(session), draw(session, 40)
    panel.table.selectRow(panel.model.row_of(second.id))
    assert session.selection == (second.id,)
    session.select([first.id])
    assert panel.chosen() == [first.id]


def test_the_eye_hides_one_annotation_and_shows_it_again(session: Session, qtbot: QtBot) -> None:
    panel = AnnotationsPanel(session)
    qtbot.addWidget(panel)
    made = draw(session)
    eye = panel.model.index(panel.model.row_of(made.id), EYE)
    panel.table.clicked.emit(eye)
    assert not session.visible(made)
    panel.table.clicked.emit(eye)
    assert session.visible(made)


def test_the_summary_counts_work_and_shown_proposals(session: Session, qtbot: QtBot) -> None:
    panel = AnnotationsPanel(session)
    qtbot.addWidget(panel)
    propose(session, 0.4, 0.9)
    draw(session)
    session.set_threshold(0.5)
    qtbot.waitUntil(lambda: panel.summary.text() == "1 annotation · 1 of 2 proposals shown (score from 0.50)")
    session.accept()
    qtbot.waitUntil(lambda: panel.summary.text() == "2 annotations · 1 proposal, all scored below 0.50")
    assert not panel.accept.isEnabled()


def test_enter_adds_a_category_or_chooses_the_one_of_that_name(session: Session, qtbot: QtBot) -> None:
    panel = CategoriesPanel(session)
    qtbot.addWidget(panel)
    panel.field.setText("cow")
    qtbot.keyClick(panel.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.list.count() == 3)
    assert session.category is not None
    assert session.category.name == "cow"
    panel.field.setText("DOG")
    qtbot.keyClick(panel.field, Qt.Key.Key_Return)
    assert session.category.name == "dog"
    assert panel.list.count() == 3
    assert panel.list.currentRow() == 1


def test_a_name_that_is_taken_is_refused_and_the_old_one_shown(session: Session, qtbot: QtBot) -> None:
    panel = CategoriesPanel(session)
    qtbot.addWidget(panel)
    with qtbot.waitSignal(session.message) as told:
        panel.list.item(0).setText("dog")
    assert told.args is not None
    assert "expected a new name" in told.args[0]
    qtbot.waitUntil(lambda: panel.list.item(0).text() == "cat")
    with qtbot.waitSignal(session.categories_changed):
        panel.list.item(0).setText("tiger")
    assert session.categories[0].name == "tiger"


def test_a_clicked_category_is_drawn_with(session: Session, qtbot: QtBot) -> None:
    panel = CategoriesPanel(session)
    qtbot.addWidget(panel)
    panel.list.setCurrentRow(1)
    assert session.category == session.categories[1]

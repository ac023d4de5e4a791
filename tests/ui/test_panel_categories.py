"""The list of categories: counts, keys, filter of many, refusals in one line."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotation import Category, CategoryId
from tests.ui.acting import draw, propose, written
from ui.main_window import MainWindow
from ui.panels.categories import CategoriesPanel
from ui.panels.category_row import COUNT_ROLE, KEY_ROLE
from ui.session import Session


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> CategoriesPanel:
    made = CategoriesPanel(session)
    qtbot.addWidget(made)
    made.show()
    return made


def test_counts_follow_edits_without_a_new_list(panel: CategoriesPanel, session: Session) -> None:
    cat, dog = panel.list.item(0), panel.list.item(1)
    draw(session, category=2)
    propose(session, 0.4, 0.9)
    assert (cat.data(COUNT_ROLE), dog.data(COUNT_ROLE)) == (2, 1)
    session.reject()
    assert cat.data(COUNT_ROLE) == 0
    assert panel.list.item(1) is dog


def test_of_many_categories_the_field_shows_those_that_fit(panel: CategoriesPanel, session: Session) -> None:
    many = [Category(CategoryId(each), f"kind {each}", "#0072b2") for each in range(1, 81)]
    session.categories.take(many)
    assert panel.list.count() == 80
    panel.field.setText("Kind 7")
    assert [panel.list.item(row).text() for row in range(3)] == ["kind 7", "kind 70", "kind 71"]
    assert panel.list.item(0).data(KEY_ROLE) == 7
    assert panel.list.item(1).data(KEY_ROLE) == 0
    panel.field.clear()
    assert panel.list.count() == 80


def test_a_category_in_use_is_not_removed_and_one_line_says_why(
    panel: CategoriesPanel, session: Session, qtbot: QtBot
) -> None:
    draw(session)
    written(session)
    with qtbot.waitSignal(session.message) as told:
        session.categories.remove(CategoryId(1))
    assert "expected an unused category" in told.args[0]
    assert panel.list.count() == 2


def test_an_unused_category_goes(panel: CategoriesPanel, session: Session, qtbot: QtBot) -> None:
    session.categories.remove(CategoryId(2))
    qtbot.waitUntil(lambda: panel.list.count() == 1)


def test_choosing_elsewhere_marks_the_row(panel: CategoriesPanel, session: Session) -> None:
    session.categories.choose(CategoryId(2))
    assert panel.list.currentRow() == 1


def test_the_name_that_a_shape_waited_for_goes_back_to_the_image(qtbot: QtBot, session: Session) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    session.categories.want()
    field = window.categories.field
    qtbot.waitUntil(field.hasFocus)
    qtbot.keyClicks(field, "bird")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.category is not None and session.category.name == "bird")
    assert window.canvas.hasFocus()


def test_names_can_be_typed_one_after_the_other(qtbot: QtBot, session: Session) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    window.docks.bring("Categories")
    field = window.categories.field
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    for name in ("fig", "date"):  # d, a, t and e are keys of the window
        qtbot.keyClicks(field, name)
        qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: [each.name for each in session.categories][-2:] == ["fig", "date"])
    assert field.hasFocus()
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert window.canvas.hasFocus()


def test_a_waiting_shape_is_not_given_to_a_category_that_the_model_brings(session: Session) -> None:
    session.categories.current = None
    session.categories.want()
    session.categories.take(list(session.categories))
    assert session.category is None
    session.categories.choose(session.categories[1].id)
    assert session.category == session.categories[1]

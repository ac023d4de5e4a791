"""The table of annotations: order, rows that come and go one by one, buttons, eyes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationState, CategoryId, Origin
from app.edits import Change, Edit, EditKind, change
from tests.builders import box_mask, make_annotation
from tests.ui.acting import document_of, draw, propose
from ui.panels.annotation_model import AREA, CATEGORY, EYE, SCORE
from ui.panels.annotations import LOOKING, AnnotationsPanel
from ui.session import Session


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> AnnotationsPanel:
    made = AnnotationsPanel(session)
    qtbot.addWidget(made)
    made.resize(330, 400)
    made.show()
    return made


def scores(panel: AnnotationsPanel) -> list[float | None]:
    return [panel.model.at(row).score for row in range(panel.model.rowCount())]


def test_a_click_on_a_heading_orders_by_it_a_persons_work_first(
    panel: AnnotationsPanel, session: Session
) -> None:
    propose(session, 0.4, 0.9, 0.6)
    draw(session)
    assert scores(panel) == [None, 0.9, 0.6, 0.4]
    panel.table.sortByColumn(SCORE, Qt.SortOrder.AscendingOrder)
    assert scores(panel) == [None, 0.4, 0.6, 0.9]


@pytest.mark.parametrize("column", [CATEGORY, SCORE, AREA])
@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_rows_after_edits_stand_as_if_read_again(
    panel: AnnotationsPanel, session: Session, column: int, order: Qt.SortOrder
) -> None:
    panel.table.sortByColumn(column, order)
    propose(session, 0.4, 0.9, 0.6)
    made = draw(session, category=2)
    session.select([panel.model.at(2).id])
    session.accept()
    session.select([made.id])
    session.relabel(CategoryId(1))
    session.undo()
    shown = [panel.model.at(row) for row in range(panel.model.rowCount())]
    assert [panel.model.row_of(each.id) for each in shown] == list(range(4))
    panel.model.refresh()
    assert [panel.model.at(row) for row in range(panel.model.rowCount())] == shown


def test_only_a_score_of_the_model_is_shown(panel: AnnotationsPanel, session: Session) -> None:
    proposal, other = propose(session, 0.4, 0.9)
    document = document_of(session)
    found = make_annotation(document, box_mask(50, 5, 9, 9), state=AnnotationState.ACCEPTED, score=0.98)
    origin = Origin("v1", (0.0, 0.0, 9.0, 9.0), (0.5,))
    taken = replace(found, id=document.new_id(), origin=origin, score=0.7)
    session.apply(Edit(EditKind.ADD, found.image_id, (Change(None, found), Change(None, taken))))
    shown = {
        each: panel.model.index(panel.model.row_of(each.id), SCORE).data() for each in (found, taken, other)
    }
    assert list(shown.values()) == ["", "0.70", "0.90"]
    assert [panel.model.row_of(each.id) for each in (taken, found, other, proposal)] == [0, 1, 2, 3]


def test_the_heading_of_names_begins_where_they_do(panel: AnnotationsPanel) -> None:
    role = Qt.ItemDataRole.TextAlignmentRole
    heading = panel.model.headerData(CATEGORY, Qt.Orientation.Horizontal, role)
    assert heading & Qt.AlignmentFlag.AlignLeft
    for column in (SCORE, AREA):  # the arrow of the order stands at their right end
        heading = panel.model.headerData(column, Qt.Orientation.Horizontal, role)
        assert not heading & Qt.AlignmentFlag.AlignRight


def test_large_areas_are_short(panel: AnnotationsPanel, session: Session) -> None:
    made = draw(session)
    assert panel.model.index(0, AREA).data() == "240"
    large = replace(made, area=2_931_234.0)
    session.apply(change(EditKind.RESHAPE, made.image_id, [(made, large)]))
    assert panel.model.index(0, AREA).data() == "2.93 M"
    assert "2,931,234 of " in panel.model.index(0, AREA).data(Qt.ItemDataRole.ToolTipRole)


def test_while_the_model_looks_it_says_so(
    panel: AnnotationsPanel, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.model, "is_looking_at", lambda image_id: True)
    session.model_state_changed.emit("")
    qtbot.waitUntil(lambda: panel.summary.text() == LOOKING)


def test_an_edit_of_one_does_not_reset_the_table(panel: AnnotationsPanel, session: Session) -> None:
    propose(session, 0.4, 0.9)
    resets: list[object] = []
    panel.model.modelReset.connect(lambda: resets.append(1))
    session.select([panel.model.at(1).id])
    session.accept()
    assert resets == []
    assert scores(panel) == [0.4, 0.9]  # the accepted one is a person's now: above


def test_what_was_chosen_stays_chosen_when_its_row_moves(panel: AnnotationsPanel, session: Session) -> None:
    made = propose(session, 0.4, 0.9)
    session.select([made[0].id])
    session.accept()
    assert session.selection == (made[0].id,)
    assert panel.chosen() == [made[0].id]


def test_buttons_act_on_what_is_chosen(panel: AnnotationsPanel, session: Session, qtbot: QtBot) -> None:
    made = draw(session)
    session.select([made.id])
    qtbot.waitUntil(panel.copy.isEnabled)
    panel.copy.click()
    assert panel.model.rowCount() == 2
    panel.delete.click()
    assert list(document_of(session).annotations) == [made.id]
    session.select([])
    qtbot.waitUntil(lambda: not panel.delete.isEnabled())


def test_accepting_is_offered_where_there_is_a_proposal(
    panel: AnnotationsPanel, session: Session, qtbot: QtBot
) -> None:
    (proposal,) = propose(session, 0.9)
    made = draw(session)
    qtbot.waitUntil(panel.accept.isEnabled)
    session.select([made.id])
    qtbot.waitUntil(lambda: not panel.accept.isEnabled())
    session.select([made.id, proposal.id])
    qtbot.waitUntil(panel.accept.isEnabled)


def test_the_menu_of_categories_relabels(panel: AnnotationsPanel, session: Session) -> None:
    made = draw(session)
    session.select([made.id])
    menu = panel.relabel.menu()
    menu.aboutToShow.emit()
    menu.actions()[1].trigger()
    assert document_of(session).annotations[made.id].category_id == 2
    assert panel.model.index(0, CATEGORY).data() == "dog"


def test_the_heading_over_the_eyes_hides_all_and_shows_all(panel: AnnotationsPanel, session: Session) -> None:
    first, second = draw(session), draw(session, 40)
    panel.table.horizontalHeader().sectionClicked.emit(EYE)
    assert session.hidden == {first.id, second.id}
    panel.table.horizontalHeader().sectionClicked.emit(EYE)
    assert not session.hidden


def test_dragging_the_line_of_the_histogram_sets_the_threshold(
    panel: AnnotationsPanel, session: Session, qtbot: QtBot
) -> None:
    propose(session, 0.4, 0.9)
    qtbot.waitUntil(panel.histogram.isVisible)
    middle = panel.histogram.rect().center()
    qtbot.mousePress(panel.histogram, Qt.MouseButton.LeftButton, pos=middle)
    assert session.threshold == pytest.approx(0.5, abs=0.02)
    qtbot.keyClick(panel.histogram, Qt.Key.Key_Right)
    assert session.threshold == pytest.approx(0.51, abs=0.02)

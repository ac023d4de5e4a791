"""The list of images: chips with counts, orders that steps follow, many rows."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.annotation import ImageId, ImageState
from app.records import ImageRecord
from tests.ui.acting import document_of, draw, propose
from ui.panels.image_model import RECORD_ROLE
from ui.panels.images import AT_ONCE, ORDERS, ImagesPanel
from ui.session import Session

MANY = AT_ONCE + 1


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> ImagesPanel:
    made = ImagesPanel(session)
    qtbot.addWidget(made)
    made.resize(260, 600)
    made.show()
    return made


def record(id: int, *, state: ImageState = ImageState.NEW, score: float | None = None) -> ImageRecord:
    return ImageRecord(ImageId(id), f"{id:06}.jpg", 80, 60, state, min_score=score, mean_score=score)


def order(panel: ImagesPanel, name: str) -> None:
    panel.order.setCurrentIndex(list(ORDERS).index(name))
    panel.order.activated.emit(panel.order.currentIndex())


def test_chips_count_states_and_follow_edits(panel: ImagesPanel, session: Session) -> None:
    chips = panel.states.chips
    assert chips[None].text() == "All 3"
    assert chips[ImageState.NEW].text() == "New 3"
    assert not chips[ImageState.IN_PROGRESS].isVisible()
    draw(session)
    assert chips[ImageState.IN_PROGRESS].text() == "In progress 1"
    assert chips[ImageState.IN_PROGRESS].isVisible()
    session.set_image_state(ImageState.DONE)
    assert chips[ImageState.IN_PROGRESS].text() == "In progress 0"
    assert chips[ImageState.IN_PROGRESS].isVisible()  # the list below would jump at each image
    assert panel.progress.text() == "1 of 3 done"
    assert panel.done.value() == 1


def test_an_image_that_leaves_the_filter_stays_until_the_list_is_read_again(
    panel: ImagesPanel, session: Session, qtbot: QtBot
) -> None:
    panel.states.choose(ImageState.NEW)
    session.done_and_next()
    assert panel.model.rowCount() == 3
    qtbot.waitUntil(lambda: document_of(session).image.path == "1.jpg")
    panel.refresh()
    assert [each.path for each in map(session.images.get, panel.model.ids()) if each] == ["1.jpg", "2.jpg"]


def test_steps_follow_the_lists_order(panel: ImagesPanel, session: Session, qtbot: QtBot) -> None:
    session.show_image(session.records[1].id)
    qtbot.waitUntil(lambda: document_of(session).image.path == "1.jpg")
    propose(session, 0.3)
    order(panel, "lowest score")  # 1, then 0 and 2 that have none
    session.step(1)
    qtbot.waitUntil(lambda: document_of(session).image.path == "0.jpg")
    session.step(1)
    qtbot.waitUntil(lambda: document_of(session).image.path == "2.jpg")


def test_many_images_are_arranged_beside_the_window(
    panel: ImagesPanel, session: Session, qtbot: QtBot
) -> None:
    session.images.take([record(number, score=1 - number / MANY) for number in range(MANY)])
    panel.refresh()
    order(panel, "lowest score")
    assert panel.model.ids()[0] == 0  # nothing has waited for it
    qtbot.waitUntil(lambda: panel.model.ids()[0] == MANY - 1)
    assert list(session.images.listed) == panel.model.ids() == list(reversed(range(MANY)))


def test_what_changes_while_they_are_arranged_is_shown(
    panel: ImagesPanel, session: Session, qtbot: QtBot
) -> None:
    session.images.take([record(number, score=1 - number / MANY) for number in range(MANY)])
    panel.refresh()
    order(panel, "lowest score")
    done = record(5, state=ImageState.DONE)
    session.image_state_changed.emit(done)
    qtbot.waitUntil(lambda: panel.model.ids()[0] == MANY - 1)
    assert panel.model.index(panel.model.row_of(ImageId(5))).data(RECORD_ROLE) is done


def test_the_last_wish_counts(panel: ImagesPanel, session: Session, qtbot: QtBot) -> None:
    session.images.take([record(number, score=1 - number / MANY) for number in range(MANY)])
    shown: list[int] = []
    panel.model.modelReset.connect(lambda: shown.append(panel.model.rowCount()))
    order(panel, "lowest score")
    panel.search.setText("777.jpg")
    panel.refresh()
    qtbot.waitUntil(lambda: panel.model.rowCount() == 2)
    assert set(shown) == {2}


def test_another_projects_images_are_not_shown_while_the_list_is_made(
    panel: ImagesPanel, session: Session
) -> None:
    order(panel, "worth")
    session.images.take([record(number) for number in range(MANY)])
    session.project_changed.emit()
    assert panel.model.rowCount() == 0


def test_several_chosen_images_are_skipped_at_once(
    panel: ImagesPanel, session: Session, qtbot: QtBot
) -> None:
    panel.list.selectAll()
    assert len(panel.chosen()) == 3
    panel.state_wanted.connect(session.set_states)
    panel.state_wanted.emit(panel.chosen(), ImageState.SKIPPED)
    qtbot.waitUntil(lambda: all(each.state is ImageState.SKIPPED for each in session.records))
    assert panel.progress.text() == "0 of 3 done, 3 skipped"


def test_a_hundred_thousand_images_make_no_thumbnail_that_is_not_looked_at(
    panel: ImagesPanel, session: Session
) -> None:
    session.images.take([record(number) for number in range(100_000)])
    started = time.thread_time()
    panel.refresh()
    panel.repaint()
    assert time.thread_time() - started < 2  # it takes about 0.15 s; a row each would take much longer
    assert panel.model.rowCount() == 100_000
    asked = [row for row in range(100_000) if panel.model.asked(row)]
    assert len(asked) < 30
    assert panel.model.index(99_999).data(Qt.ItemDataRole.DisplayRole) == "099999.jpg"


def test_enter_in_the_filter_opens_the_first_of_what_is_found(
    panel: ImagesPanel, session: Session, qtbot: QtBot
) -> None:
    said: list[str] = []
    settled: list[int] = []
    session.message.connect(lambda words, kind: said.append(words))
    panel.settled.connect(lambda: settled.append(1))
    qtbot.keyClicks(panel.search, "2.j")
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: document_of(session).image.path == "2.jpg")
    assert settled == [1]
    panel.search.setText(".jpg")
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)  # the one on screen is among them: it stays
    assert document_of(session).image.path == "2.jpg"
    panel.search.setText("nowhere")
    qtbot.keyClick(panel.search, Qt.Key.Key_Return)
    assert said == ["No image has “nowhere” in its name here."]
    assert settled == [1, 1]


def test_escape_empties_the_filter_and_then_leaves_it(panel: ImagesPanel, qtbot: QtBot) -> None:
    panel.search.setText("2")
    with qtbot.assertNotEmitted(panel.settled):
        qtbot.keyClick(panel.search, Qt.Key.Key_Escape)
    assert panel.search.text() == ""
    with qtbot.waitSignal(panel.settled):
        qtbot.keyClick(panel.search, Qt.Key.Key_Escape)


def test_at_the_end_of_what_is_found_it_says_that_there_are_others(
    panel: ImagesPanel, session: Session, qtbot: QtBot
) -> None:
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))
    session.step(-1)
    panel.search.setText("0.j")
    panel.search.returnPressed.emit()
    session.step(1)
    assert said == [
        "No further image before this one in the list.",
        "No further image after this one in the list. 2 more are filtered out.",
    ]

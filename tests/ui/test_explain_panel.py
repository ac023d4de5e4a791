"""The explaining panel on a real project: pictures, bars, edits by coefficients, what lies over the image."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationState
from tests.ui.acting import document_of, draw
from tests.ui.explaining import predict, propose_left_half
from ui.explain.bar_look import LEFT
from ui.explain.coefficient_row import ROW
from ui.explain.panel import ExplainPanel
from ui.session import Session


@pytest.fixture
def panel(session: Session, qtbot: QtBot) -> ExplainPanel:
    made = ExplainPanel(session)
    qtbot.addWidget(made)
    made.resize(330, 500)
    made.show()
    return made


def explained(panel: ExplainPanel, session: Session, qtbot: QtBot) -> None:
    """With a prediction and a chosen proposal."""
    predict(session)
    propose_left_half(session)
    qtbot.waitUntil(lambda: panel.bars.values is not None and panel.pages.currentIndex() == 1)


def drag(panel: ExplainPanel, qtbot: QtBot, j: int, by: float) -> None:
    """Drag a prototype's bar by a coefficient."""
    start = QPoint(LEFT + 40, panel.bars.place_of(j) * ROW + ROW // 2)
    qtbot.mousePress(panel.bars, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(panel.bars, start + QPoint(round(by * panel.bars.unit), 0))
    qtbot.mouseRelease(
        panel.bars, Qt.MouseButton.LeftButton, pos=start + QPoint(round(by * panel.bars.unit), 0)
    )


def coefficients(session: Session) -> tuple[float, ...] | None:
    (each,) = document_of(session).annotations.values()
    return each.coefficients


def test_without_a_prediction_it_says_so_and_offers_one(panel: ExplainPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "not looked at this image" in panel.title.text())
    assert panel.predict.isVisible()


def test_while_the_model_looks_it_says_so_and_is_not_asked_again(
    panel: ExplainPanel, session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: panel.predict.isVisible())
    monkeypatch.setattr(session.model, "start", lambda: None)  # it never gets ready
    qtbot.mouseClick(panel.predict, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "is looking at" in panel.title.text())
    session.message.emit("one moment", "info")
    assert not panel.predict.isEnabled()


def test_prototypes_are_shown_without_an_instance(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    predict(session, k=7)
    qtbot.waitUntil(lambda: len(panel.grid.images) == 7)
    assert panel.pages.currentIndex() == 0
    assert not panel.predict.isVisible()


def test_a_drawn_instance_has_no_coefficients_to_show(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    predict(session)
    session.select([draw(session).id])
    qtbot.waitUntil(lambda: "Drawn, imported" in panel.title.text())
    assert panel.pages.currentIndex() == 0


def test_an_instance_of_another_version_is_not_explained(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    predict(session, version="m2")
    propose_left_half(session, version="m1")
    qtbot.waitUntil(lambda: "do not belong together" in panel.title.text())


def test_dragging_a_bar_is_one_edit_that_can_be_undone(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    explained(panel, session, qtbot)
    edits: list[object] = []
    session.annotations_changed.connect(edits.append)
    drag(panel, qtbot, 1, 0.5)
    qtbot.waitUntil(lambda: coefficients(session) is not None)
    assert len(edits) == 1
    (each,) = document_of(session).annotations.values()
    assert each.coefficients is not None
    assert each.coefficients[1] == pytest.approx(-0.5, abs=0.05)
    session.undo()
    assert coefficients(session) is None


def test_a_bar_that_changes_no_pixel_is_kept_and_leaves_a_proposal_one(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    explained(panel, session, qtbot)
    (before,) = document_of(session).annotations.values()
    drag(panel, qtbot, 1, 0.5)
    qtbot.waitUntil(lambda: coefficients(session) is not None)
    (after,) = document_of(session).annotations.values()
    assert after.state is AnnotationState.PROPOSED
    assert (after.geometry, after.bbox, after.area) == (before.geometry, before.bbox, before.area)
    session.select([before.id])
    qtbot.waitUntil(lambda: panel.bars.values is not None and panel.bars.values[1] > -0.6)
    drag(panel, qtbot, 1, 1.5)  # on, also on the right half
    qtbot.waitUntil(lambda: document_of(session).annotations[before.id].bbox[2] == 80)
    assert document_of(session).annotations[before.id].state is AnnotationState.CORRECTED


def test_a_bar_that_was_let_go_counts_though_its_image_is_left(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    explained(panel, session, qtbot)
    document = document_of(session)
    panel.bars.settled.emit(np.ones(4, np.float32))
    session.step(1)
    qtbot.waitUntil(lambda: session.document is not document and document.can_undo)
    qtbot.waitUntil(lambda: next(iter(document.annotations.values())).coefficients == (1, 1, 1, 1))


def test_the_mask_follows_a_bar_before_it_is_let_go(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    explained(panel, session, qtbot)
    with qtbot.waitSignal(panel.editing.previewed) as seen:
        start = QPoint(LEFT + 40, panel.bars.place_of(1) * ROW + ROW // 2)
        qtbot.mousePress(panel.bars, Qt.MouseButton.LeftButton, pos=start)
        qtbot.mouseMove(panel.bars, start + QPoint(round(2 * panel.bars.unit), 0))
    preview = seen.args[0]
    assert not preview.final
    assert preview.mask.bits.shape[1] == 80  # 1 on both halves: the whole width
    assert coefficients(session) is None
    qtbot.keyClick(panel.bars, Qt.Key.Key_Escape)
    assert panel.bars.values is not None
    assert panel.bars.values[1] == pytest.approx(-1)
    assert coefficients(session) is None


def test_a_double_click_zeroes_and_a_right_click_flips(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    explained(panel, session, qtbot)
    place = QPoint(LEFT + 40, panel.bars.place_of(2) * ROW + ROW // 2)
    qtbot.mouseDClick(panel.bars, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: coefficients(session) is not None)
    assert coefficients(session) == pytest.approx((1, -1, 0, 0.25))
    place = QPoint(LEFT + 40, panel.bars.place_of(3) * ROW + ROW // 2)
    qtbot.mouseClick(panel.bars, Qt.MouseButton.RightButton, pos=place)
    qtbot.waitUntil(lambda: coefficients(session) == pytest.approx((1, -1, 0, -0.25)))


def test_keys_change_a_bar_and_take_it_back(panel: ExplainPanel, session: Session, qtbot: QtBot) -> None:
    explained(panel, session, qtbot)
    qtbot.keyClick(panel.bars, Qt.Key.Key_Down)  # to the first row: prototype 0
    qtbot.keyClick(panel.bars, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: coefficients(session) == pytest.approx((1.05, -1, 0.25, 0.25)))
    qtbot.waitUntil(lambda: panel.bars.values is not None and panel.bars.values[0] > 1)
    qtbot.keyClick(panel.bars, Qt.Key.Key_Backspace)
    qtbot.waitUntil(lambda: coefficients(session) == pytest.approx((1, -1, 0.25, 0.25)))


def test_coefficients_that_leave_nothing_are_refused_in_words(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    explained(panel, session, qtbot)
    with qtbot.waitSignal(session.message) as told:
        panel.bars.settled.emit(np.array([-1, -1, -1, -1], np.float32))
    assert "nothing is left" in told.args[0]
    assert coefficients(session) is None


def test_rows_are_sorted_by_share_or_by_number(panel: ExplainPanel, session: Session, qtbot: QtBot) -> None:
    explained(panel, session, qtbot)
    # means in the box 2, 2, 1/24, 1/24: the halves do most
    assert {panel.bars.prototype_at(panel.bars.row(place).center()) for place in (0, 1)} == {0, 1}
    panel.by_share.click()
    order = [panel.bars.prototype_at(panel.bars.row(place).center()) for place in range(4)]
    assert order == [0, 1, 2, 3]


def test_a_chosen_prototype_lies_over_the_image_until_it_is_chosen_again(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    predict(session)
    qtbot.waitUntil(lambda: len(panel.grid.images) == 4)
    seen: list[QImage | None] = []
    panel.overlay_changed.connect(seen.append)
    place = panel.grid.cell(1).center().toPoint()
    qtbot.mouseClick(panel.grid, Qt.MouseButton.LeftButton, pos=place)
    image = seen[-1]
    assert image is not None
    assert image.size().width() == 32
    assert image.pixelColor(30, 5).lightness() > image.pixelColor(2, 5).lightness()  # the right half
    qtbot.mouseClick(panel.grid, Qt.MouseButton.LeftButton, pos=place)
    assert seen[-1] is None


def test_hovering_a_bar_shows_its_contribution_over_the_image(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    explained(panel, session, qtbot)
    seen: list[QImage | None] = []
    panel.overlay_changed.connect(seen.append)
    panel.bars.hovered.emit(1)  # takes away on the right half
    image = seen[-1]
    assert image is not None
    assert image.pixelColor(30, 5).blue() > image.pixelColor(30, 5).red()
    assert image.pixelColor(2, 5).alpha() == 0
    panel.bars.hovered.emit(-1)
    assert seen[-1] is None


def test_nothing_is_computed_while_the_panel_is_hidden(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    panel.hide()
    explained = panel.bars.values
    predict(session)
    propose_left_half(session)
    qtbot.waitUntil(lambda: not panel._later.isActive())
    assert panel.grid.images == []
    assert panel.bars.values is explained
    panel.show()
    assert len(panel.grid.images) == 4
    assert panel.bars.values is not None


def test_a_prototype_is_enlarged_with_its_range_while_the_pointer_rests_on_it(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    predict(session)
    qtbot.waitUntil(lambda: len(panel.grid.images) == 4)
    panel.grid.hovered.emit(0)
    qtbot.waitUntil(lambda: panel.magnifier.card is not None and panel.magnifier.card.isVisible())
    assert panel.magnifier.card is not None
    assert "Prototype 1</b>: 0.00 to 4.00" in panel.magnifier.card.words.text()
    panel.grid.hovered.emit(-1)
    assert not panel.magnifier.card.isVisible()


def test_what_is_enlarged_goes_while_a_bar_is_dragged(
    panel: ExplainPanel, session: Session, qtbot: QtBot
) -> None:
    predict(session)
    made = propose_left_half(session)
    session.select([made.id])
    qtbot.waitUntil(lambda: panel.bars.values is not None)
    panel.bars.hovered.emit(0)
    qtbot.waitUntil(lambda: panel.magnifier.card is not None and panel.magnifier.card.isVisible())
    panel.bars.moved.emit(np.zeros(4, np.float32))
    assert panel.magnifier.card is not None
    assert not panel.magnifier.card.isVisible()


def test_a_low_panel_keeps_its_room_for_the_bars(panel: ExplainPanel, session: Session, qtbot: QtBot) -> None:
    predict(session)
    session.select([propose_left_half(session).id])
    qtbot.waitUntil(lambda: panel.bars.values is not None)
    panel.resize(panel.width(), 600)
    assert panel.sums.isVisible()
    panel.resize(panel.width(), 300)
    assert not panel.sums.isVisible()
    assert panel.bars.isVisible()
    assert panel.minimumSizeHint().height() <= 300

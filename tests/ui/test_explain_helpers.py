"""Helper rows of hints as bars: shown for what they are, also over the image; taken back one by one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.hint_work import HintWork, Parts, works_of
from tests.ui.canvas_fakes import FakeSession
from tests.ui.solving import click, show_proposal
from ui.canvas.view import Canvas
from ui.explain.helper_bars import ROW, HelperBars, around
from ui.explain.helper_head import HelperHead, names_of, shares_of
from ui.explain.helper_section import HelperSection, over_image

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def section(qtbot: QtBot, session: FakeSession) -> Iterator[HelperSection]:
    panel = QWidget()
    qtbot.addWidget(panel)
    panel.resize(330, 400)
    made = HelperSection(session, panel)  # type: ignore[arg-type]
    made.resize(330, 300)
    panel.show()
    yield made
    panel.close()


@pytest.fixture
def canvas(canvas: Canvas, session: FakeSession) -> Canvas:
    show_proposal(session)
    canvas.set_tool("solve")
    return canvas


def hint_twice(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    for number, (x, y, button) in enumerate(((220, 60, LEFT), (80, 150, RIGHT)), 1):
        click(canvas, x, y, button)
        qtbot.waitUntil(lambda n=number: len(session.applied) == n, timeout=5000)  # type: ignore[misc]


def test_every_hint_has_a_row_with_its_sign_and_its_words(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, section: HelperSection
) -> None:
    assert section.isHidden()
    hint_twice(qtbot, session, canvas)
    qtbot.waitUntil(lambda: len(section.bars.works) == 2, timeout=5000)
    assert section.isVisible()
    assert [each.inside for each in section.bars.works] == [True, False]
    words = section.bars.words(1)
    assert "Hint 2" in words
    assert "does not belong" in words
    assert "small network" in words  # fine prototypes answered


def test_hovering_a_row_shows_its_share_where_it_is(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, section: HelperSection
) -> None:
    hint_twice(qtbot, session, canvas)
    qtbot.waitUntil(lambda: len(section.bars.works) == 2, timeout=5000)
    with qtbot.waitSignal(section.overlay_changed):
        QTest.keyClick(section.bars, Qt.Key.Key_Down)  # as with the pointer
    assert isinstance(section.overlay, QImage)
    assert section.frame is not None
    x, y, width, height = section.frame
    assert x <= 220 <= x + width
    assert y <= 60 <= y + height
    section.bars._hover(-1)
    assert section.overlay is None


def test_a_cross_takes_that_hint_back_and_leaves_the_other(
    qtbot: QtBot,
    session: FakeSession,
    canvas: Canvas,
    section: HelperSection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hint_twice(qtbot, session, canvas)
    qtbot.waitUntil(lambda: len(section.bars.works) == 2, timeout=5000)
    bars, seen, show = section.bars, list[list[bool]](), section.bars.set_works

    def shown(works: Sequence[HintWork]) -> None:
        seen.append([each.inside for each in works])
        show(works)

    monkeypatch.setattr(bars, "set_works", shown)
    QTest.mouseClick(bars, LEFT, pos=bars.cross(0).center().toPoint())
    qtbot.waitUntil(lambda: len(session.applied) == 3, timeout=5000)
    qtbot.waitUntil(lambda: [each.inside for each in bars.works] == [False], timeout=5000)
    assert [True] not in seen  # the one that was taken back
    session.undo()
    qtbot.waitUntil(lambda: len(bars.works) == 2, timeout=5000)
    canvas.set_tool("select")
    assert section.isHidden()


def test_delete_takes_the_chosen_row_back_and_not_the_instance(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, section: HelperSection
) -> None:
    hint_twice(qtbot, session, canvas)
    qtbot.waitUntil(lambda: len(section.bars.works) == 2, timeout=5000)
    bars = section.bars
    QTest.keyClick(bars, Qt.Key.Key_Down)
    QTest.keyClick(bars, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(bars.works) == 1, timeout=5000)
    assert session.document is not None
    assert len(session.document.annotations) == 1


def test_shares_are_parts_of_one_and_the_picture_paints(qtbot: QtBot) -> None:
    assert shares_of(Parts(30, 60, 10)) == (0.3, 0.6, 0.1)
    assert shares_of(Parts()) == (0, 0, 0)
    from app.instance_solving import Stroke
    from tests.app.test_instance_solving import solved

    spot = (60.3, 60.3)
    steps = solved(Stroke((spot,), False), Stroke((spot,), True))
    works = works_of(steps)
    bars = HelperBars()
    qtbot.addWidget(bars)
    bars.resize(330, 200)
    bars.set_works(works)
    bars.show()
    head = HelperHead()
    qtbot.addWidget(head)
    head.resize(330, head.height())
    head.set_works(works)
    image = head.grab().toImage()
    shown = np.array(
        [image.pixelColor(x, 29).name() for x in range(4, image.width() - 12, 4)]
    )  # the bar of the three shares
    assert len(set(shown)) >= 2
    over, frame = over_image(works[1], bars.strongest)
    assert not over.isNull()
    assert frame[2] > 0
    assert bars.hint_at(QPointF(5, 2 * ROW + 5)) == -1


def test_the_first_answer_of_fine_prototypes_is_named(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, section: HelperSection
) -> None:
    hint_twice(qtbot, session, canvas)
    qtbot.waitUntil(lambda: len(section.bars.works) == 2, timeout=5000)
    plain = [replace(each, fine=False) for each in section.bars.works]
    section.bars.set_works(plain)
    assert "fine" not in section.bars.words(0).lower()
    section.bars.set_works([replace(each, fine=True) for each in plain])
    assert names_of(section.bars.works)[0] == "fine prototypes"
    assert "first hint" in section.bars.words(0)


def test_with_many_hints_the_newest_is_in_sight_and_the_head_stays(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, section: HelperSection
) -> None:
    hint_twice(qtbot, session, canvas)
    qtbot.waitUntil(lambda: len(section.bars.works) == 2, timeout=5000)
    section._show(section.bars.works * 5)
    assert section.sizeHint().height() == section.head.height() + 4 * ROW
    section.resize(section.sizeHint())
    section.rows.resize(section.rows.width(), 4 * ROW)
    qtbot.waitUntil(lambda: section.bars.visibleRegion().contains(section.bars.row(9).center().toPoint()))
    assert not section.head.visibleRegion().isEmpty()
    QTest.keyClick(section.bars, Qt.Key.Key_Down)
    QTest.keyClick(section.bars, Qt.Key.Key_Up)
    assert section.bars.visibleRegion().contains(section.bars.row(0).center().toPoint())


def test_the_picture_of_a_small_row_shows_what_is_around_it() -> None:
    logits = np.zeros((90, 90), np.float32)
    logits[10:12, 80:82] = -3
    seen = around(logits)
    assert max(seen.shape) <= 31
    assert seen.min() == -3
    logits[5:85, 5:85] = 2
    assert around(logits).shape == (90, 90)
    assert not around(np.zeros((0, 0), np.float32)).any()

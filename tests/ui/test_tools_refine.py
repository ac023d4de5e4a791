"""Drawing a mask to the image's edges: previewed, one edit at the end, nothing where it is dropped."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId
from app.edits import EditKind
from app.geometry import to_mask, window
from tests.ui.canvas_fakes import FakeSession, disc, mask_annotation
from ui.canvas.view import Canvas
from ui.tools.refine import EdgeCard

SIZE = (300, 200)
ONE = AnnotationId(1)


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def canvas(canvas: Canvas, session: FakeSession) -> Canvas:
    pixels = np.full((SIZE[1], SIZE[0], 3), 40, np.uint8)
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    pixels[(columns - 150) ** 2 + (rows - 100) ** 2 < 50**2] = 210
    session.show(pixels, [mask_annotation(1, disc(152, 101, 48, SIZE), SIZE)])
    session.select([ONE])
    return canvas


@pytest.fixture
def dialog(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> EdgeCard:
    assert session.document is not None
    dialog = EdgeCard(canvas, session.document.annotations[ONE], Path("1.jpg"))
    dialog.show()
    qtbot.waitUntil(lambda: canvas.stage.live is not None, timeout=5000)
    return dialog


def error(session: FakeSession) -> int:
    """Pixels in which the mask is not the bright disc."""
    assert session.document is not None
    bits = window(to_mask(session.document.annotations[ONE].geometry, *SIZE), 0, 0, *SIZE)
    assert session.pixels is not None
    return int((bits != (session.pixels[..., 0] > 100)).sum())


def test_the_end_is_one_edit_nearer_to_the_edges(
    qtbot: QtBot, session: FakeSession, dialog: EdgeCard
) -> None:
    before = error(session)
    dialog.strength.setValue(100)
    qtbot.waitUntil(lambda: dialog._made is not None and dialog._made[0] == 100, timeout=5000)
    dialog.accept()
    assert [each.kind for each in session.applied] == [EditKind.RESHAPE]
    assert error(session) < 0.75 * before
    session.undo()
    assert error(session) == before


@pytest.mark.parametrize(("key", "edits"), [(Qt.Key.Key_Return, 1), (Qt.Key.Key_Escape, 0)])
def test_return_and_escape_are_the_cards_own(
    qtbot: QtBot, session: FakeSession, dialog: EdgeCard, key: Qt.Key, edits: int
) -> None:
    taken: list[Qt.Key] = []
    window = dialog.window()
    QShortcut(QKeySequence(key), window).activated.connect(lambda: taken.append(key))
    window.show()
    window.activateWindow()
    dialog.strength.setFocus()
    qtbot.waitUntil(dialog.strength.hasFocus)
    qtbot.keyClick(dialog.strength, key)
    qtbot.waitUntil(lambda: dialog._over)
    assert (taken, len(session.applied)) == ([], edits)


def test_accepted_before_the_answer_it_counts_with_the_answer(
    qtbot: QtBot, session: FakeSession, dialog: EdgeCard
) -> None:
    dialog.strength.setValue(100)
    dialog.strength.setFocus()
    qtbot.keyClick(dialog.strength, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(session.applied) == 1)
    assert dialog._made is not None
    assert dialog._made[0] == 100


def test_dropped_it_leaves_no_trace(session: FakeSession, canvas: Canvas, dialog: EdgeCard) -> None:
    dialog.reject()
    assert session.applied == []
    assert canvas.stage.live is None


def test_another_selection_ends_it(session: FakeSession, canvas: Canvas, dialog: EdgeCard) -> None:
    session.select([])
    assert canvas.stage.live is None
    assert session.applied == []


def test_without_a_change_nobody_corrected_anything(
    qtbot: QtBot, session: FakeSession, dialog: EdgeCard
) -> None:
    said: list[str] = []
    session.message.connect(lambda text, _: said.append(text))
    dialog.strength.setValue(dialog.strength.minimum())
    qtbot.waitUntil(lambda: dialog._made is not None, timeout=5000)
    dialog._made = (0, dialog._before)
    dialog.accept()
    assert session.applied == []
    assert "nothing changed" in said[-1]

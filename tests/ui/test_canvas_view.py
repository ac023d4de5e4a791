"""The canvas as a person has it: images appear, zoom stays under the cursor, edits show."""

import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationId, AnnotationState, ImageId
from app.edits import remove
from tests.ui.canvas_fakes import FakeSession, disc, mask_annotation, rectangle
from tests.ui.canvas_fakes import annotation as make
from ui.canvas.scene import Look
from ui.canvas.view import Canvas

SIZE = (300, 200)


@pytest.fixture
def session(qtbot: QtBot) -> FakeSession:
    return FakeSession()


@pytest.fixture
def canvas(canvas: Canvas) -> Canvas:
    canvas.resize(600, 424)
    return canvas


def grey(value: int = 90, size: tuple[int, int] = SIZE) -> np.ndarray:
    return np.full((size[1], size[0], 3), value, np.uint8)


def settle(qtbot: QtBot, canvas: Canvas) -> None:
    qtbot.waitUntil(lambda: canvas.stage.is_complete, timeout=5000)


def color_at(canvas: Canvas, x: float, y: float) -> tuple[int, int, int]:
    """What the screen shows at a point of the image."""
    assert canvas.view is not None
    at = canvas.view.to_widget(x, y)
    color = canvas.grab().toImage().pixelColor(round(at[0]), round(at[1]))
    return color.red(), color.green(), color.blue()


def wheel(canvas: Canvas, x: float, y: float, notches: int) -> None:
    at = QPointF(x, y)
    event = QWheelEvent(
        at,
        canvas.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(canvas, event)


def test_an_image_appears_fitted(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey(90))
    settle(qtbot, canvas)
    assert color_at(canvas, 150, 100) == (90, 90, 90)
    assert canvas.view is not None
    left, top, right, bottom = canvas.view.rect_to_widget((0, 0, *SIZE))
    assert 0 <= left < right <= 600
    assert 0 <= top < bottom <= 424


def test_instances_show_in_their_categorys_color(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey(90), [mask_annotation(1, disc(150, 100, 50, SIZE), SIZE, category=2)])
    settle(qtbot, canvas)
    red, green, _ = color_at(canvas, 150, 100)
    assert red > green + 30
    assert color_at(canvas, 20, 20) == (90, 90, 90)


def test_an_edit_shows_and_so_does_its_undo(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    instance = make(1, rectangle(100, 50, 200, 150), SIZE)
    session.show(grey(90), [instance])
    settle(qtbot, canvas)
    session.apply(remove(ImageId(1), [instance]))
    settle(qtbot, canvas)
    assert color_at(canvas, 150, 100) == (90, 90, 90)
    session.undo()
    settle(qtbot, canvas)
    assert color_at(canvas, 150, 100) != (90, 90, 90)


def test_the_threshold_hides_weak_proposals(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    weak = make(1, rectangle(100, 50, 200, 150), SIZE, state=AnnotationState.PROPOSED, score=0.3)
    session.show(grey(90), [weak])
    session.threshold = 0.5
    session.threshold_changed.emit(0.5)
    settle(qtbot, canvas)
    assert color_at(canvas, 150, 100) == (90, 90, 90)
    assert canvas.instances_at(150, 100) == []


@pytest.mark.parametrize(
    ("state", "scored"), [(AnnotationState.PROPOSED, True), (AnnotationState.ACCEPTED, False)]
)
def test_only_open_proposals_are_labelled_with_their_score(
    session: FakeSession, canvas: Canvas, state: AnnotationState, scored: bool
) -> None:
    session.show(grey(90), [make(1, rectangle(100, 50, 200, 150), SIZE, state=state, score=0.62)])
    (label,) = canvas.shown.labels()
    assert label.text.endswith("0.62") is scored


def test_peek_hides_everything_and_gives_it_back(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey(90), [make(1, rectangle(100, 50, 200, 150), SIZE)])
    session.select([AnnotationId(1)])
    canvas.peek(True)
    settle(qtbot, canvas)
    assert color_at(canvas, 150, 100) == (90, 90, 90)
    canvas.peek(False)
    settle(qtbot, canvas)
    assert color_at(canvas, 150, 100) != (90, 90, 90)


def test_the_wheel_zooms_to_the_cursor(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey())
    assert canvas.view is not None
    before, scale = canvas.view.to_image(200, 120), canvas.view.scale
    for notches in (1, 1, 1, -1, 2):
        wheel(canvas, 200, 120, notches)
        assert canvas.view.to_widget(*before) == pytest.approx((200, 120), abs=2.5)
    assert canvas.view.scale > 1.5 * scale


def test_the_middle_button_and_space_pan(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey())
    canvas.zoom_to(4.0)
    assert canvas.view is not None
    place = canvas.view.to_image(300, 200)
    QTest.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(300, 200))
    QTest.mouseMove(canvas, QPoint(340, 190))
    QTest.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=QPoint(340, 190))
    assert canvas.view.to_widget(*place) == pytest.approx((340, 190), abs=1)
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(340, 190))
    QTest.mouseMove(canvas, QPoint(300, 200))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(300, 200))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert canvas.view.to_widget(*place) == pytest.approx((300, 200), abs=1)
    assert session.selection == ()


def test_a_tap_on_space_is_the_windows_shortcut(qtbot: QtBot, session: FakeSession) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    canvas = Canvas(session)  # type: ignore[arg-type]
    window.setCentralWidget(canvas)
    action = QAction("Done", window)
    action.setShortcut("Space")
    window.addAction(action)
    tapped: list[bool] = []
    action.triggered.connect(lambda: tapped.append(True))
    window.show()
    session.show(grey())
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert len(tapped) == 1
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    assert len(tapped) == 1
    canvas.close_threads()


def test_fit_selection_brings_it_close(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey(), [make(1, rectangle(10, 10, 30, 30), SIZE)])
    session.select([AnnotationId(1)])
    canvas.fit_selection()
    assert canvas.view is not None
    assert canvas.view.to_widget(20, 20) == pytest.approx((300, 212), abs=2)
    assert canvas.view.scale > 8


def test_the_next_image_keeps_the_view_when_asked(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey())
    canvas.zoom_to(4.0)
    view = canvas.view
    canvas.keep_view = True
    session.show(grey(50), id=2)
    assert canvas.view == view
    session.show(grey(50, (500, 400)), id=3)  # another size: it is fitted
    assert canvas.view != view


def test_the_view_follows_the_widgets_size(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey())
    canvas.resize(300, 212)
    assert canvas.view is not None
    assert canvas.view.rect_to_widget((0, 0, *SIZE))[2] <= 300


def test_what_is_selected_stands_out(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey(90), [mask_annotation(1, disc(150, 100, 50, SIZE), SIZE)])
    settle(qtbot, canvas)
    before = color_at(canvas, 150, 100)
    session.select([AnnotationId(1)])
    settle(qtbot, canvas)
    assert color_at(canvas, 150, 100) != before
    session.select([])
    settle(qtbot, canvas)
    assert color_at(canvas, 150, 100) == before


def test_brightness_changes_the_screen_only(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey(90))
    canvas.set_look(Look(brightness=0.2))
    settle(qtbot, canvas)
    assert color_at(canvas, 100, 100)[0] == pytest.approx(141, abs=1)
    assert session.pixels is not None
    assert session.pixels[0, 0, 0] == 90


def test_a_large_file_is_read_by_the_canvas_itself(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, tmp_path: Path
) -> None:
    path = tmp_path / "1.jpg"
    pixels = np.full((3000, 4000, 3), 30, np.uint8)
    pixels[:, 2000:] = 220
    Image.fromarray(pixels).save(path)
    session.project.images_dir = tmp_path
    session.show(None, size=(4000, 3000))
    qtbot.waitUntil(lambda: canvas.stage.is_full, timeout=10000)
    settle(qtbot, canvas)
    assert color_at(canvas, 500, 1500)[0] == pytest.approx(30, abs=3)
    assert color_at(canvas, 3500, 1500)[0] == pytest.approx(220, abs=3)


def test_a_broken_large_file_is_said_in_words(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, tmp_path: Path
) -> None:
    (tmp_path / "1.jpg").write_bytes(b"no image")
    session.project.images_dir = tmp_path
    session.show(None, size=(4000, 3000))
    qtbot.waitUntil(lambda: bool(session.messages), timeout=5000)
    assert "1.jpg" in session.messages[0]


def test_a_preview_of_the_next_large_image_is_there_at_once(
    qtbot: QtBot, session: FakeSession, canvas: Canvas, tmp_path: Path
) -> None:
    for id, value in ((1, 30), (2, 200)):
        Image.fromarray(np.full((3000, 4000, 3), value, np.uint8)).save(tmp_path / f"{id}.jpg")
    session.project.images_dir = tmp_path
    session.show(None, size=(4000, 3000))
    assert session.document is not None
    first = session.document.image
    session.records = [first, replace(first, id=ImageId(2), path="2.jpg")]
    qtbot.waitUntil(lambda: canvas.stage.is_full, timeout=10000)
    qtbot.waitUntil(lambda: tmp_path / "2.jpg" in canvas._feed.source._previews, timeout=10000)
    session.show(None, size=(4000, 3000), id=2)
    assert canvas.stage.has_pixels  # before any thread has answered
    settle(qtbot, canvas)
    assert color_at(canvas, 2000, 1500)[0] == pytest.approx(200, abs=3)


def test_pixels_may_come_after_the_document(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(None, [make(1, rectangle(100, 50, 200, 150), SIZE)], size=SIZE)
    assert not canvas.stage.has_pixels
    session.pixels = grey(90)
    session.document_changed.emit()
    settle(qtbot, canvas)
    assert color_at(canvas, 10, 10) == (90, 90, 90)


def test_without_an_image_nothing_breaks(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey())
    session.document = None
    session.document_changed.emit()
    wheel(canvas, 10, 10, 1)
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    for name in ("box", "polygon", "brush", "eraser", "solve", "select"):
        canvas.set_tool(name)
        QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
        QTest.keyClick(canvas, Qt.Key.Key_Escape)
    canvas.fit()
    canvas.fit_selection()
    canvas.zoom_by(2)
    canvas.grab()
    assert canvas.view is None


def test_the_pointers_place_is_told(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey())
    places: list[tuple[float, float]] = []
    canvas.pointer_moved.connect(places.append)
    QTest.mouseMove(canvas, QPoint(300, 212))
    assert places[-1] == pytest.approx((150, 100), abs=1)


def test_every_tool_says_what_it_does(session: FakeSession, canvas: Canvas) -> None:
    session.show(grey())
    for name in ("select", "box", "polygon", "brush", "eraser", "solve"):
        canvas.set_tool(name)
        assert canvas.tool.name == name
        assert 10 < len(canvas.tool.hint) < 160
        assert "\n" not in canvas.tool.hint
    assert canvas.accessibleName()


def test_qt_calls_leave_none_alone(canvas: Canvas) -> None:
    """PySide6 6.12.0 takes a reference from None at each call, until Python before 3.12 aborts."""
    before = sys.getrefcount(None)
    for _ in range(500):
        canvas.setObjectName("canvas")
    assert sys.getrefcount(None) > before - 250


def test_no_thread_survives(qtbot: QtBot, session: FakeSession, canvas: Canvas) -> None:
    session.show(grey())
    settle(qtbot, canvas)
    canvas.close_threads()
    assert not [each for each in threading.enumerate() if each.name.startswith(("tiles", "image"))]

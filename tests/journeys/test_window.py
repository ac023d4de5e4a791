"""Work in the real window, with mouse and keys, on a real project; all of it is there the next time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationState, ImageState
from app.edits import Change, Edit, EditKind
from tests.builders import box_mask, make_annotation, make_project
from tests.journeys.watchdog import Watchdog
from ui import welcome
from ui.main_window import MainWindow
from ui.notice import SHOWN
from ui.session import Session

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Desk:
    """The window, and how a person gets at it."""

    def __init__(self, qtbot: QtBot, project: Path) -> None:
        self.qtbot = qtbot
        self.session = Session()
        self.session.auto_prelabel = False
        self.window = MainWindow(self.session)
        self.window.resize(1300, 800)
        self.window.show()
        qtbot.addWidget(self.window)
        self.session.open_project(project)
        qtbot.waitUntil(lambda: self.session.pixels is not None)
        qtbot.waitUntil(lambda: self.window.canvas.view is not None)
        self.window.activateWindow()
        self.window.canvas.setFocus()
        qtbot.waitUntil(lambda: self.window.isActiveWindow() and self.window.canvas.hasFocus())

    @property
    def states(self) -> list[AnnotationState]:
        assert self.session.document is not None
        return [each.state for each in self.session.document.annotations.values()]

    def place(self, x: float, y: float) -> QPoint:
        """The widget's point over an image point."""
        view = self.window.canvas.view
        assert view is not None
        across, down = view.to_widget(x, y)
        return QPoint(round(across), round(down))

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        canvas, left = self.window.canvas, Qt.MouseButton.LeftButton
        self.qtbot.mousePress(canvas, left, pos=self.place(*start))
        for step in (0.3, 0.7, 1.0):
            x, y = (a + (b - a) * step for a, b in zip(start, end, strict=True))
            self.qtbot.mouseMove(canvas, self.place(x, y))
        self.qtbot.mouseRelease(canvas, left, pos=self.place(*end))

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        self.qtbot.keyClick(self.window.canvas, key, modifiers)
        QApplication.processEvents()

    def wait(self, image: str) -> None:
        session = self.session
        self.qtbot.waitUntil(lambda: session.document is not None and session.document.image.path == image)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[None]:
    """Settings of this test alone."""
    before = QSettings.defaultFormat()
    QSettings.setDefaultFormat(QSettings.Format.IniFormat)
    for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
        QSettings.setPath(QSettings.Format.IniFormat, scope, str(tmp_path / "settings"))
    yield
    QSettings.setDefaultFormat(before)


@pytest.fixture
def project(tmp_path: Path, settings: None, watchdog: Watchdog) -> Path:
    """Three images, the first with two proposals at the right."""
    made = make_project(tmp_path)
    document = made.document(made.images()[0].id)
    proposals = [
        make_annotation(document, box_mask(50, top, 20, 14), state=AnnotationState.PROPOSED, score=score)
        for top, score in ((5, 0.9), (35, 0.8))
    ]
    document.apply(
        Edit(EditKind.PRELABEL, document.image.id, tuple(Change(None, each) for each in proposals))
    )
    made.close()
    return tmp_path / "project"


def test_a_person_draws_accepts_relabels_undoes_and_finds_it_all_again(qtbot: QtBot, project: Path) -> None:
    desk = Desk(qtbot, project)
    session, proposed, drawn = desk.session, AnnotationState.PROPOSED, AnnotationState.DRAWN
    assert desk.states == [proposed, proposed]

    desk.key(Qt.Key.Key_R)
    assert session.tool == "box"
    desk.drag((5, 10), (35, 40))
    assert desk.states == [proposed, proposed, drawn]
    assert session.document is not None
    box = list(session.document.annotations.values())[-1]
    assert box.bbox == pytest.approx((5, 10, 30, 30), abs=1)

    desk.key(Qt.Key.Key_V)
    qtbot.mouseClick(desk.window.canvas, Qt.MouseButton.LeftButton, pos=desk.place(60, 12))
    first = next(iter(session.document.annotations))
    assert session.selection == (first,)
    desk.key(Qt.Key.Key_Return)
    assert desk.states == [AnnotationState.ACCEPTED, proposed, drawn]
    assert session.selection != (first,)  # the next proposal
    session.select([first])

    desk.key(Qt.Key.Key_2)
    assert session.document.annotations[first].category_id == 2
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert session.document.annotations[first].category_id == 1
    desk.key(Qt.Key.Key_Z, CONTROL | SHIFT)
    assert session.document.annotations[first].category_id == 2

    desk.key(Qt.Key.Key_Return, CONTROL)
    desk.wait("1.jpg")
    assert session.records[0].state is ImageState.DONE
    assert "1.jpg" in desk.window.windowTitle()
    kept = session.open_document(session.records[0].id)
    assert kept is not None
    before = dict(kept.annotations)
    desk.window.close()

    desk = Desk(qtbot, project)
    desk.wait("1.jpg")
    assert [each.state for each in desk.session.records] == [ImageState.DONE, ImageState.NEW, ImageState.NEW]
    desk.key(Qt.Key.Key_A)
    desk.wait("0.jpg")
    assert desk.session.document is not None
    assert dict(desk.session.document.annotations) == before
    desk.key(Qt.Key.Key_Z, CONTROL)
    assert desk.session.document.state is ImageState.IN_PROGRESS
    desk.window.close()


def test_the_threshold_slider_hides_proposals(qtbot: QtBot, project: Path) -> None:
    desk = Desk(qtbot, project)
    desk.window.threshold.setValue(85)
    qtbot.waitUntil(lambda: desk.session.threshold == 0.85)
    qtbot.waitUntil(lambda: len(desk.session.visible_proposals()) == 1)
    desk.key(Qt.Key.Key_Plus)
    qtbot.waitUntil(lambda: desk.window.threshold.value() == 90)
    desk.window.close()


def test_an_error_is_shown_until_it_is_closed(qtbot: QtBot, project: Path) -> None:
    desk = Desk(qtbot, project)
    desk.session.message.emit("expected a file, got none; choose one", "error")
    assert desk.window.notice.isVisible()
    assert desk.window.notice.text.text().startswith("Expected a file, got none")
    desk.window.close()


def test_an_error_goes_some_time_after_another_image_has_come(
    qtbot: QtBot, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(qtbot, project)
    desk.session.message.emit("0.jpg: expected an image", "error")
    monkeypatch.setitem(SHOWN, "warning", 1)
    desk.session.document_changed.emit()  # still the same image
    assert desk.window.notice.isVisible()
    desk.key(Qt.Key.Key_D)
    desk.wait("1.jpg")
    qtbot.waitUntil(lambda: not desk.window.notice.isVisible())
    desk.window.close()


def test_closing_the_project_shows_the_ways_to_begin_and_remembers_it(qtbot: QtBot, project: Path) -> None:
    desk = Desk(qtbot, project)
    desk.session.close_project()
    assert desk.window.pages.currentIndex() == 0
    assert welcome.recent() == [project]
    desk.session.open_project(project)
    desk.wait("0.jpg")
    assert desk.window.pages.currentIndex() == 1
    desk.window.close()

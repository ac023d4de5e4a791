"""What is asked first becomes an edit first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.annotation import ImageState
from app.document import ImageDocument
from app.edits import EditKind, add, change
from tests.ui.canvas_fakes import disc, mask_annotation
from ui.main_window import MainWindow
from ui.open_image import OVERTAKEN
from ui.session import Session
from ui.turns import Turns, turns_of

SIZE = (80, 60)


class Errand:
    """Adds an instance once it is let go, off the GUI thread."""

    def __init__(self, session: Session, document: ImageDocument) -> None:
        self.go_on, self.thread = threading.Event(), threading.main_thread()
        made = mask_annotation(int(document.new_id()), disc(30, 30, 10, SIZE), SIZE)
        self.made = replace(made, image_id=document.image.id)
        turns_of(session).begin(document, self, lambda answer: document.apply(answer))

    def __call__(self) -> object:
        self.thread = threading.current_thread()
        assert self.go_on.wait(60)
        return add(self.made.image_id, [self.made])


@pytest.fixture
def errand(session: Session) -> Iterator[Errand]:
    assert session.document is not None
    made = Errand(session, session.document)
    yield made
    made.go_on.set()


def idle(qtbot: QtBot, session: Session) -> None:
    qtbot.waitUntil(lambda: turns_of(session).idle)


def test_undo_takes_back_what_was_still_on_its_way(qtbot: QtBot, session: Session, errand: Errand) -> None:
    document = session.document
    assert document is not None
    session.set_image_state(ImageState.SKIPPED)
    session.undo()
    session.undo()
    assert document.state is not ImageState.SKIPPED
    errand.go_on.set()
    idle(qtbot, session)
    assert errand.made.id not in document.annotations
    assert document.redo() is not None
    assert errand.made.id in document.annotations  # it is the older one of the two
    assert document.redo() is not None
    assert document.state is ImageState.SKIPPED
    assert errand.thread is not threading.main_thread()


def test_other_images_do_not_wait(qtbot: QtBot, session: Session, errand: Errand) -> None:
    session.step(1)
    qtbot.waitUntil(lambda: session.document is not None and session.document.image.id == session.image_id)
    assert session.document is not None
    session.set_image_state(ImageState.SKIPPED)
    assert session.document.state is ImageState.SKIPPED


def test_an_edit_that_was_overtaken_says_so(qtbot: QtBot, session: Session, errand: Errand) -> None:
    document, told = session.document, list[str]()
    assert document is not None
    session.message.connect(lambda words, kind: told.append(words))
    stale = mask_annotation(int(errand.made.id), disc(20, 20, 5, SIZE), SIZE)
    session.apply(change(EditKind.RESHAPE, document.image.id, [(stale, errand.made)]))
    errand.go_on.set()
    idle(qtbot, session)
    assert told == [OVERTAKEN]
    assert errand.made.id in document.annotations


def test_a_project_is_closed_after_what_is_on_its_way(
    qtbot: QtBot, session: Session, errand: Errand, open_session: Callable[[Path], Session]
) -> None:
    project = session.project
    assert project is not None
    session.close_project()
    assert session.project is project
    errand.go_on.set()
    qtbot.waitUntil(lambda: session.project is None)
    session.close()
    again = open_session(project.folder)
    assert again.document is not None
    assert errand.made.id in again.document.annotations


def test_the_window_closes_once_what_is_on_its_way_is_there(
    qtbot: QtBot, session: Session, errand: Errand, open_session: Callable[[Path], Session]
) -> None:
    project = session.project
    assert project is not None
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    assert not window.close()
    assert not window.close()
    errand.go_on.set()
    qtbot.waitUntil(lambda: not window.isVisible())
    assert session.project is None
    again = open_session(project.folder)
    assert again.document is not None
    assert errand.made.id in again.document.annotations


def test_the_document_is_kept_while_something_is_on_its_way_to_it(session: Session, errand: Errand) -> None:
    document = session.document
    assert document is not None
    assert session._reading is not None
    session._reading.forget(document.image.id)  # as when many others were read since
    assert session.open_document(document.image.id) is document


def test_what_is_dropped_holds_nothing_up(qtbot: QtBot, session: Session) -> None:
    document, turns, done = session.document, turns_of(session), list[str]()
    assert document is not None
    go_on = threading.Event()
    first = turns.begin(document, lambda: go_on.wait(60), lambda answer: done.append("first"))
    turns.run(document, lambda: done.append("asked"))
    assert done == []
    turns.drop(first)
    qtbot.waitUntil(lambda: done == ["asked"])
    go_on.set()


def test_a_bug_in_one_holds_nothing_up(
    qtbot: QtBot, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    document, turns, answers = session.document, turns_of(session), list[str]()
    assert document is not None
    turns.begin(document, lambda: 1 // 0, lambda answer: answers.append(str(answer)))
    turns.begin(document, lambda: "fine", lambda answer: answers.append(str(answer)))
    qtbot.waitUntil(lambda: len(answers) == 2)
    assert "something went wrong" in answers[0]
    assert answers[1] == "fine"


def test_a_session_has_one_set_of_turns(session: Session) -> None:
    assert isinstance(turns_of(session), Turns)
    assert turns_of(session) is turns_of(session)

"""The table of actions: whole, without double keys, and all of it in menus and help."""

from __future__ import annotations

from collections import Counter
from html import unescape

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationState
from tests.ui.acting import document_of, draw, propose
from ui.action_spec import NEEDS, always
from ui.actions import ACTIONS, BY_ID, MENUS
from ui.canvas.transform import centred
from ui.commands import HIDDEN
from ui.dialogs.help import page
from ui.edit_commands import LAST
from ui.main_window import MainWindow
from ui.menus import SIDE_BAR, TOP_BAR, TOP_IDS
from ui.session import Session
from ui.shortcuts import PRESETS, conflicts, defaults, normal, shown
from ui.theme import RESOURCES
from ui.tools.sources import WAIT
from ui.welcome import remember


def test_every_action_has_an_id_of_its_own() -> None:
    assert [name for name, count in Counter(spec.id for spec in ACTIONS).items() if count > 1] == []


@pytest.mark.parametrize("preset", PRESETS)
def test_no_key_of_a_preset_stands_for_two_actions(preset: str) -> None:
    assert conflicts(defaults(preset)) == {}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_key_of_a_preset_is_a_key_and_of_a_known_action(preset: str, qapp: object) -> None:
    assert set(PRESETS[preset]) <= set(BY_ID)
    assert [key for keys in defaults(preset).values() for key in keys if not normal(key)] == []


def test_every_action_stands_in_a_menu_or_has_a_key() -> None:
    assert [spec.id for spec in ACTIONS if not spec.menu and not spec.keys] == []
    assert {spec.menu for spec in ACTIONS if spec.menu} == set(MENUS)


def test_the_help_page_names_every_action_with_its_key(qapp: object) -> None:
    keys = defaults()
    text = page(keys)
    for spec in ACTIONS:
        if keys[spec.id]:
            assert f"<b>{shown(keys[spec.id])}</b></td><td>{spec.text.rstrip(' …')}" in unescape(text)


def test_the_help_page_can_be_searched(qapp: object) -> None:
    text = page(defaults(), "polygon")
    assert "Polygon" in text
    assert "Quit" not in text


def test_every_icon_is_there() -> None:
    names = {spec.icon for spec in ACTIONS if spec.icon}
    assert [name for name in names if not (RESOURCES / "icons" / f"{name}.svg").is_file()] == []


def test_the_bars_hold_known_actions_with_icons() -> None:
    named = [TOP_IDS.get(name, name) for name in (*TOP_BAR, *SIDE_BAR) if name]
    assert [name for name in named if not BY_ID[name].icon] == []


def test_actions_can_be_used_when_there_is_something_to_use_them_on(session: Session, qtbot: QtBot) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    actions = window.actions_.by_id
    assert actions["export"].isEnabled()
    assert not actions["undo"].isEnabled()
    assert not actions["delete"].isEnabled()
    made = draw(session)
    session.select([made.id])
    assert actions["undo"].isEnabled()
    actions["delete"].trigger()
    assert not document_of(session).annotations
    actions["tool.brush"].trigger()
    assert (actions["tool.brush"].isChecked(), actions["tool.select"].isChecked()) == (True, False)
    session.close_project()
    assert not actions["export"].isEnabled()
    assert actions["project.open"].isEnabled()


def test_a_key_that_finds_nothing_to_do_says_so(session: Session, qtbot: QtBot) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))
    for name in ("accept", "accept.all", "reject", "paste", "previous"):
        window.actions_.by_id[name].trigger()
        assert len(said) == 1, name
        said.clear()


def test_accepting_and_rejecting_go_on_to_the_next_proposal(session: Session, qtbot: QtBot) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))
    first, second, third = propose(session, 0.5, 0.9, 0.7)  # side by side
    mine = draw(session, 50)
    accept, reject = (window.actions_.by_id[name].trigger for name in ("accept", "reject"))

    def states() -> list[AnnotationState]:
        there = document_of(session).annotations
        return [there[each.id].state for each in (first, second, third, mine)]

    session.select([second.id])
    accept()
    assert session.selection == (third.id,)
    reject()
    assert session.selection == (first.id,)  # from the end to the beginning
    session.select([mine.id])
    accept()  # nothing to accept here: it only goes on
    assert session.selection == (first.id,)
    assert states()[0] is AnnotationState.PROPOSED
    accept()
    assert session.selection == ()
    assert states() == [
        AnnotationState.ACCEPTED,
        AnnotationState.ACCEPTED,
        AnnotationState.REJECTED,
        AnnotationState.DRAWN,
    ]
    assert said == [LAST]


def test_the_buttons_of_the_list_go_on_as_the_keys_do(session: Session, qtbot: QtBot) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    first, second, third = propose(session, 0.5, 0.9, 0.7)
    session.select([first.id])
    qtbot.waitUntil(window.annotations.accept.isEnabled)
    window.annotations.accept.click()
    assert session.selection == (second.id,)
    window.annotations.reject.click()
    assert session.selection == (third.id,)


def test_the_next_proposal_comes_into_view(session: Session, qtbot: QtBot) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    canvas = window.canvas
    qtbot.waitUntil(lambda: canvas.view is not None)
    first, second = propose(session, 0.5, 0.9)
    assert canvas.view is not None
    canvas.zoom_to(64.0)
    canvas.set_view(centred(canvas.view, (2.0, 30.0), (canvas.width(), canvas.height())))
    session.select([first.id])
    window.actions_.by_id["accept"].trigger()
    x, y, width, height = second.bbox
    place = canvas.view.to_widget(x + width / 2, y + height / 2)
    assert place == pytest.approx((canvas.width() / 2, canvas.height() / 2), abs=1)


def test_hiding_everything_says_how_it_comes_back(session: Session, qtbot: QtBot) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))
    window.actions_.by_id["hide.all"].trigger()
    assert said == [HIDDEN]
    window.actions_.by_id["hide.all"].trigger()
    assert said == [HIDDEN]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (Qt.Key.Key_Period, "Grow by a pixel: choose an instance first, by a click or Tab"),
        (Qt.Key.Key_M, "Merge the chosen ones: choose several instances first, with Shift and clicks"),
    ],
)
def test_a_key_that_needs_something_says_what(
    session: Session, qtbot: QtBot, key: Qt.Key, words: str
) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    window.canvas.setFocus()
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))
    qtbot.keyClick(window.canvas, key)
    assert said == [words]


def test_every_condition_has_words() -> None:
    assert {spec.when for spec in ACTIONS} - {always} <= set(NEEDS)


def test_every_menu_has_a_letter_of_its_own(session: Session, qtbot: QtBot) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    titles = [action.text() for action in window.menuBar().actions()]
    letters = [QKeySequence.mnemonic(title).toString() for title in titles]
    assert [title.replace("&", "") for title in titles] == list(MENUS)
    assert "" not in letters
    assert len(set(letters)) == len(letters)


def test_asking_for_files_begins_beside_the_project(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    begun: list[str] = []
    dialog = "ui.file_commands.QFileDialog"
    monkeypatch.setattr(f"{dialog}.getOpenFileName", lambda *given: (begun.append(given[2]), ("", ""))[1])
    monkeypatch.setattr(f"{dialog}.getExistingDirectory", lambda *given: (begun.append(given[2]), "")[1])
    assert session.project is not None
    remember(session.project.folder)
    for name in ("import", "project.open"):
        window.actions_.by_id[name].trigger()
    assert begun == [str(session.project.folder.parent)] * 2


def test_images_that_were_moved_are_shown_again(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    assert session.project is not None
    before, now = session.project.images_dir, session.project.images_dir.with_name("elsewhere")
    before.rename(now)
    with qtbot.waitSignal(session.message) as told:
        session.rescan()
    assert "Find the images" in told.args[0]
    dialog = "ui.file_commands.QFileDialog.getExistingDirectory"
    monkeypatch.setattr(dialog, lambda *given: str(now))
    with qtbot.waitSignal(session.message) as told:
        window.actions_.by_id["project.images"].trigger()
    assert told.args[0] == "3 of the project's 3 images are in elsewhere."
    assert window.notice.text.text() == told.args[0]
    qtbot.waitUntil(lambda: session.pixels is not None)
    assert session.project.images_dir == now


def test_asking_the_model_is_acknowledged_at_once(session: Session, qtbot: QtBot) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))
    window.actions_.by_id["prelabel.this"].trigger()
    assert said[:1] == [WAIT]
    session.close_project()


@pytest.mark.parametrize("name", ["accept", "accept.all", "reject"])
def test_what_becomes_of_all_proposals_at_once_is_said(session: Session, qtbot: QtBot, name: str) -> None:
    window = MainWindow(session)
    qtbot.addWidget(window)
    said: list[str] = []
    session.message.connect(lambda words, kind: said.append(words))
    propose(session, 0.5, 0.9, 0.1)
    window.actions_.by_id[name].trigger()
    assert said == [f"2 proposals {name.split('.')[0]}ed. Undo takes it back."]
    assert not session.visible_proposals()

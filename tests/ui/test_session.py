"""What the session remembers, does and keeps, on real projects."""

from __future__ import annotations

import os
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.annotation import AnnotationState, CategoryId, ImageId, ImageState
from app.edits import Edit
from app.errors import StoreError
from app.records import DocumentData, ImageRecord
from tests.ui.acting import document_of, draw, propose, written
from ui.session import Session

Open = Callable[[Path], Session]


def test_opening_shows_the_first_image_with_its_pixels(session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: session.pixels is not None)
    assert session.pixels is not None
    assert session.pixels.shape == (60, 80, 3)
    assert document_of(session).image.path == "0.jpg"
    assert [each.name for each in session.categories] == ["cat", "dog"]
    assert session.category == session.categories[0]


def test_a_folder_without_a_project_is_told_in_one_line(qtbot: QtBot, tmp_path: Path) -> None:
    session = Session()
    with qtbot.waitSignal(session.message) as told:
        session.open_project(tmp_path)
    assert told.args is not None
    assert "expected a project" in told.args[0]
    assert told.args[1] == "error"
    session.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_files_whose_names_are_no_text_are_told_once(session: Session, qtbot: QtBot) -> None:
    assert session.project is not None
    images = session.project.images_dir
    shutil.copy(os.fsencode(images / "0.jpg"), os.fsencode(images) + b"/caf\xe9.jpg")
    with qtbot.waitSignal(session.message) as told:
        session.rescan()
    assert told.args is not None
    assert "passed over 1 file: " in told.args[0]
    assert "caf\\xe9.jpg" in told.args[0]
    assert told.args[1] == "warning"
    with qtbot.assertNotEmitted(session.message, wait=200):
        session.rescan()
        written(session)


def test_steps_stop_at_the_ends_and_skip_what_is_not_wanted(session: Session, qtbot: QtBot) -> None:
    session.step(-1)
    assert session.image_id == session.records[0].id
    session.step(1, lambda record: record.path == "2.jpg")
    qtbot.waitUntil(lambda: document_of(session).image.path == "2.jpg")
    session.step(1)
    assert session.image_id == session.records[2].id


def test_quick_steps_end_with_the_document_of_the_last(session: Session, qtbot: QtBot) -> None:
    for _ in range(5):
        session.step(1)
        session.step(-1)
    session.step(1)
    qtbot.waitUntil(lambda: document_of(session).image.id == session.image_id == session.records[1].id)


def test_edits_undo_and_redo_survive_reopening(session: Session, open_session: Open, qtbot: QtBot) -> None:
    folder = session.project.folder if session.project else Path()
    first, second, third = (draw(session, left) for left in (5, 20, 35))
    session.undo()
    session.undo()
    session.redo()
    assert set(document_of(session).annotations) == {first.id, second.id}
    session.close()
    again = open_session(folder)
    assert set(document_of(again).annotations) == {first.id, second.id}
    again.redo()
    assert third.id in document_of(again).annotations
    for _ in range(3):
        again.undo()
    assert not document_of(again).annotations
    assert document_of(again).state is ImageState.NEW


def test_the_first_work_on_an_image_puts_it_in_progress(session: Session) -> None:
    with_state: list[ImageRecord] = []
    session.image_state_changed.connect(with_state.append)
    draw(session)
    assert document_of(session).state is ImageState.IN_PROGRESS
    assert (with_state[-1].state, with_state[-1].annotation_count) == (ImageState.IN_PROGRESS, 1)
    assert session.records[0] == with_state[-1]


def test_an_edit_made_while_the_disk_is_read_after_a_failed_write_stays(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert session.project is not None
    store, document = session.project.store, document_of(session)
    read, drawn = threading.Event(), threading.Event()
    load, append = store.load_document, store.append

    def slow(image_id: ImageId) -> DocumentData:
        data = load(image_id)
        read.set()
        assert drawn.wait(10)
        return data

    def refuse(edit: Edit) -> None:
        raise StoreError("expected to write the edit, the disk is full; make room")

    monkeypatch.setattr(store, "append", refuse)
    monkeypatch.setattr(store, "load_document", slow)
    lost = draw(session)
    qtbot.waitUntil(read.is_set)
    monkeypatch.setattr(store, "append", append)
    kept = draw(session, 40)
    drawn.set()
    qtbot.waitUntil(lambda: lost.id not in document.annotations)
    written(session)
    assert list(document.annotations) == [kept.id]
    assert [each.id for each in load(document.image.id).annotations] == [kept.id]


def test_a_failed_write_is_told_and_memory_goes_back_to_the_disk(
    session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = draw(session)
    written(session)
    assert session.project is not None

    def full(*_: object) -> None:
        raise StoreError("expected to write the edit, the disk is full; make room")

    with monkeypatch.context() as disk:
        disk.setattr(session.project.store, "append", full)
        with qtbot.waitSignal(session.message) as told:
            lost = draw(session, 40)
            session.select([lost.id])
        assert told.args == ["expected to write the edit, the disk is full; make room", "error"]
        qtbot.waitUntil(lambda: set(document_of(session).annotations) == {kept.id})
    assert session.selection == ()
    draw(session, 40)
    assert len(document_of(session).annotations) == 2


def test_accepting_without_a_selection_takes_what_the_threshold_shows(session: Session) -> None:
    strong, weak = propose(session, 0.9, 0.1)
    session.accept()
    there = document_of(session).annotations
    assert there[strong.id].state is AnnotationState.ACCEPTED
    assert there[weak.id].state is AnnotationState.PROPOSED


def test_a_rejected_proposal_is_kept_out_of_sight_and_out_of_the_selection(session: Session) -> None:
    one, two = propose(session, 0.9, 0.8)
    session.select([one.id, two.id])
    session.reject()
    there = document_of(session).annotations
    assert {there[each.id].state for each in (one, two)} == {AnnotationState.REJECTED}
    assert session.selection == ()
    assert not session.visible(there[one.id])
    session.undo()
    assert session.visible(document_of(session).annotations[one.id])


def test_deleting_a_drawn_instance_removes_it(session: Session) -> None:
    made = draw(session)
    session.select([made.id])
    session.delete_selection()
    assert not document_of(session).annotations


def test_relabelling_a_proposal_accepts_it(session: Session) -> None:
    (one,) = propose(session, 0.9)
    session.select([one.id])
    session.relabel(CategoryId(2))
    there = document_of(session).annotations[one.id]
    assert (there.category_id, there.state) == (2, AnnotationState.ACCEPTED)


def test_a_duplicate_stands_aside_and_is_chosen(session: Session) -> None:
    made = draw(session)
    session.select([made.id])
    session.duplicate()
    (new,) = session.selection
    copy = document_of(session).annotations[new]
    assert new != made.id
    assert copy.bbox == (made.bbox[0] + 12, made.bbox[1] + 12, made.bbox[2], made.bbox[3])


def test_a_copy_is_pasted_at_the_same_place_of_another_image(session: Session, qtbot: QtBot) -> None:
    made = draw(session, category=2)
    session.select([made.id])
    session.copy()
    session.step(1)
    qtbot.waitUntil(lambda: document_of(session).image.path == "1.jpg")
    session.paste()
    (pasted,) = document_of(session).annotations.values()
    assert (pasted.bbox, pasted.category_id) == (made.bbox, 2)
    assert pasted.id != made.id


def test_the_threshold_shows_and_hides_without_a_model(session: Session) -> None:
    strong, weak = propose(session, 0.9, 0.4)
    session.set_threshold(0.5)
    assert session.visible_proposals() == [strong.id]
    session.set_threshold(0.2)
    assert session.visible_proposals() == [strong.id, weak.id]
    session.toggle_hidden([strong.id])
    assert session.visible_proposals() == [weak.id]
    assert session.model.inference is None


def test_the_threshold_is_kept_with_the_project(session: Session, open_session: Open) -> None:
    folder = session.project.folder if session.project else Path()
    session.set_threshold(0.65)
    session.close()
    assert open_session(folder).threshold == 0.65


def test_several_images_go_to_a_state_each_undoable(session: Session, qtbot: QtBot) -> None:
    session.set_states([record.id for record in session.records[1:]], ImageState.DONE)
    qtbot.waitUntil(lambda: [each.state for each in session.records[1:]] == [ImageState.DONE] * 2)
    assert session.records[0].state is ImageState.NEW
    session.step(1)
    qtbot.waitUntil(lambda: document_of(session).image.id == session.records[1].id)
    session.undo()
    assert session.records[1].state is ImageState.NEW
    written(session)
    assert session.project is not None
    project = session.project
    states = session.workers.wait_for_project(lambda: [each.state for each in project.images()])
    assert states == [ImageState.NEW, ImageState.NEW, ImageState.DONE]


def test_done_goes_on_to_the_next_image_that_is_not(session: Session, qtbot: QtBot) -> None:
    session.set_states([session.records[1].id], ImageState.DONE)
    qtbot.waitUntil(lambda: session.records[1].state is ImageState.DONE)
    session.done_and_next()
    assert session.records[0].state is ImageState.DONE
    qtbot.waitUntil(lambda: document_of(session).image.id == session.records[2].id)


def test_a_new_category_is_the_current_one(session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session.category_changed):
        session.categories.add("cow")
    assert [each.name for each in session.categories] == ["cat", "dog", "cow"]
    assert session.category == session.categories[2]


def test_a_category_in_use_stays_and_says_why(session: Session, qtbot: QtBot) -> None:
    draw(session, category=2)
    with qtbot.waitSignal(session.message) as told:
        session.categories.remove(CategoryId(2))
    assert told.args is not None
    assert "1 annotations have it" in told.args[0]
    assert len(session.categories) == 2
    with qtbot.waitSignal(session.categories_changed):
        session.categories.remove(CategoryId(1))
    assert [each.name for each in session.categories] == ["dog"]
    assert session.category == session.categories[0]


def test_a_renamed_category_keeps_its_id(session: Session, qtbot: QtBot) -> None:
    with qtbot.waitSignal(session.categories_changed):
        session.categories.update(replace(session.categories[0], name="tiger"))
    assert (session.categories[0].id, session.categories[0].name) == (1, "tiger")


def test_a_file_that_is_no_image_is_told_and_the_next_one_opens(
    tmp_path: Path, project_folder: Path, open_session: Open, qtbot: QtBot
) -> None:
    (tmp_path / "images" / "1.jpg").write_bytes(b"not a picture")
    session = open_session(project_folder)
    told: list[str] = []
    session.message.connect(lambda words, kind: told.append(words))
    session.step(1)
    qtbot.waitUntil(lambda: bool(told))
    assert "1.jpg" in told[0]
    assert "\n" not in told[0]
    session.step(1)
    qtbot.waitUntil(lambda: session.document is not None and session.document.image.path == "2.jpg")


def test_new_files_are_found_by_looking_again(session: Session, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "images" / "9.jpg").write_bytes((tmp_path / "images" / "0.jpg").read_bytes())
    with qtbot.waitSignal(session.images_changed):
        session.rescan()
    assert [each.path for each in session.records] == ["0.jpg", "1.jpg", "2.jpg", "9.jpg"]


def test_closing_forgets_everything(session: Session) -> None:
    draw(session)
    session.close_project()
    assert (session.project, session.document, session.records, session.selection) == (None, None, [], ())

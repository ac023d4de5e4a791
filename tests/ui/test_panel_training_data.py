"""What a run would be trained on, counted while somebody looks."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from app.annotation import CategoryId, ImageState
from tests.ui.acting import draw, written
from ui.panels.training_data import NAMED, TrainingData, by_category
from ui.session import Session

NAMES = {CategoryId(1): "cat", CategoryId(2): "dog"}


@pytest.fixture
def data(session: Session, qtbot: QtBot) -> TrainingData:
    made = TrainingData(session)
    qtbot.addWidget(made)
    made.show()
    return made


def test_instances_of_finished_images_are_counted_by_category(
    data: TrainingData, session: Session, qtbot: QtBot
) -> None:
    draw(session)
    draw(session, 40, category=2)
    draw(session, 10, 30, category=2)
    written(session)
    session.set_image_state(ImageState.DONE)
    qtbot.waitUntil(lambda: "dog 2, cat 1" in data.text())
    assert "none of" not in data.text()


def test_a_category_without_an_instance_is_named_before_the_start(
    data: TrainingData, session: Session, qtbot: QtBot
) -> None:
    draw(session)
    written(session)
    session.set_image_state(ImageState.DONE)
    qtbot.waitUntil(lambda: "cat 1, none of dog" in data.text())


def test_nothing_is_counted_for_nobody(data: TrainingData, session: Session, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: "0 of at least 5" in data.text())
    data.hide()
    session.set_image_state(ImageState.DONE)
    data.again()
    assert "0 of at least 5" in data.text()
    data.show()
    qtbot.waitUntil(lambda: "1 of at least 5" in data.text())
    assert not data.enough


def test_without_a_project_nothing_can_be_trained(data: TrainingData, session: Session) -> None:
    session.close_project()
    data.again()
    assert data.text() == "No project"
    assert not data.enough


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, ""),
        ({CategoryId(1): 1, CategoryId(2): 1234}, "dog 1,234, cat 1"),
        ({CategoryId(2): 3}, "dog 3, none of cat"),
        ({CategoryId(2): 3, CategoryId(9): 1}, "dog 3, ? 1, none of cat"),
    ],
)
def test_instances_by_category(counts: dict[CategoryId, int], words: str) -> None:
    assert by_category(NAMES, counts) == words


def test_many_categories_are_cut_short() -> None:
    names = {CategoryId(each): f"c{each}" for each in range(3 * NAMED)}
    counts = dict.fromkeys(list(names)[: NAMED + 2], 1)
    words = by_category(names, counts)
    assert f"c{NAMED - 1} 1, 2 more, none of c{NAMED + 2}" in words
    assert words.endswith(" …")

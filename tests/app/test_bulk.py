"""Many images in order: masks made beside the network, bounded, cancelled when nobody goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.bulk import AHEAD, DEATHS, Deaths, in_order
from app.errors import HostError, ImageError, InputError
from app.inference import Inference, Priority
from model.messages import Prediction
from tests.app.fake_host import prediction_of


@pytest.fixture
def inference(inference: Inference) -> Inference:
    inference.load().result(30)
    return inference


def test_answers_come_in_order_and_failures_where_they_belong(inference: Inference) -> None:
    names = [f"image{number}" for number in range(9)]
    names[3] = "bad"
    found = []
    for name, result in in_order(
        names,
        inference,
        lambda name: inference.predict(Path(name), priority=Priority.BULK),
        lambda name, prediction: (name, len(prediction), threading.current_thread().name.startswith("bulk")),
    ):
        try:
            found.append(result.result(30))
        except InputError:
            found.append((name, 0, True))
    assert found == [(name, int(name != "bad"), True) for name in names]


def test_what_is_there_already_is_not_asked_for(inference: Inference) -> None:
    ready = prediction_of(Path("a"), detections=2)
    results = in_order(["a"], inference, lambda _: ready, lambda _, prediction: len(prediction))
    assert [result.result(30) for _, result in results] == [2]


def test_few_are_asked_for_and_made_ahead_and_closing_ends_it(inference: Inference) -> None:
    asked: list[int] = []
    made: list[int] = []

    def ask(number: int) -> Prediction:
        asked.append(number)
        return prediction_of(Path("a"))

    def finish(number: int, _: Prediction) -> int:
        made.append(number)
        return number

    results = in_order(range(100), inference, ask, finish)
    assert next(results)[1].result(30) == 0
    results.close()
    assert len(asked) == AHEAD
    assert len(made) <= 2
    assert not any(each.name.startswith("bulk") for each in threading.enumerate())


def test_a_process_that_dies_on_every_file_ends_the_run() -> None:
    deaths = Deaths()
    for _ in range(DEATHS - 1):
        deaths.count(HostError("gone"))
    with pytest.raises(HostError, match="in a row; the images done so far are kept"):
        deaths.count(HostError("gone"))


@pytest.mark.parametrize("between", [Deaths.none, lambda deaths: deaths.count(ImageError("no image"))])
def test_a_file_that_is_answered_or_only_bad_in_between_lets_it_go_on(
    between: Callable[[Deaths], None],
) -> None:
    deaths = Deaths()
    for _ in range(DEATHS):
        deaths.count(HostError("gone"))
        between(deaths)
    for _ in range(DEATHS - 1):  # counted from nothing again
        deaths.count(HostError("gone"))
    with pytest.raises(HostError, match="in a row"):
        deaths.count(HostError("gone"))

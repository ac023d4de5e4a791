"""Predictions of many images written into part files (app/shards.py): the rest of a run that was ended.

An image that fails is written down with the reason; a later run tries it again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from app.bulk import Deaths, in_order
from app.errors import InputError
from app.inference import Inference
from app.shards import Parts
from model.messages import Prediction

T = TypeVar("T")


def predict_missing(
    parts: Parts,
    items: Sequence[T],
    inference: Inference,
    *,
    key: Callable[[T], str],
    stamp: Callable[[T], Any],
    ask: Callable[[T], Future[Prediction]],
    line: Callable[[Prediction], Mapping[str, Any]],
    progress: Callable[[int, int], None],
) -> None:
    """A line for each item, but for those that have one with the same stamp.

    `key` names an item, `stamp` tells whether it has changed, `line` says what is kept of it (on threads).
    HostError when the model's process dies on every file.
    """
    present = parts.places()
    todo = []
    for item in items:
        name, mark = key(item), stamp(item)
        place = present.get(name)
        if place is None or place.failed or place.stamp != mark:
            todo.append((item, name, mark))
    before, deaths = len(items) - len(todo), Deaths()
    with contextlib.closing(
        in_order(todo, inference, lambda each: ask(each[0]), lambda _, prediction: line(prediction))
    ) as answers:
        for count, ((_, name, mark), answer) in enumerate(answers):
            progress(before + count, len(items))
            try:
                parts.add(name, mark, answer.result())
                deaths.none()
            except InputError as error:
                deaths.count(error)
                parts.fail(name, mark, str(error))
    progress(len(items), len(items))

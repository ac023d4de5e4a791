"""Changes are told to whoever listens, in order, also while listeners come and go."""

from __future__ import annotations

from collections.abc import Callable

from app.events import Event


def test_all_listeners_hear_in_the_order_they_came() -> None:
    event: Event[int] = Event()
    heard: list[tuple[str, int]] = []
    event.connect(lambda value: heard.append(("first", value)))
    event.connect(lambda value: heard.append(("second", value)))
    event.emit(7)
    assert heard == [("first", 7), ("second", 7)]


def test_who_disconnects_hears_nothing_more_and_may_say_so_twice() -> None:
    event: Event[int] = Event()
    heard: list[int] = []
    disconnect = event.connect(heard.append)
    disconnect()
    disconnect()
    event.emit(7)
    assert heard == []


def test_a_listener_that_leaves_while_it_is_told_costs_nobody_the_news() -> None:
    event: Event[int] = Event()
    heard: list[str] = []
    leave: list[Callable[[], None]] = []

    def once(value: int) -> None:
        heard.append("once")
        leave[0]()

    leave.append(event.connect(once))
    event.connect(lambda value: heard.append("other"))
    event.emit(1)
    event.emit(2)
    assert heard == ["once", "other", "other"]

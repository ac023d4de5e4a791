"""Where a window can be opened and seen is told before Qt looks for itself, which would end the process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import display
from app.errors import InputError

SERVERS = {"DISPLAY": ":7", "WAYLAND_DISPLAY": "wayland-7"}


@pytest.fixture
def sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Linux machine where an X and a Wayland server listen, and no variable names them."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(display, "X_SOCKETS", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    for name in (*SERVERS, "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    listening = [socket.socket(socket.AF_UNIX) for _ in SERVERS]
    for one, name in zip(listening, ("X7", "wayland-7"), strict=True):
        one.bind(str(tmp_path / name))
        one.listen()
    yield tmp_path
    for one in listening:
        one.close()


@pytest.mark.parametrize(
    ("platform", "there", "drawn", "seen"),
    [
        ("", (), False, False),
        ("", ("DISPLAY",), True, True),
        ("", ("WAYLAND_DISPLAY",), True, True),
        ("offscreen", (), True, False),
        ("offscreen:size=800x600", ("DISPLAY",), True, False),
        ("xcb", (), False, False),
        ("xcb", ("WAYLAND_DISPLAY",), False, False),
        ("wayland-egl", ("DISPLAY",), False, False),
        ("wayland;xcb", ("WAYLAND_DISPLAY",), True, True),
        ("linuxfb", (), True, True),
    ],
)
def test_a_display_is_told_from_the_environment(
    sockets: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    there: tuple[str, ...],
    drawn: bool,
    seen: bool,
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    for name in there:
        monkeypatch.setenv(name, SERVERS[name])
    assert (display.can_draw(), display.has_display()) == (drawn, seen)


@pytest.mark.parametrize(
    ("name", "value", "answers"),
    [
        ("DISPLAY", ":7", True),
        ("DISPLAY", ":7.0", True),
        ("DISPLAY", "unix:7", True),
        ("DISPLAY", "here/unix:7.1", True),
        ("DISPLAY", ":8", False),
        ("DISPLAY", "localhost:59000", False),  # port 65000
        ("DISPLAY", "localhost:99999", False),  # no port
        ("DISPLAY", ":", False),
        ("DISPLAY", "nonsense", False),
        ("DISPLAY", ":seven", False),
        ("WAYLAND_DISPLAY", "wayland-7", True),
        ("WAYLAND_DISPLAY", "{sockets}/wayland-7", True),
        ("WAYLAND_DISPLAY", "wayland-8", False),
    ],
)
def test_a_server_that_is_named_has_to_answer(
    sockets: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, answers: bool
) -> None:
    monkeypatch.setenv(name, value.format(sockets=sockets))
    assert display.can_draw() is answers


def test_a_server_that_died_is_told_with_what_names_it(
    sockets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":8")
    with pytest.raises(InputError, match=r"got DISPLAY=:8, where nothing answers; start .*make run"):
        display.require()


def test_a_server_may_listen_on_a_port(sockets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("localhost", 0)) as server:
        monkeypatch.setattr(display, "X_PORT", server.getsockname()[1] - 10)
        monkeypatch.setenv("DISPLAY", "localhost:10.0")
        assert display.can_draw()


def test_other_systems_always_have_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    assert display.has_display()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    monkeypatch.delenv("DISPLAY", raising=False)
    with pytest.raises(InputError, match=r"expected a display .*, got no DISPLAY; .*make run"):
        display.require()

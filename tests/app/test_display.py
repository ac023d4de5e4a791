"""Where a window can be opened and seen is told from the environment, before Qt looks for itself."""

import pytest

from app import display
from app.errors import InputError


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
    monkeypatch: pytest.MonkeyPatch, platform: str, there: tuple[str, ...], drawn: bool, seen: bool
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("QT_QPA_PLATFORM", platform)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name in there:
        monkeypatch.setenv(name, ":7")
    assert (display.can_draw(), display.has_display()) == (drawn, seen)


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

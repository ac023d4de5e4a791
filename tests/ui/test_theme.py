"""Both themes draw their icons, and a machine without fonts gets one."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFontDatabase, QIcon
from PySide6.QtWidgets import QApplication

from ui import theme


def _inks(icon: QIcon, state: QIcon.State) -> set[str]:
    image = icon.pixmap(QSize(48, 48), QIcon.Mode.Normal, state).toImage()
    pixels = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {color.name() for color in pixels if color.alpha() == 255}


@pytest.mark.parametrize(("mode", "colors"), [("light", theme.LIGHT), ("dark", theme.DARK)])
def test_icons_have_the_colours_of_the_theme(qapp: QApplication, mode: str, colors: dict[str, str]) -> None:
    theme.apply(qapp, mode)
    brush = theme.icon("brush")
    assert colors["text"] in _inks(brush, QIcon.State.Off)
    assert colors["on_accent"] in _inks(brush, QIcon.State.On)
    assert theme.color("window").name() == colors["window"]


def test_every_icon_file_can_be_drawn(qapp: QApplication) -> None:
    theme.apply(qapp, "light")
    names = [file.stem for file in sorted((theme.RESOURCES / "icons").glob("*.svg"))]
    assert names
    assert [name for name in names if not _inks(theme.icon(name), QIcon.State.Off)] == []


def test_a_machine_without_fonts_gets_one(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = QFontDatabase.families, []

    def families() -> list[str]:
        asked.append(1)
        return [] if len(asked) == 1 else real()

    before = qapp.font()
    monkeypatch.setattr(QFontDatabase, "families", families)
    theme.ensure_font(qapp)
    assert qapp.font().family() in real()
    assert len(asked) == 2
    qapp.setFont(before)


def test_the_system_decides_unless_a_person_does(qapp: QApplication) -> None:
    assert theme.is_dark("dark")
    assert not theme.is_dark("light")
    assert isinstance(theme.is_dark("system"), bool)

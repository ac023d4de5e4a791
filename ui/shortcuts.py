"""Which keys do what: the defaults, the presets, and a person's own, with the conflicts among them.

Keys are Qt's portable text ('Ctrl+Shift+Z'). A person's own are kept in the settings of this machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from PySide6.QtCore import QSettings
from PySide6.QtGui import QKeySequence

from ui.actions import ACTIONS, BY_ID

Keys = dict[str, tuple[str, ...]]

PRESETS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Protolabel": {},
    "CVAT": {
        "next": ("F",),
        "previous": ("D",),
        "next.open": ("Right",),
        "previous.open": ("Left",),
        "tool.polygon": ("N",),
        "delete": ("Delete", "Shift+Delete"),
        "hide.all": ("T",),
        "hide": ("H",),
        "fit": ("Ctrl+F",),
        "done": ("Ctrl+Return",),
        "copy": ("Ctrl+C",),
        "paste": ("Ctrl+V",),
        "duplicate": ("Ctrl+B",),
        "select.none": ("Escape",),
    },
    "labelme": {
        "tool.polygon": ("Ctrl+Shift+N", "P"),
        "project.new": (),
        "tool.box": ("Ctrl+Shift+R", "R"),
        "tool.select": ("Ctrl+J", "V"),
        "project.open": ("Ctrl+U", "Ctrl+O"),
        "fit": ("Ctrl+F",),
        "zoom.one": ("Ctrl+0",),
        "hide.all": ("T",),
    },
}
_GROUP = "keys"


def defaults(preset: str = "Protolabel") -> Keys:
    """The keys of a preset, for every action."""
    return {spec.id: tuple(PRESETS[preset].get(spec.id, spec.keys)) for spec in ACTIONS}


def load(settings: QSettings) -> Keys:
    """The preset's keys with the person's own on top."""
    preset = str(settings.value(f"{_GROUP}/preset", "Protolabel"))
    keys = defaults(preset if preset in PRESETS else "Protolabel")
    settings.beginGroup(f"{_GROUP}/own")
    for name in settings.childKeys():
        if name in BY_ID:
            keys[name] = tuple(part for part in str(settings.value(name)).split(" ") if part)
    settings.endGroup()
    return keys


def save(settings: QSettings, preset: str, keys: Keys) -> None:
    """Remember the preset and what differs from it."""
    settings.setValue(f"{_GROUP}/preset", preset)
    settings.remove(f"{_GROUP}/own")
    for name, chosen in keys.items():
        if chosen != defaults(preset)[name]:
            settings.setValue(f"{_GROUP}/own/{name}", " ".join(chosen))


def conflicts(keys: Keys) -> dict[str, list[str]]:
    """Keys that stand for more than one action, with those actions' ids."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, chosen in keys.items():
        for key in chosen:
            users[normal(key)].append(name)
    return {key: names for key, names in users.items() if len(names) > 1}


def normal(key: str) -> str:
    """One spelling of a key."""
    return QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText).toString(
        QKeySequence.SequenceFormat.PortableText
    )


def shown(keys: tuple[str, ...]) -> str:
    """The keys as this system writes them."""
    return ", ".join(
        QKeySequence.fromString(key, QKeySequence.SequenceFormat.PortableText).toString(
            QKeySequence.SequenceFormat.NativeText
        )
        for key in keys
    )

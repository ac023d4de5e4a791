"""Whether a window could be opened, and seen by a person. Where not, Qt ends the process."""

from __future__ import annotations

import os
import re
import sys

from app.errors import InputError

UNSEEN = ("offscreen", "minimal", "minimalegl", "vnc")  # Qt's platforms that draw where nobody looks
NEEDED = {
    "": ("DISPLAY", "WAYLAND_DISPLAY"),
    "xcb": ("DISPLAY",),
    "wayland": ("WAYLAND_DISPLAY",),
}  # platform, '' where Qt chooses itself -> the variables of which it needs one


def has_display() -> bool:
    """Whether a window would be seen."""
    return _platform() not in UNSEEN and can_draw()


def can_draw() -> bool:
    """Whether Qt finds a window system as the environment is."""
    if sys.platform in ("win32", "darwin"):
        return True
    needed = NEEDED.get(_platform())
    return needed is None or any(os.environ.get(name) for name in needed)


def require() -> None:
    """InputError where a window cannot be opened."""
    if not can_draw():
        needed = " or ".join(NEEDED[_platform()])
        raise InputError(
            f"expected a display to open a window on, got no {needed}; "
            "set it, or draw off screen: 'make run' or 'protolabel demo'"
        )


def _platform() -> str:
    """The first of Qt's platforms that is asked for, without its options; '' where none is."""
    first = re.split("[:;]", os.environ.get("QT_QPA_PLATFORM", ""))[0]
    return "wayland" if first.startswith("wayland") else first

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

X_SOCKETS, X_PORT = "/tmp/.X11-unix", 6000  # where X servers listen: X<number>, or port 6000 + number
PATIENCE = 2.0  # seconds for a server elsewhere


def has_display() -> bool:
    """Whether a window would be seen."""
    return _platform() not in UNSEEN and can_draw()


def can_draw() -> bool:
    """Whether Qt finds a window system that answers, as the environment is."""
    if sys.platform in ("win32", "darwin"):
        return True
    needed = NEEDED.get(_platform())
    return needed is None or any(_answers(name) for name in needed)


def require() -> None:
    """InputError where a window cannot be opened."""
    if can_draw():
        return
    needed = NEEDED[_platform()]
    named = [f"{name}={os.environ[name]}" for name in needed if os.environ.get(name)]
    if named:
        got = f"{' and '.join(named)}, where nothing answers; start that server or name another"
    else:
        got = f"no {' or '.join(needed)}; set it"
    raise InputError(
        f"expected a display to open a window on, got {got}, "
        "or draw off screen: 'make run' or 'protolabel demo'"
    )


def _answers(name: str) -> bool:
    """Whether a server listens where a variable says. What it says to us is Qt's to find out."""
    value = os.environ.get(name, "")
    if not value:
        return False
    if name == "WAYLAND_DISPLAY":
        return _listens(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), value))
    host, _, number = value.rpartition(":")
    number = number.split(".")[0]  # the screen follows
    if not number.isascii() or not number.isdigit():
        return False
    host = host.rpartition("/")[2]  # a protocol, or the whole path of a socket, may stand before it
    if host not in ("", "unix"):
        return _listens((host, X_PORT + int(number))) or _listens(value)
    path = f"{X_SOCKETS}/X{number}"
    return (sys.platform == "linux" and _listens(f"\0{path}")) or _listens(path)


def _listens(address: str | tuple[str, int]) -> bool:
    """Whether a socket can be connected to: a path, or a host and port."""
    import socket  # here: not every start has to look

    try:
        if isinstance(address, tuple):
            socket.create_connection(address, timeout=PATIENCE).close()
        else:
            with socket.socket(socket.AF_UNIX) as local:
                local.settimeout(PATIENCE)
                local.connect(address)
    except (OSError, ValueError, OverflowError):  # a name that is no host's, a port that is none
        return False
    return True


def _platform() -> str:
    """The first of Qt's platforms that is asked for, without its options; '' where none is."""
    first = re.split("[:;]", os.environ.get("QT_QPA_PLATFORM", ""))[0]
    return "wayland" if first.startswith("wayland") else first

"""The order in which a start goes: first a window, then what is behind it.

Python loads modules one at a time, whatever thread asks for them, so a start is as fast as little is loaded
on the way to the first picture: no SQL, no OpenCV and no Pillow before the window has been painted, no
training before it is looked at. Nothing made in the meantime is garbage, so the collector rests; what the
start has made is then taken out of its sight, so that it never stops the window to look through it all again.
"""

from __future__ import annotations

import builtins
import gc
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app import display

if TYPE_CHECKING:
    from ui.main_window import MainWindow

SWITCH = 0.001  # seconds for which a thread may hold up the others


def open_window(project: Path | None, watch: Callable[[MainWindow], object] | None = None) -> int:
    """Show the window until it is closed; `watch` is given it before it is shown. The exit status.

    InputError where there is no display to show it on.
    """
    display.require()
    gc.disable()
    load_qt()
    try:
        from ui.application import run

        return run(project, watch)
    finally:
        gc.enable()


def load_qt() -> None:
    """Load Qt, and leave Python's `import` as it was.

    PySide6 puts another in its place, which reads the source of every module that is loaded from then on, to
    see whether it might write `from __feature__ import ...`, and keeps it: 9 MB of text in a start. Nobody
    here does.
    """
    plain = builtins.__import__
    import PySide6.QtCore  # noqa: F401

    builtins.__import__ = plain


def map_opencv() -> None:
    """Bring OpenCV's library (70 MB) into the process; on a thread of its own, while the window is made.

    Qt does so without holding up Python, whose own loading of a library holds up every thread. Nothing of it
    is used before `load_decoders`, and nothing depends on its being there.
    """
    from PySide6.QtCore import QLibrary

    found = importlib.util.find_spec("cv2")
    for folder in (found.submodule_search_locations or ()) if found else ():
        for file in Path(folder).glob("cv2*.so"):
            library = QLibrary(str(file))
            library.setLoadHints(QLibrary.LoadHint.ResolveAllSymbolsHint)  # as Python will ask for it
            library.load()


def load_decoders() -> None:
    """What reads the first image; on a thread of the pool, while the project is being opened."""
    from PIL import Image

    import model.image_io  # noqa: F401
    from model.opencv import cv2

    Image.preinit()
    cv2.setUseOptimized(True)  # any name will do: it is loaded now


def shown() -> None:
    """The first image is there: from now on the window comes first, not what is being loaded.

    A thread that runs Python holds up the others for a switch interval, and the window several times in a
    row while it paints. What is shorter than Python's 5 ms costs the loading some of its speed.
    """
    sys.setswitchinterval(SWITCH)


def ended() -> None:
    """The start is over: what is there stays, the collector looks at what comes from now on."""
    shown()
    gc.freeze()
    gc.enable()

"""OpenCV without side effects, and not before it is used: `from model.opencv import cv2`, everywhere.

opencv-python points QT_QPA_PLATFORM_PLUGIN_PATH and QT_QPA_FONTDIR at Qt files of its own when it is
imported; a QApplication made later (or in a child process) then fails to load its platform plugin. The
variables are put back as they were, by one thread at a time: two that need OpenCV first would otherwise take
the other's values for what was there. The window is on the screen before the library (24 MB) is read.
"""

import importlib
import os
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

_QT_VARIABLES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_LOCK = threading.Lock()


def _imported() -> ModuleType:
    with _LOCK:
        before = {name: os.environ.get(name) for name in _QT_VARIABLES}
        module = importlib.import_module("cv2")
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        return module


class _Later(ModuleType):
    """Stands for `cv2` and asks it for each name once; what was asked for is found as fast as in a module."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(_imported(), name)
        setattr(self, name, value)
        return value


if TYPE_CHECKING:
    import cv2
else:
    cv2 = _Later("cv2")

__all__ = ["cv2"]

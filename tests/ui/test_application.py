"""Starting: the window is on the screen before anything slow is loaded or read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app import edits
from tests.builders import box_mask, make_annotation, make_project
from ui.application import FirstPainting

ROOT = Path(__file__).parents[2]
SLOW = ("torch", "sqlalchemy", "cv2", "app.store", "shapely", "pycocotools", "ui.panels.training")
STARTED = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from ui import start

def watch(window):
    from ui.application import FirstPainting

    def seen():
        print(json.dumps({"modules": sorted(sys.modules), "read": window.session.project is not None,
                          "page": window.pages.currentIndex(), "title": window.windowTitle()}))
        if len(sys.argv) < 2:
            window.close()

    def changed():
        if window.session.project is not None:
            print(json.dumps({"title": window.windowTitle(), "page": window.pages.currentIndex()}))
            QTimer.singleShot(0, window.close)

    def told(words, kind):
        if kind == "error":
            QTimer.singleShot(0, failed)

    def failed():
        print(json.dumps({"title": window.windowTitle(), "page": window.pages.currentIndex()}))
        window.close()

    window.session.project_changed.connect(changed)
    window.session.message.connect(told)
    window.first_painting = FirstPainting(window, seen)

raise SystemExit(start.open_window(Path(sys.argv[1]) if sys.argv[1:] else None, watch))
"""


USABLE = """
import builtins, json, sys
from pathlib import Path
from ui import start

def watch(window):
    session = window.session
    for later in (session._opening._later, session._showing._rest):  # what comes after the start
        later.setInterval(10**9)

    def changed():
        if session.pixels is not None:
            QTimer.singleShot(0, tell)

    def tell():
        print(json.dumps({"modules": sorted(sys.modules), "import": builtins.__import__.__name__,
                          "switch": sys.getswitchinterval(), "rows": window.images.model.rowCount(),
                          "annotations": len(session.document.annotations)}))
        window.close()

    from PySide6.QtCore import QTimer

    session.document_changed.connect(changed)

raise SystemExit(start.open_window(Path(sys.argv[1]), watch))
"""
LATER = {  # modules that have no business before the first image is shown and can be worked on
    *("torch", "torchvision", "onnxruntime", "scipy", "shapely", "pycocotools", "huggingface_hub"),
    *("asyncio", "sqlalchemy", "ssl", "email.message", "http.client", "multiprocessing", "socket"),
    *("PySide6.QtNetwork", "PySide6.QtDBus", "PySide6.QtQml", "PySide6.QtOpenGL", "PySide6.QtTest"),
    *("app.store", "app.inference", "app.retraining", "app.coco", "app.pretrained", "app.runs"),
    *("ui.panels.training", "ui.dialogs.settings", "ui.dialogs.help", "ui.tour.tour", "unittest", "pydoc"),
}


def started(folder: Path, *arguments: str, program: str = STARTED) -> list[dict[str, object]]:
    """What a real start tells: when it was painted first, and when a project was there or refused."""
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PROTOLABEL_LOG_DIR": str(folder),
        "XDG_CONFIG_HOME": str(folder / "settings"),
    }
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


def test_nothing_slow_is_loaded_when_the_window_is_first_seen(tmp_path: Path) -> None:
    (seen,) = started(tmp_path)
    assert not set(SLOW) & set(seen["modules"])  # type: ignore[call-overload]
    assert seen["page"] == 0


def test_the_window_is_seen_before_the_project_is_read(project_folder: Path, tmp_path: Path) -> None:
    seen, read = started(tmp_path, str(project_folder))
    assert not seen["read"]
    assert not set(SLOW) & set(seen["modules"])  # type: ignore[call-overload]
    assert seen["page"] == read["page"] == 1  # the canvas keeps its place, there is no flash of the welcome
    assert "Opening project" in str(seen["title"])
    assert "Opening" not in str(read["title"])


def test_the_first_image_is_shown_before_anything_else_is_loaded(tmp_path: Path) -> None:
    project = make_project(tmp_path)
    document = project.document(project.images()[0].id)
    document.apply(edits.add(document.image.id, [make_annotation(document, box_mask(5, 5, 20, 10))]))
    project.close()
    usable = started(tmp_path, str(project.folder), program=USABLE)[0]
    assert (usable["rows"], usable["annotations"]) == (3, 1)
    assert not LATER & set(usable["modules"])  # type: ignore[call-overload]
    assert usable["import"] == "__import__"  # PySide6's own reads the source of every module
    assert usable["switch"] == pytest.approx(0.001)  # what is loaded next holds the window up no longer


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system what is in memory")
def test_opencv_is_brought_to_memory_before_it_is_loaded(tmp_path: Path) -> None:
    program = """
import json, sys
from pathlib import Path
from ui import start

start.map_opencv()
there = any("cv2" in line for line in Path("/proc/self/maps").read_text().splitlines())
print(json.dumps({"there": there, "loaded": "cv2" in sys.modules}))
start.load_decoders()
from model.opencv import cv2
print(json.dumps({"sum": int(cv2.add(2, 3)[0, 0])}))
"""
    assert started(tmp_path, program=program) == [{"there": True, "loaded": False}, {"sum": 5}]


def test_a_lists_inside_is_known_to_python(tmp_path: Path) -> None:
    """PySide6 makes every kind of widget to find out what one is that it does not know."""
    program = """
import enum, json
from PySide6.QtWidgets import QApplication
from ui.widgets.table import Table

application, table, made = QApplication([]), Table(), []
new = enum.EnumType.__new__
enum.EnumType.__new__ = lambda kind, name, *rest, **more: made.append(name) or new(kind, name, *rest, **more)
table.viewport().update()
print(json.dumps({"made": made}))
"""
    assert started(tmp_path, program=program) == [{"made": []}]


def test_a_project_that_cannot_be_opened_leads_to_the_welcome(tmp_path: Path) -> None:
    seen, refused = started(tmp_path, str(tmp_path / "nowhere"))
    assert seen["page"] == 1
    assert (refused["page"], refused["title"]) == (0, "Protolabel")


def test_the_first_painting_is_told_once(qtbot: QtBot) -> None:
    window, told = QWidget(), []
    qtbot.addWidget(window)
    first = FirstPainting(window, lambda: told.append(1))
    window.show()
    qtbot.waitUntil(lambda: bool(told))
    window.repaint()
    qtbot.wait(20)
    assert told == [1]
    del first

"""From the start of the process to a window that is seen, and to one that can be used; memory of the GUI.

Each start is a new process of the real window (`main.open_window`), off screen. *Seen* is the end of the
window's first painting; *usable* is the event loop after it where no project is named, else the moment at
which the list holds every image and the first image's colour stands in the middle of the canvas. All images
are annotated, so that no model is started. Beside it, in the same run, an empty window of PySide6. Python
keeps its bytecode between starts, as it does unless it is told not to; one kind has none of ours.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the measured process loads nothing that the window does not
    from benchmarks.report import Report

NAME = "startup"
TITLE = "Start of the window"
REPEAT = 5
ROOT = Path(__file__).parents[1]
FRESH = "first start after an update"
SMALL, LARGE = 20, 10_000
COLOR = (200, 30, 60)  # RGB of every image: what has to be seen in the middle of the canvas
REST = float(os.environ.get("STARTUP_REST", "3"))  # seconds from usable to the second look at the memory
LATEST = 120.0  # seconds after which a start counts as failed


# --- the measured process --------------------------------------------------------------------------------


def _resident() -> float:
    """MB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _spent() -> dict[str, float]:
    """What the process took so far: processor seconds of all its threads, memory."""
    return {"processor": time.process_time(), "rss": _resident()}


def _since_start() -> float:
    return time.monotonic() - float(os.environ["STARTED"])


def _bare() -> None:
    """A window with nothing in it."""
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QApplication, QMainWindow

    class Window(QMainWindow):
        def paintEvent(self, event: QPaintEvent) -> None:
            super().paintEvent(event)
            seen = _since_start()
            QTimer.singleShot(0, lambda: done(seen))

    app = QApplication([])
    window = Window()

    def done(seen: float) -> None:
        print(json.dumps({"seen": seen, "usable": _since_start(), **_spent()}))
        app.quit()

    window.resize(1440, 900)
    window.show()
    app.exec()


def _window(project: Path | None, images: int) -> None:
    """The real window, watched. Nothing of Qt is loaded here: when that is done is part of a start."""
    import main as entry
    from ui import start

    found: dict[str, float] = {}

    def watch(window: Any) -> None:
        from ui.application import FirstPainting

        window.first_painting = FirstPainting(window, lambda: seen(window))

    def seen(window: Any) -> None:
        from PySide6.QtCore import QTimer

        found["seen"] = _since_start()
        timer = QTimer(window)
        timer.timeout.connect(lambda: usable(window, timer))
        timer.start(0 if project is None else 4)

    def usable(window: Any, timer: Any) -> None:
        if project is not None and not _shows(window, images):
            return
        timer.stop()
        found.update(usable=_since_start(), **_spent())
        from PySide6.QtCore import QTimer

        pulse = Pulse(window)
        QTimer.singleShot(int(REST * 1000), lambda: end(window, pulse))

    def end(window: Any, pulse: Pulse) -> None:
        found["rss later"], found["block"] = _resident(), pulse.longest
        print(json.dumps(found), flush=True)
        window.close()

    entry.open_window = lambda folder: start.open_window(folder, watch)
    entry.main([str(project)] if project else [])


class Pulse:
    """How long the window's thread answered nothing: `longest`, in seconds, the 2 ms of the beat included."""

    def __init__(self, window: Any) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.longest, self._last = 0.0, time.perf_counter()
        timer = QTimer(window, timerType=Qt.TimerType.PreciseTimer, interval=2)
        timer.timeout.connect(self._beat)
        timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, now - self._last), now


def _shows(window: Any, images: int) -> bool:
    """Whether the list is full and the middle of the canvas has the image's colour."""
    from PySide6.QtCore import QRect, QSize

    if window.session.document is None or window.images.model.rowCount() != images:
        return False
    middle = QRect(window.canvas.rect().center(), QSize(1, 1))
    color = window.canvas.grab(middle).toImage().pixelColor(0, 0)
    return all(
        abs(got - wanted) < 12
        for got, wanted in zip((color.red(), color.green(), color.blue()), COLOR, strict=True)
    )


# --- the measuring one -----------------------------------------------------------------------------------


def make(folder: Path, images: int) -> Path:
    """A project of `images` images of 640 x 480, each with one annotation in a corner."""
    from dataclasses import replace

    import numpy as np

    from app.annotation import Annotation, AnnotationState, CategoryId, ImageState
    from app.edits import add
    from app.geometry import from_mask, measure
    from app.project import Project
    from model.masks import BoxMask
    from model.opencv import cv2

    (folder / "images").mkdir(parents=True)
    first = folder / "images" / "0.jpg"
    cv2.imwrite(str(first), np.full((480, 640, 3), COLOR[::-1], np.uint8))
    for number in range(1, images):
        os.link(first, folder / "images" / f"{number}.jpg")
    project = Project.create(folder / "project", folder / "images", categories=["thing"])
    project.scan()
    records = project.ensure_sizes(project.images())
    geometry = from_mask(BoxMask(4, 4, np.ones((20, 30), np.bool_)), 640, 480)
    bbox, area = measure(geometry, 640, 480)
    edits = []
    for record in records:
        id, drawn = project.new_annotation_id(), AnnotationState.DRAWN
        drawing = add(record.id, [Annotation(id, record.id, CategoryId(1), drawn, geometry, bbox, area)])
        edits.append(replace(drawing, state_after=ImageState.IN_PROGRESS))  # a new one would start the model
    project.store.append_all(edits)
    project.close()
    return folder / "project"


def _forget_bytecode(folder: Path) -> None:
    """As after an update: no bytecode of this program, that of its libraries is there."""
    ours = folder / "bytecode" / ROOT.relative_to(ROOT.anchor)
    for name in ("app", "model", "ui", "resources"):
        shutil.rmtree(ours / name, ignore_errors=True)
    for file in ours.glob("main.*"):
        file.unlink()


def _start(folder: Path, *arguments: str) -> dict[str, float]:
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "PROTOLABEL_LOG_DIR": str(folder),
        "XDG_CONFIG_HOME": str(folder / "settings"),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "STARTED": str(time.monotonic()),
    }
    command = [sys.executable, "-m", "benchmarks.startup", "--one", *arguments]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=LATEST, check=False
    )
    lines = [line for line in ended.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(f"a start of {arguments or 'no project'} did not end well: {ended.stderr[-600:]}")
    values: dict[str, float] = json.loads(lines[-1])
    return values


def _add(report: Report, what: str, starts: list[dict[str, float]], targets: dict[str, str]) -> None:
    for name, words, unit, scale in (
        ("seen", "window seen", "ms", 1000.0),
        ("usable", "window usable", "ms", 1000.0),
        ("processor", "processor time until usable", "ms", 1000.0),
        ("rss", "memory of the GUI process when usable", "MB", 1.0),
        ("rss later", f"memory {REST:.0f} s later", "MB", 1.0),
        ("block", f"longest block of the window in these {REST:.0f} s", "ms", 1000.0),
    ):
        if name in starts[0]:
            values = [start[name] * scale for start in starts]
            report.add(f"{what}: {words}", values, unit=unit, target=targets.get(name, ""))


def measure() -> Report:
    """Start the window again and again: alone, with a small and with a large project."""
    from benchmarks.report import Report

    report = Report(TITLE, "python -m benchmarks.startup")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = make(folder / "small", SMALL), make(folder / "large", LARGE)
        kinds: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
            "bare PySide6 window": (("bare",), {}),
            "no project": ((), {"usable": "600 ms"}),
            f"{SMALL} images": ((str(small), str(SMALL)), {"usable": "600 ms", "block": "16 ms"}),
            f"{SMALL} images, {FRESH}": ((str(small), str(SMALL)), {}),
            f"{LARGE:,} annotated images": (
                (str(large), str(LARGE)),
                {"usable": "800 ms", "rss": "200 MB", "block": "16 ms"},
            ),
        }
        starts: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
        for round_ in range(REPEAT + 1):  # the first round fills the disk's cache and does not count
            for kind, (arguments, _) in kinds.items():
                if FRESH in kind:
                    _forget_bytecode(folder)
                start = _start(folder, *arguments)
                if round_:
                    starts[kind].append(start)
        for kind, (_, targets) in kinds.items():
            _add(report, kind, starts[kind], targets)
    report.notes.append(
        "Off screen; from the start of the process, the interpreter included; kinds in turns."
    )
    report.notes.append("All images are annotated: no model is started.")
    report.notes.append(
        "What the first image does not need (SQLAlchemy, the look through the folder) comes after it: the "
        "longest block is a beat of 2 ms that was late, a busy machine's own delays included."
    )
    report.notes.append(
        "Bytecode is kept between starts, as Python does by itself; the command line is part of it."
    )
    return report


def _one(arguments: list[str]) -> None:
    if arguments == ["bare"]:
        _bare()
    elif arguments:
        _window(Path(arguments[0]), int(arguments[1]))
    else:
        _window(None, 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        _one(sys.argv[2:])
    else:
        from benchmarks.report import main

        main(NAME, measure)

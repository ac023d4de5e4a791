"""The image list of 100,000 images: what the window's own thread does for it, the longest piece at a time.

Off screen; processor time of the GUI thread, so that other work on the machine does not count. Each action is
followed until the list shows its answer; the longest event on the way is what a person may feel.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.report import Report, main

if TYPE_CHECKING:
    from app.records import ImageRecord

NAME = "image_list"
TITLE = "Lists of 100,000 images"
IMAGES, REPEAT = 100_000, 5
PATIENCE = 60.0  # seconds after which an answer does not come any more
TARGET = "16 ms"


def measure() -> Report:
    """A window's panel over a project that says it has so many images."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from tests.builders import make_project
    from ui.panels.images import ORDERS, ImagesPanel
    from ui.session import Session

    app = QApplication.instance() or QApplication([])
    report = Report(TITLE, "python -m benchmarks.image_list")
    with tempfile.TemporaryDirectory() as name:
        make_project(Path(name)).close()
        session = Session()
        session.auto_prelabel = False
        session.open_project(Path(name) / "project")
        panel = ImagesPanel(session)
        panel.resize(260, 800)
        panel.show()
        _until(app, lambda: session.document is not None)
        _watch(report, app, session, panel, list(ORDERS))
        session.close()
        panel.deleteLater()
    report.notes.append("processor time of the GUI thread alone, the longest event of each action")
    return report


def _watch(report: Report, app: Any, session: Any, panel: Any, orders: list[str]) -> None:
    records = _records()
    project = session.project
    project.images = lambda ids=None: list(records)
    first = lambda: panel.model.ids()[:1]  # noqa: E731
    longest = []
    for _ in range(REPEAT):
        session.images.take([])
        panel.refresh()
        longest.append(_longest(app, session.refresh_records, lambda: panel.model.rowCount() == IMAGES))
    report.add("all images read again and shown", longest, target=TARGET)
    for number, order in enumerate(orders[1:], 1):
        longest = []
        for _ in range(REPEAT):
            panel.order.setCurrentIndex(0)
            panel.refresh()
            before = first()
            panel.order.setCurrentIndex(number)
            longest.append(_longest(app, panel.refresh, lambda before=before: first() != before))
        report.add(f"order: {order}", longest, target=TARGET)
    panel.order.setCurrentIndex(0)
    longest = []
    for _ in range(REPEAT):
        panel.search.clear()
        panel.refresh()
        panel.search.setText("99")
        longest.append(_longest(app, panel.refresh, lambda: 0 < panel.model.rowCount() < IMAGES))
    report.add("filter by name", longest, target=TARGET)


def _records() -> list[ImageRecord]:
    """Half of them with proposals; the first one is nowhere first but by name."""
    from app.annotation import ImageId, ImageState
    from app.records import ImageRecord

    chance = random.Random(0)
    found = [ImageRecord(ImageId(1), "000000.jpg", 640, 480, ImageState.SKIPPED)]
    for number in range(1, IMAGES):
        score = chance.random() if chance.random() < 0.5 else None
        state = chance.choice([ImageState.NEW, ImageState.DONE]) if score is None else ImageState.PRELABELLED
        path = f"{number // 1000:03}/{number:06}.jpg"
        found.append(
            ImageRecord(
                ImageId(number + 1),
                path,
                640,
                480,
                state,
                0,
                0 if score is None else chance.randrange(1, 20),
                score,
                score,
            )
        )
    return found


def _longest(app: Any, begin: Callable[[], object], there: Callable[[], bool]) -> float:
    """ms of the longest event from `begin` until `there`."""
    start = time.thread_time()
    begin()
    longest = time.thread_time() - start
    end = time.monotonic() + PATIENCE
    while not there():
        start = time.thread_time()
        app.processEvents()
        longest = max(longest, time.thread_time() - start)
        if time.monotonic() > end:
            raise TimeoutError("the list did not show what was asked for")
        time.sleep(0.002)
    return longest * 1000


def _until(app: Any, there: Callable[[], bool]) -> None:
    _longest(app, lambda: None, there)


if __name__ == "__main__":
    main(NAME, measure)

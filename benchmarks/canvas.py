"""How the canvas feels: drags on 24 megapixels with 200 instances, the next image, a large file opened cold.

The real session on a real project, off screen; the images are noise and shapes made here. *Event to repaint*
is the time from giving the canvas a mouse event until it has painted what the event changed; *longest block*
the longest time for which the GUI thread did not take events.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report, main

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from app import edits
from app import geometry as geometries
from app.annotation import Annotation, AnnotationState, ImageId
from app.geometry import PolygonPart, Polygons, from_mask
from app.project import Project
from model.masks import BoxMask
from model.opencv import cv2
from ui.canvas import transform
from ui.canvas.view import Canvas
from ui.session import Session

NAME = "canvas"
WIDGET = (1280, 860)
LARGE, MIDDLE, SMALL, CROWD = (6000, 4000), (4000, 3000), (640, 480), (2000, 1500)
CROWDED = 420  # instances
STEPS = 24  # images of each size that are stepped through
Event = Callable[[], None]


def measure() -> Report:
    """Drags, steps and a cold opening."""
    report = Report("The canvas", f"python -m benchmarks.{NAME}")
    app = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project = make_project(folder)
        with opened(project) as (session, canvas):
            for tool, target in (("brush", "p99 16 ms"), ("polygon", "p99 16 ms")):
                values = drags(session, canvas, tool)
                row = report.add(
                    f"{tool} drag, 24 MP, 200 instances: event to repaint", values, target=target
                )
                report.notes.append(f"{tool} drag: p99 {row.percentile(99):.1f} ms of {len(values)} events")
            for what, values in crowd(session, canvas).items():
                report.add(f"{CROWDED} instances, {what}: processor time of a slice", values, target="16 ms")
            for size, target in ((SMALL, "25 ms"), (MIDDLE, "60 ms")):
                values = steps(session, canvas, size)
                what = f"next image, {size[0]} x {size[1]}, 20 instances: until all is painted"
                report.add(what, values, target=target)
        cold: list[tuple[float, float, float]] = []
        for _ in range(5):
            with opened(project) as (session, canvas):
                cold.append(cold_opening(session, canvas))
        report.add("24-megapixel JPEG, cold: first picture", [each[0] for each in cold])
        report.add("24-megapixel JPEG, cold: all of it", [each[1] for each in cold], target="330 ms")
        report.add("24-megapixel JPEG, cold: longest block", [each[2] for each in cold], target="16 ms")
    report.notes.append(f"widget {WIDGET[0]} x {WIDGET[1]}, off screen, images of noise and discs as JPEG")
    report.notes.append(
        "a step is given half a second before it, as a person would: neighbours are read ahead"
    )
    del app
    return report


def make_project(folder: Path) -> Path:
    """One large image with 200 instances, some of each other size with 20, and one that is crowded."""
    images = folder / "images"
    images.mkdir()
    plan = [
        ("a_large", LARGE, 1),
        ("b_small", SMALL, STEPS),
        ("c_middle", MIDDLE, STEPS // 2),
        ("d_crowd", CROWD, 1),
    ]
    for stem, size, count in plan:
        pixels = picture(size)
        for index in range(count):
            cv2.imwrite(str(images / f"{stem}_{index:03}.jpg"), pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])
    path = folder / "project"
    project = Project.create(path, images, ["thing", "other"])
    project.scan()
    for record in project.images():
        count = {"a": 200, "d": CROWDED}.get(record.path[0], 20)
        project.ensure_size(record.id)
        document = project.document(record.id)
        size = document.image.width, document.image.height
        made = [instance(project, record.id, index, count, size) for index in range(count)]
        document.apply(edits.add(record.id, made))
    project.close()
    return path


def picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    """Something with the detail of a photograph: soft noise of several sizes."""
    width, height = size
    rng = np.random.default_rng(width)
    total = np.zeros((height, width, 3), np.float32)
    for cells in (8, 32, 128, 512):
        noise = rng.random((max(cells * height // width, 2), cells, 3), np.float32)
        total += cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC) * (
            64 / math.sqrt(cells / 8)
        )
    return np.clip(total, 0, 255).astype(np.uint8)


def instance(project: Project, image: ImageId, index: int, count: int, size: tuple[int, int]) -> Annotation:
    """A round mask, or for each fifth a polygon of 30 vertices; spread over the image."""
    columns = math.ceil(math.sqrt(count * size[0] / size[1]))
    cell = size[0] / columns
    x, y = (index % columns + 0.5) * cell, (index // columns + 0.5) * cell
    radius = cell * 0.55
    geometry: Polygons | object
    if index % 5 == 4:
        angles = np.linspace(0, 2 * np.pi, 31)[:-1]
        ring = tuple((float(x + radius * math.cos(a)), float(y + radius * math.sin(a))) for a in angles)
        geometry = Polygons((PolygonPart(ring),))
    else:
        left, top = max(int(x - radius), 0), max(int(y - radius), 0)
        right, bottom = min(int(x + radius), size[0]), min(int(y + radius), size[1])
        rows, cols = np.ogrid[top:bottom, left:right]
        geometry = from_mask(BoxMask(left, top, (cols - x) ** 2 + (rows - y) ** 2 < radius**2), *size)
    bbox, area = geometries.measure(geometry, *size)  # type: ignore[arg-type]
    return Annotation(
        id=project.new_annotation_id(),
        image_id=image,
        category_id=project.categories()[index % 2].id,
        state=AnnotationState.PROPOSED if index % 3 == 0 else AnnotationState.ACCEPTED,
        geometry=geometry,  # type: ignore[arg-type]
        bbox=bbox,
        area=area,
        score=0.9 if index % 3 == 0 else None,
    )


@contextmanager
def opened(path: Path) -> Iterator[tuple[Session, Canvas]]:
    """The project in a session with a canvas."""
    session = Session()
    session.auto_prelabel = False
    canvas = Canvas(session)
    canvas.resize(*WIDGET)
    canvas.show()
    session.open_project(path)
    wait_for(lambda: bool(session.records))
    try:
        yield session, canvas
    finally:
        canvas.close_threads()
        canvas.close()
        session.close()
        canvas.deleteLater()
        QApplication.processEvents()


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> float:
    """Take events until something holds; the longest time that one round took, in ms."""
    longest, end = 0.0, time.perf_counter() + seconds
    while not condition():
        start = time.perf_counter()
        QApplication.processEvents()
        longest = max(longest, (time.perf_counter() - start) * 1000)
        if time.perf_counter() > end:
            raise TimeoutError("the canvas did not get there")
        time.sleep(0.0002)
    return longest


def show(session: Session, canvas: Canvas, image: ImageId) -> None:
    """An image, all painted."""
    session.show_image(image)
    wait_for(lambda: session.document is not None and session.document.image.id == image)
    wait_for(lambda: canvas.stage.is_complete)


def first(session: Session, stem: str) -> ImageId:
    """The first image whose name starts so."""
    return next(record.id for record in session.records if record.path.startswith(stem))


def drags(session: Session, canvas: Canvas, tool: str) -> list[float]:
    """Milliseconds from each mouse event to its repaint, over several strokes at three zooms."""
    show(session, canvas, first(session, "a_large"))
    assert session.document is not None
    values: list[float] = []
    wanted = Polygons if tool == "polygon" else object
    targets = [each for each in session.document.annotations.values() if isinstance(each.geometry, wanted)]
    for turn, scale in enumerate((0.0, 1.0, 4.0) * 3):
        target = targets[turn * len(targets) // 9]
        session.select([target.id])
        canvas.set_tool("select" if tool == "polygon" else "brush")
        canvas.brush_diameter = 160.0 if scale < 1 else 60.0
        x, y, width, height = target.bbox
        canvas.fit()
        if scale:
            canvas.zoom_to_rect((x, y, x + width, y + height))
            canvas.zoom_to(scale)
        wait_for(lambda: canvas.stage.is_complete)
        start = (x + width, y + height / 2)
        if isinstance(target.geometry, Polygons):
            start = target.geometry.parts[0].outline[0]
        values += one_drag(canvas, start)
        wait_for(lambda: canvas.stage.is_complete)
    return values


def one_drag(canvas: Canvas, start: tuple[float, float]) -> list[float]:
    """A spiral of 150 moves."""
    view = canvas.view
    assert view is not None
    at = QPointF(*view.to_widget(*start))
    values = [timed(lambda: mouse(canvas, QMouseEvent.Type.MouseButtonPress, at))]
    place = at
    for step in range(150):
        reach = step * 0.9
        place = at + QPointF(reach * math.cos(step / 7), reach * math.sin(step / 7))
        values.append(timed(lambda place=place: mouse(canvas, QMouseEvent.Type.MouseMove, place)))  # type: ignore[misc]
    mouse(canvas, QMouseEvent.Type.MouseButtonRelease, place)
    return values[1:]


def mouse(canvas: Canvas, kind: QMouseEvent.Type, at: QPointF) -> None:
    """One event of the left button."""
    left = Qt.MouseButton.LeftButton
    button = Qt.MouseButton.NoButton if kind == QMouseEvent.Type.MouseMove else left
    held = Qt.MouseButton.NoButton if kind == QMouseEvent.Type.MouseButtonRelease else left
    event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)


def timed(work: Event) -> float:
    """Milliseconds of an event and the repaint that it asks for."""
    start = time.perf_counter()
    work()
    QApplication.processEvents()
    return (time.perf_counter() - start) * 1000


def crowd(session: Session, canvas: Canvas) -> dict[str, list[float]]:
    """Milliseconds of the processor that the GUI thread needs for each event and its repaint, in a crowd.

    Other programs do not count, so that this can be read on a busy machine.
    """
    show(session, canvas, first(session, "d_crowd"))
    assert session.document is not None
    ids = list(session.document.annotations)
    found: dict[str, list[float]] = {"pan": [], "zoom": [], "brush": [], "eraser": [], "choose": []}
    canvas.zoom_to(1.0)
    for step in range(100):
        at = 9 * math.cos(step / 8), 9 * math.sin(step / 8)
        assert canvas.view is not None
        moved = transform.panned(canvas.view, *at)
        found["pan"].append(worked(lambda moved=moved: canvas.set_view(moved)))  # type: ignore[misc]
    for step in range(60):
        factor = 1.2 if step // 10 % 2 else 1 / 1.2
        found["zoom"].append(worked(lambda factor=factor: canvas.zoom_by(factor)))  # type: ignore[misc]
    for number in range(0, CROWDED, 13):
        found["choose"].append(worked(lambda number=number: session.select([ids[number]])))  # type: ignore[misc]
        wait_for(lambda: canvas.stage.is_complete)
    for tool in ("brush", "eraser"):
        canvas.set_tool(tool)
        for scale in (0.5, 1.0, 4.0):
            x, y, width, height = session.document.annotations[session.selection[0]].bbox
            canvas.zoom_to_rect((x, y, x + width, y + height))
            canvas.zoom_to(scale)
            wait_for(lambda: canvas.stage.is_complete)
            view = canvas.view
            assert view is not None
            at = view.to_widget(x + width / 2, y + height / 2)
            found[tool] += [worked(event) for event in spiral(canvas, QPointF(*at))]
            wait_for(lambda: canvas.stage.is_complete)
    canvas.set_tool("select")
    return found


def spiral(canvas: Canvas, start: QPointF) -> Iterator[Event]:
    """The events of a drag."""
    kinds = QMouseEvent.Type
    yield lambda: mouse(canvas, kinds.MouseButtonPress, start)
    place = start
    for step in range(60):
        place = start + QPointF(step * 0.9 * math.cos(step / 7), step * 0.9 * math.sin(step / 7))
        yield lambda place=place: mouse(canvas, kinds.MouseMove, place)  # type: ignore[misc]
    yield lambda: mouse(canvas, kinds.MouseButtonRelease, place)


def worked(work: Event) -> float:
    """Milliseconds of the processor that this thread needs for something and the repaint that it asks for."""
    start = time.thread_time()
    work()
    QApplication.processEvents()
    return (time.thread_time() - start) * 1000


def steps(session: Session, canvas: Canvas, size: tuple[int, int]) -> list[float]:
    """Milliseconds from asking for the next image until all of it is on the screen."""
    show(session, canvas, first(session, "b_small" if size == SMALL else "c_middle"))
    values = []
    for _ in range((STEPS if size == SMALL else STEPS // 2) - 1):
        pause = time.perf_counter() + 0.5
        wait_for(lambda pause=pause: time.perf_counter() > pause)  # type: ignore[misc]
        before = session.image_id
        start = time.perf_counter()
        session.step(1)
        wait_for(lambda before=before: session.document is not None and session.document.image.id != before)  # type: ignore[misc]
        wait_for(lambda: canvas.stage.is_complete)
        values.append((time.perf_counter() - start) * 1000)
    return values


def cold_opening(session: Session, canvas: Canvas) -> tuple[float, float, float]:
    """First picture, all of it, and the longest block, in ms, of an image that was never read before."""
    wanted = first(session, "a_large")
    if session.image_id == wanted:
        session.step(1)
    wait_for(lambda: canvas.stage.is_complete)
    start = time.perf_counter()
    session.show_image(wanted)
    blocks = [wait_for(lambda: session.document is not None and session.document.image.id == wanted)]
    blocks.append(wait_for(lambda: canvas.stage.is_complete))
    seen = time.perf_counter()
    blocks.append(wait_for(lambda: canvas.stage.is_full and canvas.stage.is_complete))
    done = time.perf_counter()
    return (seen - start) * 1000, (done - start) * 1000, max(blocks)


if __name__ == "__main__":
    main(NAME, measure)

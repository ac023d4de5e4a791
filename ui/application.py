"""The window's application. It is shown before a project is read and before SQL or OpenCV are loaded."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QMessageLogContext,
    QObject,
    QSettings,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QWidget

from app import display
from ui import start, theme
from ui.main_window import MainWindow
from ui.session import Session

log = logging.getLogger("protolabel")
QUIET = 2000  # ms after the first painting, when the start is over


def make_application(*, dressed: bool = True) -> QApplication:
    """The one QApplication; without `dressed` its style sheet is still to be put on."""
    _own_plugins()
    QCoreApplication.setApplicationName("Protolabel")
    QCoreApplication.setOrganizationName("Protolabel")
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(sys.argv[:1])
    theme.ensure_font(app)
    theme.prepare(app, str(QSettings().value("theme", "system")))
    if dressed:
        theme.dress(app)
    app.setWindowIcon(theme.icon("protolabel"))
    return app


def run(project: Path | None = None, watch: Callable[[MainWindow], object] | None = None) -> int:
    """Open the window, with a project if one is named, until it is closed; `watch` is given it unshown."""
    app = make_application(dressed=False)
    if project is not None:
        threading.Thread(target=start.map_opencv, daemon=True).start()
    session = Session()
    window = MainWindow(session, opening=project)
    theme.dress(app)
    _catch(session)
    first = FirstPainting(window, lambda: _begin(session, project))
    if watch is not None:
        watch(window)
    window.show()
    signal.signal(signal.SIGINT, lambda *_: window.close())
    beat = QTimer()  # lets Python look at signals
    beat.timeout.connect(lambda: None)
    beat.start(300)
    status = app.exec()
    del first
    return status


def _begin(session: Session, project: Path | None) -> None:
    """The window is there: now what is behind it."""
    if project is not None:
        session.document_changed.connect(start.shown, Qt.ConnectionType.SingleShotConnection)
        session.open_project(project)
        session.workers.on_pool(start.load_decoders)
    QTimer.singleShot(QUIET, start.ended)


class FirstPainting(QObject):
    """Calls `then`, once, as soon as a window has been painted."""

    def __init__(self, window: QWidget, then: Callable[[], object]) -> None:
        super().__init__()
        self._window, self._then = window, then
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            QTimer.singleShot(0, self._then)
        return False


def screenshot(project: Path, out: Path, *, image: int = 0, seconds: float = 30.0) -> None:
    """Open a project in the real window, off screen if need be, and save a picture of it."""
    before = qInstallMessageHandler(_say)
    try:
        _picture(project, out, image, seconds)
    finally:
        qInstallMessageHandler(before)


def _say(kind: QtMsgType, context: QMessageLogContext, words: str) -> None:
    """Qt's messages, without what its offscreen platform says of every window whose size has a limit."""
    if "propagateSizeHints" not in words:
        print(words, file=sys.stderr)


def _picture(project: Path, out: Path, image: int, seconds: float) -> None:
    if not display.can_draw():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = make_application()
    QCoreApplication.setApplicationName("Protolabel picture")  # a person's layout is neither used nor touched
    QSettings().clear()
    session = Session()
    session.auto_prelabel = False
    window = MainWindow(session)
    window.resize(1440, 900)
    window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen, app.platformName() != "offscreen")
    window.show()
    session.open_project(project)
    _until(lambda: bool(session.records) and session.document is not None, seconds)
    if session.records:
        proposed = [record for record in session.records if record.proposal_count] or session.records
        chosen = proposed[min(image, len(proposed) - 1)]
        session.show_image(chosen.id)
        _until(lambda: session.document is not None and session.document.image.id == chosen.id, seconds)
        _until(lambda: session.prediction is not None, 3.0)
        explained = (
            [each.id for each in session.document.annotations.values() if each.origin]
            if session.document
            else []
        )
        session.select(explained[:1])
    _settle(1.5)
    window.grab().save(str(out))
    window.close()
    _settle(0.1)


def _until(ready: Callable[[], bool], seconds: float) -> None:
    """Let Qt work until `ready()`."""
    end = time.monotonic() + seconds
    while not ready() and time.monotonic() < end:
        _settle(0.02)


def _settle(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QCoreApplication.processEvents()
        time.sleep(0.005)


def _own_plugins() -> None:
    """OpenCV, here or in a parent process, may have pointed Qt at plug-ins of its own: take that back."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]


def _catch(session: Session) -> None:
    """A bug of ours costs one action: it goes to the log and is told, and work goes on."""
    folder = Path(os.environ.get("PROTOLABEL_LOG_DIR") or _log_folder())
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "protolabel.log"
    logging.basicConfig(filename=file, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        log.error("".join(traceback.format_exception(kind, error, trace)))
        sys.__stderr__ and traceback.print_exception(kind, error, trace)
        words = f"Something went wrong in Protolabel ({kind.__name__}); your work is saved. Details: {file}"
        session.workers.post(lambda: session.message.emit(words, "error"))

    sys.excepthook = tell
    threading.excepthook = lambda caught: tell(
        caught.exc_type, caught.exc_value or caught.exc_type(), caught.exc_traceback
    )


def _log_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_log_dir("protolabel", appauthor=False))

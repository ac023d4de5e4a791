"""Colours, style sheet, fonts and icons, light and dark. Everything that is drawn asks here by name."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

RESOURCES = Path(__file__).parents[1] / "resources"
MODES = ("system", "light", "dark")

LIGHT = {
    "window": "#f3f4f6",
    "panel": "#ffffff",
    "text": "#1d2129",
    "faint": "#6b7280",
    "line": "#d9dce1",
    "button": "#ffffff",
    "hover": "#e8ebf0",
    "accent": "#2563eb",
    "on_accent": "#ffffff",
    "tip": "#1d2129",
    "canvas": "#d4d6da",
    "good": "#1f9d55",
    "wait": "#d98a00",
    "bad": "#d13438",
}
DARK = {
    "window": "#1e2126",
    "panel": "#262a31",
    "text": "#e6e8eb",
    "faint": "#99a1ad",
    "line": "#3a3f48",
    "button": "#2f343c",
    "hover": "#3a404a",
    "accent": "#4c8dff",
    "on_accent": "#0b1220",
    "tip": "#3a3f48",
    "canvas": "#16181c",
    "good": "#3ecf7a",
    "wait": "#f2b035",
    "bad": "#ff6b6b",
}

SHEET = """
QWidget {{ color: {text}; }}
QMainWindow, QDialog {{ background: {window}; }}
QMenuBar {{ background: {window}; }}
QMenuBar::item {{ padding: 5px 9px; background: transparent; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {hover}; }}
QMenu {{ background: {panel}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 4px; }}
QMenu::item:selected {{ background: {accent}; color: {on_accent}; }}
QMenu::item:disabled {{ color: {faint}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 6px; }}
QToolBar {{ background: {window}; border: 0; spacing: 2px; padding: 3px; }}
QToolBar::separator {{ background: {line}; width: 1px; height: 1px; margin: 5px; }}
QToolButton {{ border: 0; border-radius: 6px; padding: 5px; }}
QToolButton:hover {{ background: {hover}; }}
QToolButton:checked {{ background: {accent}; }}
QDockWidget {{ titlebar-close-icon: none; titlebar-normal-icon: none; font-weight: 600; }}
QDockWidget::title {{ background: {window}; padding: 6px 8px; }}
QDockWidget > QWidget {{ background: {panel}; }}
QListView, QTableView, QScrollArea {{ background: {panel}; border: 0; outline: 0; }}
QListView::item:selected, QTableView::item:selected {{ background: {accent}; color: {on_accent}; }}
QListWidget::item {{ padding: 4px; border-radius: 4px; }}
QHeaderView::section {{ background: {panel}; color: {faint}; border: 0; border-bottom: 1px solid {line};
    padding: 4px; font-weight: 400; }}
QHeaderView::up-arrow {{ image: url({arrow_up}); width: 9px; height: 9px; }}
QHeaderView::down-arrow {{ image: url({arrow}); width: 9px; height: 9px; }}
QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextBrowser {{ background: {panel};
    border: 1px solid {line}; border-radius: 6px; padding: 4px 7px; selection-background-color: {accent}; }}
QLineEdit:focus, QComboBox:focus, QAbstractSpinBox:focus {{ border-color: {accent}; }}
QComboBox::drop-down {{ border: 0; width: 22px; }}
QComboBox::down-arrow {{ image: url({arrow}); width: 12px; height: 12px; }}
QComboBox:disabled, QLineEdit:disabled, QAbstractSpinBox:disabled {{ color: {faint}; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ border: 0; width: 18px;
    background: transparent; }}
QAbstractSpinBox::up-arrow {{ image: url({arrow_up}); width: 10px; height: 10px; }}
QAbstractSpinBox::down-arrow {{ image: url({arrow}); width: 10px; height: 10px; }}
QComboBox QAbstractItemView {{ background: {panel}; border: 1px solid {line}; outline: 0; }}
QPushButton {{ background: {button}; border: 1px solid {line}; border-radius: 6px; padding: 5px 12px; }}
QPushButton:hover {{ background: {hover}; }}
QPushButton:default, QPushButton[primary="true"] {{ background: {accent}; color: {on_accent};
    border-color: {accent}; }}
QPushButton:disabled {{ color: {faint}; }}
QPushButton:default:disabled, QPushButton[primary="true"]:disabled {{ background: {button}; color: {faint};
    border-color: {line}; }}
QProgressBar {{ background: {hover}; border: 0; border-radius: 3px; max-height: 6px; color: transparent; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 3px; }}
QTabWidget::pane {{ border: 0; border-top: 1px solid {line}; background: {window}; }}
QTabBar::tab {{ background: {window}; color: {faint}; padding: 7px 12px; border: 0;
    border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {text}; border-bottom-color: {accent}; }}
QStatusBar {{ background: {window}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ padding: 2px 8px; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QScrollBar:vertical {{ background: transparent; width: 10px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; }}
QScrollBar::handle {{ background: {line}; border-radius: 4px; min-height: 24px; min-width: 24px;
    margin: 1px; }}
QScrollBar::handle:hover {{ background: {faint}; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{ background: none;
    height: 0; width: 0; }}
QToolTip {{ background: {tip}; color: #f5f6f7; border: 0; padding: 5px 7px; }}
QSplitter::handle, QMainWindow::separator {{ background: {line}; width: 1px; height: 1px; }}
#card {{ background: {panel}; border: 1px solid {line}; border-radius: 14px; }}
#title {{ font-size: 20px; font-weight: 600; }}
#faint {{ color: {faint}; }}
#refused {{ color: {bad}; font-weight: 600; }}
QToolButton#model {{ padding: 5px 8px; border: 1px solid {line}; }}
QToolButton#model::menu-indicator {{ image: url({arrow}); width: 10px; height: 10px;
    subcontrol-position: right center; subcontrol-origin: padding; right: 6px; }}
#notice {{ background: {hover}; border-radius: 6px; }}
#notice[kind="error"] {{ background: #7a2327; }}
#notice[kind="warning"] {{ background: #7a5a12; }}
#notice[kind="error"] QLabel, #notice[kind="warning"] QLabel {{ color: #ffffff; }}
#notice[kind="error"] QToolButton, #notice[kind="warning"] QToolButton {{ color: #ffffff; }}
"""


def is_dark(mode: str) -> bool:
    """Whether a mode is dark here and now."""
    if mode == "system":
        return QGuiApplication.styleHints().colorScheme() is Qt.ColorScheme.Dark
    return mode == "dark"


def apply(app: QApplication, mode: str = "system") -> None:
    """Dress the application."""
    prepare(app, mode)
    dress(app)


def dress(app: QApplication) -> None:
    """Put the style sheet on. It costs least when all widgets are made and none has been shown."""
    dark = bool(app.property("dark"))
    app.setStyleSheet(SHEET.format(**(DARK if dark else LIGHT), **_arrows("dark" if dark else "light")))


def _arrows(mode: str) -> dict[str, str]:
    """The style sheet's pictures: it cannot colour them, so there is a file for each mode."""
    folder = (RESOURCES / "icons").as_posix()
    return {"arrow": f'"{folder}/arrow_down_{mode}.svg"', "arrow_up": f'"{folder}/arrow_up_{mode}.svg"'}


def prepare(app: QApplication, mode: str = "system") -> None:
    """Style, colours and icons of a mode, without the style sheet."""
    colors = DARK if is_dark(mode) else LIGHT
    app.setStyle("Fusion")
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, name in (
        (roles.Window, "window"),
        (roles.Base, "panel"),
        (roles.AlternateBase, "hover"),
        (roles.Text, "text"),
        (roles.WindowText, "text"),
        (roles.ButtonText, "text"),
        (roles.Button, "button"),
        (roles.Highlight, "accent"),
        (roles.HighlightedText, "on_accent"),
        (roles.ToolTipBase, "tip"),
        (roles.PlaceholderText, "faint"),
        (roles.Mid, "line"),
        (roles.Dark, "canvas"),
    ):
        palette.setColor(role, QColor(colors[name]))
    for role in (roles.Text, roles.WindowText, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(colors["faint"]))
    app.setPalette(palette)
    app.setProperty("dark", colors is DARK)
    icon.cache_clear()


def color(name: str) -> QColor:
    """A colour of the present theme."""
    app = QApplication.instance()
    return QColor((DARK if app is not None and app.property("dark") else LIGHT)[name])


def ensure_font(app: QApplication) -> None:
    """A font that can be read where the system has none (a bare machine, off screen)."""
    if not QFontDatabase.families():
        for file in sorted((RESOURCES / "fonts").glob("*.ttf")):
            QFontDatabase.addApplicationFont(str(file))
        families = QFontDatabase.families()
        if families:
            app.setFont(QFont(families[0], 10))


@cache
def icon(name: str) -> QIcon:
    """An icon by name, in the text's colour; when it is switched on, in the accent's counterpart."""
    result, drawn = QIcon(), _drawn(name)
    for state, tone in ((QIcon.State.Off, "text"), (QIcon.State.On, "on_accent")):
        for mode, part in ((QIcon.Mode.Normal, tone), (QIcon.Mode.Disabled, "line")):
            result.addPixmap(_inked(drawn, color(part)), mode, state)
    return result


def _drawn(name: str, side: int = 48) -> QPixmap:
    from PySide6.QtSvg import QSvgRenderer

    pixmap = QPixmap(QSize(side, side))
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        file = str(RESOURCES / "icons" / f"{name}.svg")
        QSvgRenderer(file).render(painter, QRectF(0, 0, side, side))
    return pixmap


def _inked(drawn: QPixmap, tone: QColor) -> QPixmap:
    """The same drawing in another colour."""
    pixmap = QPixmap(drawn)
    with QPainter(pixmap) as painter:
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(pixmap.rect(), tone)
    return pixmap

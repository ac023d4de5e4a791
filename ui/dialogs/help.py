"""The help page, made from the table of actions, and the words about the program."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QMessageBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from ui.actions import ACTIONS, MENUS
from ui.shortcuts import Keys, load, shown

MOUSE = (
    ("Wheel", "Zoom to the pointer"),
    ("Space and drag, middle button", "Move the image"),
    ("Click", "Choose the smallest instance there; again: the next one under it"),
    ("Shift and click", "Choose one more"),
    ("Drag on empty ground", "Choose all that a rectangle holds"),
    ("Drag a vertex or a side", "Reshape what is chosen"),
)
TOOL_KEYS = (
    ("Any drawing tool", "Esc", "Drop what is being drawn"),
    ("Select", "Tab, Shift+Tab", "The next or previous instance"),
    ("Select", "Arrows", "Move what is chosen by a pixel; with Shift by ten"),
    ("Box", "Shift", "A square"),
    ("Box", "Ctrl", "The box as it is drawn, without asking the model"),
    ("Polygon", "Backspace", "Take the last vertex back"),
    ("Polygon", "Enter, double click", "Close it"),
    ("Polygon", "Ctrl+click", "Begin a hole in what is chosen"),
    ("Polygon", "Shift+click", "Begin another part of what is chosen; on a vertex: delete it"),
    ("Brush, eraser", "[, ], Alt+wheel", "Smaller or larger"),
    ("Brush, eraser", "Shift+click", "A straight line from where the last stroke ended"),
    ("Brush, eraser", "Right button", "The other of the two"),
    ("Click to correct", "Right button, Shift+Enter", "This does not belong to it"),
    ("Click to correct", "Ctrl+click", "Choose another instance, or ask what is there"),
    ("Click to correct", "Arrows, then Enter", "A hint without the mouse; Esc puts the cross hair away"),
    ("Click to correct", "Up or Down, then Enter", "With nothing chosen: what the model sees at a place"),
    ("Click to correct", "Backspace, or click on a hint", "Take a hint back"),
    ("Click to correct", "Tab", "The next instance, or the next candidate"),
    ("Split", "Enter, double click", "Split along the line"),
)
WORDS = (
    "A <b>proposal</b> is what the model says; it is yours once you accept, relabel or correct it. The "
    "<b>threshold</b> hides weak proposals at once, without running the model. Mark an image <b>done</b> "
    "when all in it is labelled: only those are exported and trained on. Nothing has to be saved."
)


def page(keys: Keys, filter: str = "") -> str:
    """The help as HTML; only rows that hold `filter`."""
    needle = filter.casefold()
    parts = [f"<p>{WORDS}</p>"] if not needle else []
    titles = {menu: menu for menu in MENUS} | {"": "Further keys"}
    for menu, title in titles.items():
        rows = [
            (spec.text.rstrip(" …"), shown(keys[spec.id]), spec.tip)
            for spec in ACTIONS
            if spec.menu == menu and keys[spec.id]
        ]
        parts.append(_table(title, [row for row in rows if needle in " ".join(row).casefold()]))
    tools = [(words, keys_, tool) for tool, keys_, words in TOOL_KEYS]
    parts.append(
        _table("While a tool is in hand", [row for row in tools if needle in " ".join(row).casefold()])
    )
    mouse = [(words, keys_, "") for keys_, words in MOUSE if needle in f"{keys_} {words}".casefold()]
    parts.append(_table("Mouse", mouse))
    return "".join(parts)


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><td width=200><b>{escape(keys)}</b></td><td>{escape(words)}"
        f"{f' &nbsp;<span style=color:gray>{escape(tip)}</span>' if tip else ''}</td></tr>"
        for words, keys, tip in rows
    )
    return f"<h3>{title}</h3><table cellpadding=2>{lines}</table>"


class HelpDialog(QDialog):
    """All keys on one page, with a search."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and help")
        keys = load(QSettings())
        search, text = QLineEdit(), QTextBrowser()
        search.setPlaceholderText("Search")
        search.textChanged.connect(lambda words: text.setHtml(page(keys, words)))
        text.setHtml(page(keys))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (search, text, buttons):
            layout.addWidget(widget)
        self.resize(640, min(720, self.screen().availableSize().height() - 60))


def about(parent: QWidget) -> None:
    """Name, version, licence."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("protolabel")
    except PackageNotFoundError:
        number = "from source"
    QMessageBox.about(
        parent,
        "About Protolabel",
        f"<b>Protolabel</b> {number}<p>Pre-label, correct in the model's own terms, export, retrain.</p>"
        "<p>MIT licence. Models of the YOLACT family (arXiv 1904.02689, 1912.06218, 2012.12259).</p>",
    )

"""The layers hold: `ui -> app -> model`, and heavy libraries stay in their rooms."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "model": {"app", "ui", "PySide6", "sqlalchemy", "sqlite3"},
    "app": {"ui", "PySide6", "torch", "torchvision"},
    "ui": {"torch", "torchvision", "sqlalchemy", "sqlite3"},
}
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
SOURCES = [path for layer in FORBIDDEN for path in sorted((ROOT / layer).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Top-level names of all modules that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    layer = path.relative_to(ROOT).parts[0]
    assert not imported(path) & FORBIDDEN[layer]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_page_says_where_a_module_stands(path: Path) -> None:
    assert path.name == "__init__.py" or path.stem in set(re.findall(r"\w+", PAGE))


def test_the_page_says_nothing_of_modules_that_are_gone() -> None:
    part = PAGE.partition("## Where things stand")[2].partition("\n## ")[0]
    named = {name.strip("/") for name in re.findall(r"`([a-z0-9_/]+)`", part)}
    assert len(named) > len(SOURCES) / 2
    assert named - {path.stem for path in SOURCES} - {path.parent.name for path in SOURCES} == set()


def test_opencv_is_imported_in_one_place() -> None:
    others = [path for path in SOURCES if "cv2" in imported(path) and path.name != "opencv.py"]
    assert others == []


@pytest.mark.parametrize(
    "module",
    ["messages", "masks", "coefficients", "image_io", "config", "card", "errors", "opencv"],
)
def test_light_modules_do_not_load_torch(module: str) -> None:
    code = f"import sys, model.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_opencv_leaves_qt_its_own_plugins() -> None:
    code = (
        "import os; from model.opencv import cv2; "
        "assert 'QT_QPA_PLATFORM_PLUGIN_PATH' not in os.environ; "
        "from PySide6.QtWidgets import QApplication; QApplication([]); print('made')"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "made", run.stderr

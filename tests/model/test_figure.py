"""The drawings in the documentation are those of the configurations."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from model.config import CONFIGS
from model.figure import drawing

FIGURES = Path(__file__).parents[2] / "docs" / "images" / "models"


@pytest.mark.parametrize("name", CONFIGS)
def test_the_documentation_s_drawing_is_the_configuration_s(name: str) -> None:
    kept = (FIGURES / f"{name}.svg").read_text(encoding="utf-8")
    assert kept == drawing(CONFIGS[name]), "draw them again: python -m model.figure"


def test_it_says_what_the_configuration_says() -> None:
    config = replace(CONFIGS["lite"], name="a < b", classes=7, prototypes=16, rescoring=True)
    words = [element.text for element in ElementTree.fromstring(drawing(config)).iter() if element.text]
    for wanted in ("a < b", "104 × 104 × 16", "10,842 × 8", "10,842 × 16, tanh", "score × predicted IoU"):
        assert wanted in words

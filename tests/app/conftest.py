"""A model's process that is quick: what a file's name says is what happens to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.inference import Inference
from tests.app.fake_host import SERVE


@pytest.fixture
def inference() -> Iterator[Inference]:
    with Inference(Path("fake/weights"), serve=SERVE) as made:
        yield made

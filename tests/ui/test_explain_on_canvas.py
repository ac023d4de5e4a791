"""What the explaining panel shows over the canvas, and the mask that follows a bar there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.ui.acting import document_of
from tests.ui.explaining import predict, propose_left_half
from ui.canvas.view import Canvas
from ui.explain.on_canvas import CanvasLayer
from ui.explain.panel import ExplainPanel
from ui.session import Session


@pytest.fixture
def shown(session: Session, qtbot: QtBot, project_folder: Path) -> tuple[Canvas, ExplainPanel, CanvasLayer]:
    canvas, panel = Canvas(session), ExplainPanel(session)
    qtbot.addWidget(canvas)
    qtbot.addWidget(panel)
    layer = CanvasLayer(canvas, panel)
    canvas.resize(320, 240)
    canvas.show()
    panel.show()
    predict(session)
    qtbot.waitUntil(lambda: len(panel.grid.images) == 4 and canvas.view is not None)
    return canvas, panel, layer


def test_a_pinned_prototype_lies_over_the_image_where_it_is(
    shown: tuple[Canvas, ExplainPanel, CanvasLayer],
) -> None:
    canvas, panel, layer = shown
    assert not layer.isVisible()
    panel.pin(1)  # on in the right half
    assert layer.geometry() == canvas.rect()
    picture = layer.grab().toImage()
    assert canvas.view is not None
    left, right = (canvas.view.to_widget(x, 30) for x in (10, 70))
    dark, light = (picture.pixelColor(int(x), int(y)).lightness() for x, y in (left, right))
    assert light > dark + 50
    panel.pin(1)
    assert not layer.isVisible()


def test_the_layer_follows_the_canvas_size(shown: tuple[Canvas, ExplainPanel, CanvasLayer]) -> None:
    canvas, panel, layer = shown
    panel.pin(0)
    canvas.resize(400, 300)
    assert layer.size() == canvas.size()


def test_a_moving_bar_is_live_on_the_canvas_and_settles_there(
    shown: tuple[Canvas, ExplainPanel, CanvasLayer], session: Session, qtbot: QtBot
) -> None:
    canvas, panel, _ = shown
    made = propose_left_half(session)
    qtbot.waitUntil(lambda: panel.bars.values is not None and panel.pages.currentIndex() == 1)
    everywhere = np.ones(4, np.float32)
    panel.bars.moved.emit(everywhere)
    qtbot.waitUntil(lambda: canvas.stage.live is not None)
    assert canvas.stage.live is not None
    assert canvas.stage.live.id == made.id
    panel.bars.settled.emit(everywhere)
    qtbot.waitUntil(lambda: canvas.stage.live is None)
    assert document_of(session).annotations[made.id].bbox[2] == 80
    assert canvas.mask_of(made.id).bits.shape[1] == 80
    canvas.close_threads()

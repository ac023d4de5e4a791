"""Arrays as Qt images, with the colour tables of `ui.widgets.color_map`."""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPixmap

from ui.widgets import color_map

TableName = Literal["sequential", "diverging"]
ROUND = 4.0  # radius of a picture's corners


@cache
def _colors(name: TableName) -> list[int]:
    table = color_map.sequential() if name == "sequential" else color_map.diverging()
    return [QColor(*(int(each) for each in row)).rgb() for row in table]


def color_of(value: float) -> QColor:
    """The full colour of what adds (value >= 0) or takes away."""
    return QColor(_colors("diverging")[-1 if value >= 0 else 0])


def indexed(places: NDArray[np.uint8], table: TableName) -> QImage:
    """(h, w) places in a colour table as an image of its own memory."""
    height, width = places.shape
    image = QImage(
        np.ascontiguousarray(places).tobytes(), width, height, width, QImage.Format.Format_Indexed8
    )
    image.setColorTable(_colors(table))
    return image.convertToFormat(QImage.Format.Format_RGB32)


def with_alpha(rgba: NDArray[np.uint8]) -> QImage:
    """(h, w, 4) RGBA with straight alpha as an image of its own memory."""
    height, width, _ = rgba.shape
    image = QImage(rgba.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def rounded(image: QImage, size: QSize, ratio: float, *, keep_shape: bool = False) -> QPixmap:
    """An image as a pixmap of `size` (widget units) with round corners; `keep_shape`: not stretched."""
    pixmap = QPixmap(size * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    aspect = Qt.AspectRatioMode.KeepAspectRatio if keep_shape else Qt.AspectRatioMode.IgnoreAspectRatio
    scaled = image.scaled(size * ratio, aspect, Qt.TransformationMode.SmoothTransformation)
    where = QRectF(0, 0, scaled.width() / ratio, scaled.height() / ratio)
    where.moveCenter(QRectF(0, 0, size.width(), size.height()).center())
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        path = QPainterPath()
        path.addRoundedRect(where, ROUND, ROUND)
        painter.setClipPath(path)
        painter.drawImage(where, scaled)
    return pixmap


def thinned(image: QImage, opacity: float) -> QImage:
    """A picture that what is behind it shows through."""
    result = QImage(image.size(), QImage.Format.Format_ARGB32_Premultiplied)
    result.fill(Qt.GlobalColor.transparent)
    with QPainter(result) as painter:
        painter.setOpacity(opacity)
        painter.drawImage(0, 0, image)
    return result

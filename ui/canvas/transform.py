"""Where the image lies on the widget: pure functions between three frames.

*image*: image pixels (upright, x right, y down, pixel centres at +0.5). *world*: image x scale, in device
pixels of the screen, (0, 0) at the image's corner; tiles are cut in it. *widget*: Qt's logical units. The
view's corner lies on whole device pixels, so that tiles are copied to the screen without being resampled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

MAX_SCALE = 64.0  # device pixels per image pixel
KEPT = 48  # device pixels of the image that stay on the widget however far it is moved
Rect = tuple[float, float, float, float]  # left, top, right, bottom
Size = tuple[float, float]  # width, height


@dataclass(frozen=True, slots=True)
class View:
    """world = image * scale; widget = (world - corner) / ratio."""

    scale: float  # device pixels per image pixel
    left: int = 0  # the widget's left top corner in the world, device pixels
    top: int = 0
    ratio: float = 1.0  # device pixels per logical unit of the widget

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Widget -> image."""
        return (x * self.ratio + self.left) / self.scale, (y * self.ratio + self.top) / self.scale

    def to_widget(self, x: float, y: float) -> tuple[float, float]:
        """Image -> widget."""
        return (x * self.scale - self.left) / self.ratio, (y * self.scale - self.top) / self.ratio

    def rect_to_widget(self, rect: Rect) -> Rect:
        """Image -> widget."""
        return (*self.to_widget(rect[0], rect[1]), *self.to_widget(rect[2], rect[3]))

    @property
    def widget_units(self) -> float:
        """Image pixels per logical unit: how far a hand's tolerance on the screen reaches in the image."""
        return self.ratio / self.scale


def zoom_at(view: View, factor: float, at: tuple[float, float], *, smallest: float = 0.01) -> View:
    """The view `factor` times as large; the image's point at widget position `at` stays there.

    It stays to within half a device pixel. The scale is kept between `smallest` and MAX_SCALE.
    """
    return zoom_to(view, view.scale * factor, at, smallest=smallest)


def zoom_to(view: View, scale: float, at: tuple[float, float], *, smallest: float = 0.01) -> View:
    """As `zoom_at`, to a scale."""
    scale = min(max(scale, smallest), MAX_SCALE)
    if abs(scale - 1) < 1e-3:
        scale = 1.0  # steps up and down meet at exactly 100 %
    x, y = view.to_image(*at)
    return replace(
        view,
        scale=scale,
        left=round(x * scale - at[0] * view.ratio),
        top=round(y * scale - at[1] * view.ratio),
    )


def panned(view: View, dx: float, dy: float) -> View:
    """The view whose content has moved by (dx, dy) widget units."""
    return replace(view, left=view.left - round(dx * view.ratio), top=view.top - round(dy * view.ratio))


def clamped(view: View, image: Size, widget: Size) -> View:
    """The nearest view that keeps some of the image on the widget."""
    left = _clamp(view.left, image[0] * view.scale, widget[0] * view.ratio)
    top = _clamp(view.top, image[1] * view.scale, widget[1] * view.ratio)
    return replace(view, left=left, top=top)


def _clamp(corner: int, world: float, widget: float) -> int:
    kept = min(KEPT, world)
    return round(min(max(corner, kept - widget), world - kept))


def fit(image: Size, widget: Size, ratio: float = 1.0, *, margin: float = 12.0, largest: float = 8.0) -> View:
    """The view that shows the whole image in the middle, `margin` widget units around it."""
    return fit_rect((0, 0, image[0], image[1]), widget, ratio, margin=margin, largest=largest)


def fit_rect(
    rect: Rect, widget: Size, ratio: float = 1.0, *, margin: float = 48.0, largest: float = MAX_SCALE
) -> View:
    """The view that shows a rectangle of the image in the middle."""
    width, height = max(rect[2] - rect[0], 1e-6), max(rect[3] - rect[1], 1e-6)
    room = max(widget[0] - 2 * margin, 16) * ratio, max(widget[1] - 2 * margin, 16) * ratio
    scale = min(room[0] / width, room[1] / height, largest)
    return centred(View(scale, 0, 0, ratio), ((rect[0] + rect[2]) / 2, (rect[1] + rect[3]) / 2), widget)


def centred(view: View, point: tuple[float, float], widget: Size) -> View:
    """The view with the image's `point` in the widget's middle."""
    left = round(point[0] * view.scale - widget[0] * view.ratio / 2)
    top = round(point[1] * view.scale - widget[1] * view.ratio / 2)
    return replace(view, left=left, top=top)


def smallest_scale(image: Size, widget: Size, ratio: float) -> float:
    """How far one may zoom out: to a quarter of what fits, and at least to a quarter."""
    return min(fit(image, widget, ratio).scale / 4, 0.25)


def grid_span(low: float, high: float, size: int) -> range:
    """Indices of the cells of `size` that [low, high) touches; from 0 on."""
    return range(max(math.floor(low / size), 0), max(math.ceil(high / size), 0))


def touches(a: Rect, b: Rect) -> bool:
    """Whether two rectangles overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def union(a: Rect, b: Rect) -> Rect:
    """The smallest rectangle around both."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])


def grown(rect: Rect, by: float) -> Rect:
    """The rectangle with `by` added on each side."""
    return rect[0] - by, rect[1] - by, rect[2] + by, rect[3] + by

"""The view's arithmetic: there and back, and what stays where when it zooms and pans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.canvas import transform
from ui.canvas.transform import View

scales = st.floats(0.01, 64)
places = st.floats(-5000, 5000)
ratios = st.sampled_from([1.0, 1.25, 1.5, 2.0, 3.0])
corners = st.integers(-100_000, 100_000)


@given(scales, corners, corners, ratios, places, places)
def test_there_and_back(scale: float, left: int, top: int, ratio: float, x: float, y: float) -> None:
    view = View(scale, left, top, ratio)
    assert view.to_widget(*view.to_image(x, y)) == pytest.approx((x, y), abs=1e-6)


@given(scales, corners, corners, ratios, st.floats(0.1, 10), places, places)
def test_zoom_keeps_the_point_under_the_cursor(
    scale: float, left: int, top: int, ratio: float, factor: float, x: float, y: float
) -> None:
    view = View(scale, left, top, ratio)
    zoomed = transform.zoom_at(view, factor, (x, y))
    there = zoomed.to_widget(*view.to_image(x, y))
    assert there == pytest.approx((x, y), abs=0.51 / ratio)  # half a device pixel


def test_wheel_steps_back_and_forth_return_to_the_same_place() -> None:
    view = transform.fit((4000, 3000), (1000, 700))
    zoomed = view
    for _ in range(8):
        zoomed = transform.zoom_at(zoomed, 1.2, (300, 200))
    for _ in range(8):
        zoomed = transform.zoom_at(zoomed, 1 / 1.2, (300, 200))
    assert zoomed.scale == pytest.approx(view.scale)
    assert (zoomed.left, zoomed.top) == pytest.approx((view.left, view.top), abs=3)


def test_scale_near_one_becomes_exactly_one() -> None:
    assert transform.zoom_at(View(0.5), 2.0000001, (0, 0)).scale == 1.0


def test_zoom_is_limited() -> None:
    assert transform.zoom_at(View(60.0), 100, (0, 0)).scale == transform.MAX_SCALE
    assert transform.zoom_at(View(0.1), 0.001, (0, 0), smallest=0.05).scale == 0.05


@given(
    st.tuples(st.integers(1, 20_000), st.integers(1, 20_000)),
    st.tuples(st.integers(50, 4000), st.integers(50, 3000)),
    ratios,
)
def test_fit_shows_the_whole_image_in_the_middle(
    image: tuple[int, int], widget: tuple[int, int], ratio: float
) -> None:
    view = transform.fit(image, widget, ratio)
    left, top, right, bottom = view.rect_to_widget((0, 0, image[0], image[1]))
    assert left >= -1
    assert top >= -1
    assert right <= widget[0] + 1
    assert bottom <= widget[1] + 1
    assert (left + right) / 2 == pytest.approx(widget[0] / 2, abs=1)


@given(scales, st.integers(-(10**7), 10**7), st.integers(-(10**7), 10**7), ratios)
def test_some_of_the_image_always_stays_in_view(scale: float, left: int, top: int, ratio: float) -> None:
    image, widget = (640, 480), (800, 600)
    view = transform.clamped(View(scale, left, top, ratio), image, widget)
    shown = view.rect_to_widget((0, 0, *image))
    assert shown[0] < widget[0]
    assert shown[1] < widget[1]
    assert shown[2] > 0
    assert shown[3] > 0


def test_clamping_leaves_a_good_view_alone() -> None:
    view = View(1.0, 100, 50)
    assert transform.clamped(view, (2000, 2000), (800, 600)) == view


def test_pan_moves_the_content_with_the_hand() -> None:
    view = View(2.0, 10, 20, 2.0)
    x, y = view.to_image(100, 100)
    assert transform.panned(view, 30, -5).to_widget(x, y) == pytest.approx((130, 95))

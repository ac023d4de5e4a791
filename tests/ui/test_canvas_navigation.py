"""What gestures do to a view: pans by as much as the hand moved, zooms about the place under it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent

from ui.canvas.navigation import NOTCH, PIXELS_PER_NOTCH, WHEEL_FACTOR, Navigator
from ui.canvas.transform import View

AT = QPointF(100, 50)
NONE, SHIFT, CONTROL = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


class Shown:
    """A view that goes wherever it is put."""

    def __init__(self) -> None:
        self.view: View | None = View(1.0, left=10, top=20)

    def set_view(self, view: View) -> None:
        self.view = view

    def smallest_scale(self) -> float:
        return 0.1


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def navigator(shown: Shown) -> Navigator:
    return Navigator(shown)


def corner(shown: Shown) -> tuple[int, int]:
    assert shown.view is not None
    return shown.view.left, shown.view.top


def wheel(
    angle: tuple[int, int] = (0, 0),
    *,
    pixels: tuple[int, int] = (0, 0),
    modifiers: Qt.KeyboardModifier = NONE,
    phase: Qt.ScrollPhase = Qt.ScrollPhase.NoScrollPhase,
) -> QWheelEvent:
    return QWheelEvent(
        AT, AT, QPoint(*pixels), QPoint(*angle), Qt.MouseButton.NoButton, modifiers, phase, False
    )


def test_a_drag_moves_the_image_with_the_hand(shown: Shown, navigator: Navigator) -> None:
    navigator.grab(AT)
    navigator.drag(AT + QPointF(7, -3))
    navigator.drag(AT + QPointF(8, -3))
    assert corner(shown) == (2, 23)
    navigator.drop()
    navigator.drag(AT)
    assert corner(shown) == (2, 23)


def test_the_middle_button_drags_and_the_left_one_while_space_is_held(navigator: Navigator) -> None:
    left, middle = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
    assert (navigator.starts_pan(left), navigator.starts_pan(middle)) == (False, True)
    navigator.hold_space()
    assert navigator.starts_pan(left)
    assert not navigator.starts_pan(Qt.MouseButton.RightButton)


def test_space_that_was_dragged_with_was_not_tapped(navigator: Navigator) -> None:
    navigator.hold_space()
    navigator.grab(AT)
    navigator.drop()
    assert not navigator.release_space()
    assert not navigator.release_space()  # it is not held any more


def test_a_wheel_zooms_about_the_pointer(shown: Shown, navigator: Navigator) -> None:
    assert shown.view is not None
    before = shown.view.to_image(AT.x(), AT.y())
    navigator.wheel(wheel((0, 2 * NOTCH)))
    assert shown.view.scale == pytest.approx(WHEEL_FACTOR**2)
    assert shown.view.to_image(AT.x(), AT.y()) == pytest.approx(before, abs=1)
    navigator.wheel(wheel((0, -200 * NOTCH)))
    assert shown.view.scale == pytest.approx(0.1)  # no further out


@pytest.mark.parametrize(
    ("event", "moved"),
    [
        (wheel((0, NOTCH), modifiers=SHIFT), (-60, 0)),
        (wheel((NOTCH, 0)), (-60, 0)),  # a wheel that tilts
        (wheel(pixels=(5, -4), phase=Qt.ScrollPhase.ScrollUpdate), (-5, 4)),  # a trackpad
    ],
)
def test_sideways_and_on_a_trackpad_it_pans(
    shown: Shown, navigator: Navigator, event: QWheelEvent, moved: tuple[int, int]
) -> None:
    navigator.wheel(event)
    assert shown.view is not None
    assert shown.view.scale == 1
    assert corner(shown) == (10 + moved[0], 20 + moved[1])


def test_a_trackpad_zooms_with_control(shown: Shown, navigator: Navigator) -> None:
    up = (0, int(PIXELS_PER_NOTCH))
    navigator.wheel(wheel(pixels=up, modifiers=CONTROL, phase=Qt.ScrollPhase.ScrollUpdate))
    assert shown.view is not None
    assert shown.view.scale == pytest.approx(WHEEL_FACTOR)


def test_without_an_image_nothing_moves(shown: Shown, navigator: Navigator) -> None:
    shown.view = None
    navigator.grab(AT)
    navigator.drag(AT + QPointF(1, 1))
    navigator.wheel(wheel((0, NOTCH)))
    assert shown.view is None

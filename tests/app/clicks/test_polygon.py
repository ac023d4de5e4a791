"""Vertices as clicks: a square takes four, a wrong corner one, and the curve rises."""

import numpy as np
import pytest

from app.clicks.counting import iou
from app.clicks.polygon import drawn, edited
from model.opencv import cv2


def square(size: int = 40) -> np.ndarray:
    bits = np.zeros((80, 100), np.bool_)
    bits[20 : 20 + size, 30 : 30 + size] = True
    return bits


def star() -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    radii = np.where(np.arange(20) % 2, 18, 38)
    points = np.stack([50 + radii * np.cos(angles), 40 + radii * np.sin(angles)], 1)
    bits = np.zeros((80, 100), np.uint8)
    cv2.fillPoly(bits, [points.astype(np.int32)], 1)
    return bits > 0


def test_a_square_is_drawn_with_its_four_corners() -> None:
    found = drawn(square())
    assert found[:3] == [0, 0, 0]
    assert found[3] == pytest.approx(0.5, abs=0.03)
    assert found[4] == 1
    assert len(found) == 5


def test_more_vertices_are_better_up_to_the_cap() -> None:
    found = drawn(star(), 12)
    assert len(found) == 13
    assert found[12] > found[8] > found[4]
    assert found[12] < drawn(star(), 30)[-1]


def test_two_parts_are_both_drawn() -> None:
    both = square(20)
    both[50:70, 70:90] = True
    assert drawn(both)[-1] == 1
    assert drawn(np.zeros((5, 5), np.bool_)) == [1]


def test_a_wrong_corner_is_one_click() -> None:
    mask = square()
    cv2.fillPoly(bits := mask.astype(np.uint8), [np.array([[30, 20], [52, 20], [30, 42]], np.int32)], 0)
    found = edited(bits > 0, square())
    assert found[0] == iou(bits > 0, square())
    assert max(found[:3]) > 0.97
    assert edited(square(), square()) == [1.0]


def test_a_piece_too_much_goes_as_a_whole() -> None:
    mask = square()
    mask[5:12, 85:95] = True
    assert edited(mask, square())[1] == pytest.approx(1, abs=0.01)


def test_without_an_outline_nothing_is_edited() -> None:
    nothing = np.zeros((80, 100), np.bool_)
    assert edited(nothing, square()) == [0]

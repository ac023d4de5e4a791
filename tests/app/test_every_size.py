"""What stands out at a place is found at its own size, whatever that is."""

import numpy as np
import pytest

from app.clicks.counting import iou
from app.every_size import objects_at
from app.fine import FineLook, shared_look
from app.geometry import window
from model.opencv import cv2

WIDTH, HEIGHT = 320, 240


def scene(radius: int, center: tuple[int, int] = (150, 110)) -> tuple[np.ndarray, np.ndarray]:
    """A leaf-green ellipse on sand, with another one beside it; the first one's mask."""
    noise = np.random.default_rng(1).normal(0, 6, (HEIGHT, WIDTH, 3))
    picture = np.full((HEIGHT, WIDTH, 3), (196, 178, 140), np.float64)
    truth = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(truth, center, (radius, int(radius * 0.7)), 20, 0, 360, 1, -1)
    picture[truth > 0] = (60, 120, 50)
    picture[:30, :60] = (150, 40, 40)
    return np.clip(picture + noise, 0, 255).astype(np.uint8), truth > 0


def look() -> FineLook:
    found = shared_look()
    assert found is not None
    return found


@pytest.mark.parametrize("radius", [18, 45, 80])
def test_an_object_of_any_size_is_the_first_one(radius: int) -> None:
    picture, truth = scene(radius)
    found = objects_at(picture, (WIDTH, HEIGHT), 150.5, 110.5, look())
    assert iou(window(found[0].mask, 0, 0, WIDTH, HEIGHT), truth) > 0.8


def test_all_hold_the_place_differ_and_fall_in_certainty() -> None:
    picture, _ = scene(45)
    found = objects_at(picture, (WIDTH, HEIGHT), 150.5, 110.5, look())
    assert all(window(each.mask, 150, 110, 151, 111).all() for each in found)
    certainties = [each.certainty for each in found]
    assert certainties == sorted(certainties, reverse=True)


def test_a_reduced_image_shows_the_same() -> None:
    picture, truth = scene(80)
    half = np.ascontiguousarray(picture[::2, ::2])
    found = objects_at(half, (WIDTH, HEIGHT), 150.5, 110.5, look())
    assert iou(window(found[0].mask, 0, 0, WIDTH, HEIGHT), truth) > 0.75


@pytest.mark.parametrize("size", [(1, 1), (8, 5), (400, 3)])
@pytest.mark.parametrize("place", [(0.5, 0.5), (-4.0, 900.0)])
def test_tiny_images_and_places_outside_are_answered(
    size: tuple[int, int], place: tuple[float, float]
) -> None:
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for each in objects_at(picture, size, *place, look()):
        assert each.mask.bits.any()


@pytest.mark.parametrize("deviation", [0.0, 5.0])
def test_on_plain_ground_nothing_stands_out(deviation: float) -> None:
    noise = np.random.default_rng(0).normal(128, deviation, (HEIGHT, WIDTH, 3))
    picture = np.clip(noise, 0, 255).astype(np.uint8)
    assert objects_at(picture, (WIDTH, HEIGHT), 150.5, 110.5, look()) == []

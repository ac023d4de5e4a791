"""A drawn box becomes what the anchors say of it; what they do not know comes from colour and place."""

from dataclasses import replace

import numpy as np

from app.box_prompt import best_of_box, candidates_under
from app.clicks.counting import iou
from app.geometry import window
from model.messages import Anchors, Prediction
from tests.app.test_instance_solving import BODY, HEIGHT, WIDTH, picture, prediction

DRAWN = (32.0, 32.0, 56.0, 56.0)


def with_anchors(score: float = 0.01) -> Prediction:
    boxes = np.array([[0.2, 0.26, 0.55, 0.74], [0.7, 0.7, 0.9, 0.9]], np.float32)
    classes, scores = np.zeros((2, 1), np.int16), np.full((2, 1), score, np.float16)
    coefficients = np.array([[4, -2, -4], [0, 0, 1]], np.float16)
    return replace(prediction(), anchors=Anchors(boxes, classes, scores, coefficients))


def test_a_box_is_answered_by_its_anchor_with_its_class() -> None:
    seed = best_of_box(with_anchors(0.3), DRAWN, picture())
    assert (seed.source, seed.anchor, seed.category) == ("anchor", 0, "cat")
    truth = window(BODY, 0, 0, WIDTH, HEIGHT)
    assert iou(window(seed.mask, 0, 0, WIDTH, HEIGHT), truth) > 0.9


def test_where_the_model_has_no_idea_the_picture_decides() -> None:
    seed = best_of_box(with_anchors(), DRAWN, picture())
    assert (seed.source, seed.category) == ("geometry", "")
    truth = window(BODY, 0, 0, WIDTH, HEIGHT)
    assert iou(window(seed.mask, 0, 0, WIDTH, HEIGHT), truth) > 0.8


def test_an_object_that_is_none_of_the_models_needs_more_belief() -> None:
    seed = best_of_box(with_anchors(0.3), DRAWN, picture(), sure=0.35)
    assert (seed.source, seed.category) == ("geometry", "")


def test_without_anchors_the_detections_are_asked() -> None:
    assert best_of_box(prediction(), DRAWN, None).source == "anchor"


def test_boxes_at_and_beyond_the_image_and_without_size_are_answered() -> None:
    for box in [
        (0.0, 0.0, 1.0, 1.0),
        (150.0, 110.0, 50.0, 50.0),
        (10.0, 10.0, 0.0, 0.0),
        (-90.0, -9.0, 5.0, 5.0),
    ]:
        assert best_of_box(with_anchors(), box, picture()).mask.bits.ndim == 2


def test_a_click_is_answered_by_what_covers_it() -> None:
    (seed,) = candidates_under(with_anchors(0.3), 60, 60)
    assert seed.classes[0][0] == "cat"
    assert candidates_under(with_anchors(0.3), 5, 5) == []
    assert candidates_under(with_anchors(0.3), -5, 500) == []

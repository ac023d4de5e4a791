"""What a click on bare image is offered: what the model believes, then what stands out."""

from dataclasses import replace

from app.box_prompt import candidates_under
from app.clicks.counting import iou
from app.fine import shared_look
from app.geometry import window
from app.offers import MOST, offers_at
from tests.app.test_box_prompt import with_anchors
from tests.app.test_instance_solving import BODY, HEIGHT, WIDTH, picture


def test_a_model_that_knows_comes_first_with_its_class() -> None:
    first, *_ = offers_at(with_anchors(0.3), 60, 60, picture(), shared_look())
    assert (first.source, first.category) == ("anchor", "cat")
    assert window(first.mask, 60, 60, 61, 61).all()


def test_what_the_model_hardly_believes_comes_after_what_stands_out() -> None:
    found = offers_at(with_anchors(0.01), 60, 60, picture(), shared_look())
    assert found[0].source == "geometry"
    assert not found[0].coefficients.any()
    truth = window(BODY, 0, 0, WIDTH, HEIGHT)
    assert iou(window(found[0].mask, 0, 0, WIDTH, HEIGHT), truth) > 0.8
    assert len(found) <= MOST


def test_a_model_without_an_idea_is_no_hindrance() -> None:
    known = with_anchors()
    names = ("boxes", "scores", "classes", "coefficients", "qualities")
    none = replace(known, anchors=None, **{name: getattr(known, name)[:0] for name in names})
    found = offers_at(none, 60, 60, picture(), shared_look())
    assert found
    assert {each.source for each in found} == {"geometry"}


def test_without_pixels_the_model_alone_is_asked() -> None:
    known = candidates_under(with_anchors(0.3), 60, 60)
    found = offers_at(with_anchors(0.3), 60, 60, None, shared_look())
    assert [each.anchor for each in found] == [each.anchor for each in known]
    assert found[0].mask.bits.sum() == known[0].mask.bits.sum()

"""An instance's grid: the network's logits at zero helpers, places that agree with the image's."""

import numpy as np
import pytest

from model.basis import extended_basis, grown, instance_grid
from model.messages import Prediction

WIDTH, HEIGHT = 120, 80


def prediction(region: tuple[float, float, float, float] | None = None) -> Prediction:
    rng = np.random.default_rng(0)
    return Prediction(
        model_version="m",
        categories=("thing",),
        image_width=WIDTH,
        image_height=HEIGHT,
        prototypes=rng.random((20, 30, 6)).astype(np.float16),
        boxes=np.array([[0.2, 0.2, 0.7, 0.8]], np.float32),
        scores=np.ones(1, np.float32),
        classes=np.zeros(1, np.int32),
        coefficients=rng.normal(size=(1, 6)).astype(np.float32),
        qualities=np.ones(1, np.float32),
        region=region,
    )


def pixels() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)


def test_without_helpers_the_logits_are_the_networks() -> None:
    known = prediction()
    made = extended_basis(known, pixels(), (24, 16, 60, 48), known.coefficients[0])
    np.testing.assert_array_equal(made.mask.coefficients[made.own :], 0)
    logits = made.mask.basis @ made.mask.coefficients
    np.testing.assert_allclose(logits, made.grid.prototypes @ known.coefficients[0], rtol=1e-5, atol=1e-5)
    assert len(made.names) == made.mask.basis.shape[2] == 6 + 15 + 25


def test_a_grid_at_the_prototypes_resolution_holds_the_very_prototypes() -> None:
    known = prediction()
    grid = instance_grid(known, None, (0, 0, WIDTH, HEIGHT), side=30)
    np.testing.assert_allclose(grid.prototypes, known.prototypes.astype(np.float32), atol=1e-5)
    assert grid.cell == pytest.approx(1)
    assert not grid.lab.any()


def test_a_regions_prototypes_lie_where_the_region_is() -> None:
    known = prediction(region=(60.0, 40.0, 60.0, 40.0))
    grid = instance_grid(known, None, (60, 40, 120, 80), side=30)
    np.testing.assert_allclose(grid.prototypes, known.prototypes.astype(np.float32), atol=1e-5)


@pytest.mark.parametrize(
    "box", [(0, 0, 1, 1), (119, 79, 1, 1), (0, 0, 120, 80), (-50, -50, 10, 10), (500, 500, 9, 9)]
)
def test_any_box_gives_a_rectangle_of_the_image_and_finite_rows(
    box: tuple[float, float, float, float],
) -> None:
    left, top, right, bottom = grown(box, WIDTH, HEIGHT)
    assert 0 <= left < right <= WIDTH
    assert 0 <= top < bottom <= HEIGHT
    known = prediction()
    assert np.isfinite(extended_basis(known, pixels(), box, known.coefficients[0]).mask.basis).all()


def test_helper_rows_have_unit_deviation() -> None:
    known = prediction()
    made = extended_basis(known, pixels(), (24, 16, 60, 48), known.coefficients[0])
    helpers = made.mask.basis[..., made.own + 1 :]  # all but the constant
    np.testing.assert_allclose(helpers.std((0, 1)), 1, rtol=1e-3)

"""What changes on the grid comes to the image's resolution as if every pixel had been sampled."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from app.geometry import bounds, covers, window
from app.grid_masks import above, painted, sampled, with_changes
from model.basis import InstanceGrid
from model.local_solving import Field
from model.masks import BoxMask
from model.opencv import cv2


def _field(size: tuple[int, int], shape: tuple[int, int], seed: int) -> Field:
    rng = np.random.default_rng(seed)
    left, top = 37, 11
    rectangle = left, top, left + size[0], top + size[1]
    grid = InstanceGrid(rectangle, np.zeros((*shape, 1), np.float32), np.zeros((*shape, 3), np.float32), 1.0)
    logits = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 5)
    return Field(grid, logits * 10, np.zeros(1))


@pytest.mark.parametrize("size", [(1500, 1100), (700, 2300), (40, 2250), (30, 20)])
def test_only_blocks_near_an_edge_are_sampled_and_all_pixels_are_as_if_all_were(
    size: tuple[int, int],
) -> None:
    field = _field(size, (70, 90), seed=size[0])
    full = sampled(field.logits, 0, 0, field.grid.rectangle, field)
    clear = np.abs(full) > 1e-4  # nearer, rounding decides
    found = above(field.logits, 0.0, 0, 0, field.grid.rectangle, field)
    np.testing.assert_array_equal(found[clear], (full > 0)[clear])
    left, top = 20, 30
    across, down = field.grid.scale
    x0, y0 = field.grid.rectangle[:2]
    part = x0 + int(left / across), y0 + int(top / down), x0 + size[0], y0 + size[1]
    full = sampled(field.logits[top:, left:], left, top, part, field)
    clear = np.abs(full) > 1e-4
    found = above(field.logits[top:, left:], 0.0, left, top, part, field)
    np.testing.assert_array_equal(found[clear], (full > 0)[clear])


def test_where_nobody_asks_nothing_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    field = _field((1500, 1100), (70, 90), seed=3)
    area = field.grid.rectangle
    whole = above(field.logits, 0.0, 0, 0, area, field)
    asked = np.zeros_like(whole)
    asked[200:260, 300:420] = True
    seen: list[int] = []

    def counted(*arguments: Any) -> Any:
        seen.append(1)
        return sampled(*arguments)

    monkeypatch.setattr("app.grid_masks.sampled", counted)
    found = above(field.logits, 0.0, 0, 0, area, field, where=asked)
    np.testing.assert_array_equal(found[asked], whole[asked])
    assert len(seen) <= 4


def test_only_places_that_are_wrong_are_painted() -> None:
    mask = BoxMask(10, 10, np.ones((20, 20), np.bool_))
    same, any_, pixels = painted(mask, [(15.0, 15.0)], True, 2.0, (60, 60))
    assert (same is mask, any_, pixels.bits.size) == (True, False, 0)
    more, any_, pixels = painted(mask, [(15.0, 15.0), (45.0, 20.0)], True, 2.0, (60, 60))
    assert any_
    assert covers(more, 45, 20)
    assert not covers(pixels, 15, 15)
    assert bounds(more)[0] == 10


def test_a_mask_drawn_anew_keeps_its_pixels_where_a_change_was_refused() -> None:
    field = _field((300, 200), (50, 75), seed=5)
    left, top, right, bottom = field.grid.rectangle
    rng = np.random.default_rng(1)
    before = BoxMask(left, top, rng.random((bottom - top, right - left)) < 0.5)
    refused = np.zeros(field.grid.shape, np.bool_)
    refused[10:20, 30:45] = True
    shown = dataclasses.replace(field, changed=~refused, refused=refused, anew=True, whole=True)
    made = window(with_changes(before, shown, inside=True), *field.grid.rectangle)
    scale = round(1 / field.grid.scale[0])
    kept = slice(10 * scale, 20 * scale), slice(30 * scale, 45 * scale)
    np.testing.assert_array_equal(made[kept], before.bits[kept])
    new = above(field.logits, 0.0, 0, 0, field.grid.rectangle, field)
    far = slice(26 * scale, None), slice(0, None)
    np.testing.assert_array_equal(made[far], new[far])

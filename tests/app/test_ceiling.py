"""The ceiling: what the basis holds is expressed, what it does not hold is not, helpers raise it."""

from dataclasses import replace

import numpy as np

from app.ceiling import FINE, Ceiling, Measured, ceiling, measure, size_of, table
from model.masks import BoxMask
from tests.app.test_instance_solving import BODY, picture, prediction


def test_a_prototype_is_expressed_wholly() -> None:
    assert ceiling(prediction(), picture(), BODY, helpers=False) > 0.9


def test_helpers_raise_the_ceiling_of_what_the_prototypes_do_not_hold() -> None:
    rows, columns = np.ogrid[:40, :40]
    disc = BoxMask(70, 60, np.asarray((rows - 20) ** 2 + (columns - 20) ** 2 < 300))
    alone = ceiling(prediction(), picture(), disc, helpers=False)
    assert ceiling(prediction(), picture(), disc) > alone + 0.1


def test_the_best_iou_is_looked_for_not_the_most_cells() -> None:
    """Of one prototype that is the same everywhere: most cells are right with no mask at all."""
    flat = replace(prediction(), prototypes=np.ones((30, 40, 3), np.float16))
    mask = BoxMask(40, 40, np.ones((40, 40), np.bool_))
    alone = ceiling(flat, None, mask, helpers=False)
    assert 0.45 < alone < 0.55  # the grid spans 1.4 times the box: 1 / 1.4 ** 2 = 0.51


def test_both_are_measured_at_once_as_they_are_singly() -> None:
    both = measure(prediction(), picture(), BODY)
    assert both.alone == ceiling(prediction(), picture(), BODY, helpers=False, side=FINE)
    assert both.helped >= max(both.alone, ceiling(prediction(), picture(), BODY, side=FINE))


def test_a_reduced_image_gives_nearly_the_same() -> None:
    whole = measure(prediction(), picture(), BODY)
    half = measure(prediction(), picture()[::2, ::2], BODY, scale=2)
    assert half.alone == whole.alone
    assert abs(half.helped - whole.helped) < 0.03


def test_nothing_has_no_ceiling() -> None:
    assert ceiling(prediction(), None, BoxMask(0, 0, np.zeros((0, 0), np.bool_))) == 0
    assert measure(prediction(), None, BoxMask(0, 0, np.zeros((3, 3), np.bool_))) == Ceiling(0, 0)


def test_a_pixel_and_everything_are_measured() -> None:
    assert 0 <= ceiling(prediction(), picture(), BoxMask(5, 5, np.ones((1, 1), np.bool_))) <= 1
    assert ceiling(prediction(), picture(), BoxMask(0, 0, np.ones((120, 160), np.bool_))) == 1


def test_the_table_counts_by_category_and_size() -> None:
    rows = table([Measured("cat", 10**4, 0.95), Measured("cat", 100, 0.5), Measured("dog", 100, 0.86)])
    found = {(row["category"], row["size"]): row for row in rows}
    assert found["all", "all"]["instances"] == 3
    assert found["cat", "small"]["mean"] == 0.5
    assert found["all", "small"]["share_85"] == 0.5
    assert ("dog", "large") not in found
    assert [size_of(area) for area in (1023, 1024, 96**2)] == ["small", "medium", "large"]

"""What lies under the pointer."""

import numpy as np
import pytest

from app.annotation import AnnotationId
from app.geometry import PolygonPart, Polygons
from model.masks import BoxMask
from tests.ui.canvas_fakes import disc, rectangle
from ui.canvas import hit_testing

SIZE = (200, 200)
MASKS = {1: disc(100, 100, 80, SIZE), 2: disc(100, 100, 20, SIZE), 3: disc(30, 30, 10, SIZE)}
IDS = [AnnotationId(each) for each in MASKS]
BOXES = [(m.left, m.top, m.bits.shape[1], m.bits.shape[0]) for m in MASKS.values()]
AREAS = [int(m.bits.sum()) for m in MASKS.values()]


def under(x: float, y: float, tolerance: float = 0.0) -> list[AnnotationId]:
    return hit_testing.instances_at(x, y, IDS, BOXES, AREAS, lambda id: MASKS[id], tolerance=tolerance)


def test_the_smallest_comes_first() -> None:
    assert under(100, 100) == [2, 1]
    assert under(100, 150) == [1]


def test_a_box_alone_is_no_hit() -> None:
    assert under(22, 22) == []
    assert under(100, 15) == []


def test_a_near_miss_counts_within_the_tolerance() -> None:
    assert under(30, 42.5) == []
    assert under(30, 42.5, 4) == [3]


def test_a_sure_hit_beats_a_smaller_near_miss() -> None:
    assert under(100, 122, 5) == [1]


@pytest.mark.parametrize(("x", "y"), [(-1, -1), (500, 20), (199.9, 199.9)])
def test_nothing_there(x: float, y: float) -> None:
    assert under(x, y) == []


def test_no_instances() -> None:
    assert hit_testing.instances_at(1, 1, [], [], [], lambda id: MASKS[id]) == []
    assert hit_testing.instances_in((0, 0, 9, 9), [], []) == []


def test_a_rectangle_holds_whole_boxes_only() -> None:
    assert hit_testing.instances_in((15, 15, 125, 125), IDS, BOXES) == [2, 3]
    assert hit_testing.instances_in((0, 0, 200, 200), IDS, BOXES) == [1, 2, 3]


def test_covers_looks_at_the_pixel_of_the_point() -> None:
    mask = BoxMask(5, 5, np.array([[True, False]]))
    assert hit_testing.covers(mask, 5.0, 5.99)
    assert not hit_testing.covers(mask, 6.0, 5.5)
    assert hit_testing.covers(mask, 6.2, 5.5, tolerance=1)


def test_nearest_vertex_names_ring_and_index() -> None:
    hole = ((40.0, 40.0), (60.0, 40.0), (50.0, 60.0))
    polygons = Polygons(
        (rectangle(0, 0, 10, 10).parts[0], PolygonPart(rectangle(20, 20, 90, 90).parts[0].outline, (hole,)))
    )
    assert hit_testing.nearest_vertex(polygons, 61, 41, 3) == ((1, 0), 1)
    assert hit_testing.nearest_vertex(polygons, 9, 1, 3) == ((0, -1), 1)
    assert hit_testing.nearest_vertex(polygons, 15, 15, 3) is None


def test_nearest_edge_gives_the_foot() -> None:
    ring = rectangle(0, 0, 10, 10).parts[0].outline
    assert hit_testing.nearest_edge(ring, 4, -1, 2) == (0, (4.0, 0.0))
    assert hit_testing.nearest_edge(ring, -1, 7, 2) == (3, (0.0, 7.0))  # the edge that closes the ring
    assert hit_testing.nearest_edge(ring, 5, 5, 2) is None
    assert hit_testing.nearest_edge([(1, 1)], 1, 1, 2) is None


@pytest.mark.parametrize(
    ("handle", "expected"),
    # x 10..20, y 10..30 to (3, 4): sides may go past each other
    [("nw", (3, 4, 17, 26)), ("e", (3, 10, 7, 20)), ("s", (10, 4, 10, 6))],
)
def test_dragged_box(handle: str, expected: tuple[float, ...]) -> None:
    assert hit_testing.dragged_box((10, 10, 10, 20), handle, 3, 4) == expected

"""The check of a COCO file tells each fault in words, and nothing of a sound file."""

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.coco import Severity, check_coco
from app.formats.coco_check import verify
from tests.app.coco_files import annotation, compressed, dataset, image, ring, uncompressed, write

SOUND = [
    annotation(1),
    annotation(2, segmentation=compressed(ring()), bbox=None, area=int(ring().sum())),
    annotation(3, segmentation=uncompressed(ring()), bbox=None, area=int(ring().sum()), iscrowd=1),
]


def test_a_sound_file_has_no_problems(tmp_path: Path) -> None:
    assert check_coco(write(tmp_path, dataset(SOUND))) == []


@pytest.mark.parametrize(
    ("content", "severity", "reason"),
    [
        (dataset([annotation(0)]), "warning", "id 0 or below, which evaluators misread: given a new one"),
        (
            dataset([annotation(1), annotation(1)]),
            "warning",
            "id that stands twice: the later one given a new one",
        ),
        (
            dataset([annotation(1, area=None)]),
            "warning",
            "area that is not a positive number: taken from the mask",
        ),
        (
            dataset([annotation(1, area=140)]),
            "warning",
            "area more than 10% off its mask: taken from the mask",
        ),
        (
            dataset([annotation(1, area=math.nan)]),
            "warning",
            "area that is not a positive number: taken from the mask",
        ),
        (dataset([annotation(1, category_id=2)]), "error", "category_id that is no category of the file"),
        (dataset([annotation(1, image_id=2)]), "error", "image_id of no usable image"),
        (dataset([], [{"id": 1, "file_name": "a.png"}]), "error", "image without a width and height"),
        (
            dataset([], [image(1, "a.png"), image(1, "b.png")]),
            "error",
            "image id that stands for several files",
        ),
        (
            dataset([], categories=[{"id": 1, "name": "x"}, {"id": 2, "name": "x"}]),
            "warning",
            "category name that several ids have: they are taken as one",
        ),
        (
            dataset([annotation(1, segmentation={"size": [30, 40], "counts": [0, 10**9]})]),
            "error",
            "run-length mask that does not fit its image",
        ),
    ],
)
def test_a_fault_is_named_with_its_weight(
    tmp_path: Path, content: dict[str, object], severity: str, reason: str
) -> None:
    (problem,) = check_coco(write(tmp_path, content))
    assert (problem.severity, problem.reason, problem.count) == (severity, reason, 1)
    assert str(problem).startswith(f"{severity}: 1 x ")


def test_a_file_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    (problem,) = check_coco(tmp_path / "none.json")
    assert problem.severity is Severity.ERROR
    assert "no such file" in problem.reason


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"area": 101}, "area or box is not its mask's"),
        ({"bbox": [5, 5, 10, 11]}, "area or box is not its mask's"),
        ({"id": 0}, "id 0 or below"),
        ({"category_id": 3}, "category_id"),
    ],
)
def test_the_check_of_an_export_is_exact(tmp_path: Path, change: dict[str, Any], fault: str) -> None:
    assert verify(write(tmp_path, dataset([annotation(1)])), 1, 1) == ""
    assert fault in verify(write(tmp_path, dataset([annotation(1, **change)])), 1, 1)
    assert "expected 1 images and 2 annotations, got 1 and 1" in verify(
        write(tmp_path, dataset([annotation(1)])), 1, 2
    )


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 50) | st.floats() | st.sampled_from(["", "1", "a.png"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["size", "counts", "id", "name"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "id",
        "image_id",
        "category_id",
        "segmentation",
        "bbox",
        "area",
        "iscrowd",
        "score",
        "file_name",
        "width",
    ]
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=150,
)
@given(
    annotations=st.lists(st.dictionaries(FIELDS, JUNK, max_size=3), max_size=3),
    images=st.dictionaries(FIELDS, JUNK, max_size=2),
    whole=st.booleans(),
)
def test_junk_in_any_field_is_told_and_never_raises(
    tmp_path: Path, annotations: list[dict[str, object]], images: dict[str, object], whole: bool
) -> None:
    base = annotation(1) if whole else {}
    content = dataset([{**base, **each} for each in annotations], [image(1, "a.png") | images])
    for problem in check_coco(write(tmp_path, content)):
        assert "\n" not in str(problem)

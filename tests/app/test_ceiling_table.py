"""The table: means and shares by category and size, worked by hand; files; the worst first."""

from __future__ import annotations

import csv
import io

from app.annotation import AnnotationId, Category, CategoryId, ImageId
from app.ceiling import Ceiling
from app.ceiling_store import Instance
from app.ceiling_table import FIELDS, as_csv, as_dicts, chosen, lines, tabulate

CAT, DOG, COW = (CategoryId(number) for number in (1, 2, 3))
CATEGORIES = [
    Category(DOG, "dog", "#000000"),
    Category(CAT, "cat", "#000000"),
    Category(COW, "cow", "#000000"),
]


def instance(number: int, category: CategoryId, area: float, *ious: float) -> Instance:
    ceiling = Ceiling(*ious) if ious else None
    return Instance(AnnotationId(number), ImageId(1), category, area, b"", ceiling)


INSTANCES = [
    instance(1, CAT, 100, 0.5, 0.75),  # small
    instance(2, CAT, 10_000, 0.75, 0.9),  # large
    instance(3, CAT, 10_000, 1.0, 1.0),
    instance(4, DOG, 2_000, 0.25, 0.5),  # medium
    instance(5, COW, 2_000),  # not measured
]


def test_means_and_shares_are_by_category_and_size() -> None:
    rows = tabulate(INSTANCES, CATEGORIES)
    assert [row.name for row in rows] == ["all", "dog", "cat"]
    everything = rows[0].cells
    assert [everything[size].count for size in ("small", "medium", "large", "all")] == [1, 1, 2, 4]
    assert everything["all"].mean == Ceiling(0.625, 0.7875)  # (.5+.75+1+.25)/4, (.75+.9+1+.5)/4
    assert everything["large"].share == Ceiling(0.5, 1.0)
    assert "medium" not in rows[2].cells
    assert rows[1].cells["medium"].mean == Ceiling(0.25, 0.5)


def test_a_category_named_all_is_its_own() -> None:
    rows = tabulate(INSTANCES, [Category(CAT, "all", "#000000")])
    assert [(row.category, row.cells["all"].count) for row in rows] == [(None, 4), (CAT, 3)]


def test_nothing_measured_gives_no_rows() -> None:
    assert tabulate(INSTANCES[4:], CATEGORIES) == []
    assert lines([])


def test_the_worst_of_a_cell_come_first() -> None:
    assert [each.id for each in chosen(INSTANCES, None, "all")] == [4, 1, 2, 3]
    assert [each.id for each in chosen(INSTANCES, CAT, "large")] == [2, 3]


def test_the_file_has_a_line_for_each_cell() -> None:
    rows = tabulate(INSTANCES, CATEGORIES)
    found = list(csv.DictReader(io.StringIO(as_csv(as_dicts(rows), FIELDS))))
    assert len(found) == 4 + 2 + 3
    assert found[0] == {
        "category": "all",
        "size": "small",
        "instances": "1",
        "mean_prototypes": "0.5000",
        "share_90_prototypes": "0.0000",
        "mean_with_helpers": "0.7500",
        "share_90_with_helpers": "0.0000",
    }
    assert as_csv(as_dicts(rows), FIELDS, tabs=True).startswith("category\tsize\t")


def test_a_terminal_gets_as_many_lines() -> None:
    rows = tabulate(INSTANCES, CATEGORIES)
    assert len(lines(rows)) == 1 + 9
    assert "0.625" in lines(rows)[4]

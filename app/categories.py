"""The rules for a project's categories: names, ids, colours. Values in, values out; nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.annotation import Category, CategoryId
from app.errors import ProjectError

PALETTE = (  # Okabe-Ito and further colours that stay apart for colour-blind eyes
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f3c8d",
    "#80ba5a", "#e68310", "#008695", "#cf1c90", "#f97b72", "#4b4b8f", "#a5aa99", "#11a579",
)  # fmt: skip


def first(names: Sequence[str]) -> list[Category]:
    """The categories of a new project. ProjectError for an empty or a repeated name."""
    return [
        Category(CategoryId(number), name, PALETTE[(number - 1) % len(PALETTE)])
        for number, name in enumerate(_clean(names), 1)
    ]


def added(
    name: str,
    there: Sequence[Category],
    removed: Sequence[Category],
    *,
    id: CategoryId | None = None,
    color: str = "",
    supercategory: str = "",
) -> Category:
    """A new category beside those that are `there`; one that was `removed` comes back under its old id.

    ProjectError for a name or an `id` that is taken.
    """
    (name,) = _clean([name])
    _check_new(name, there)
    before = next((each for each in removed if each.name == name), None)
    number = id if id is not None else (before.id if before else None)
    if number is None:
        number = CategoryId(max((each.id for each in [*there, *removed]), default=0) + 1)
    elif any(each.id == number for each in there):
        raise ProjectError(f"expected a free category id, {number} is taken; leave the id out")
    return Category(number, name, color or (before.color if before else _free_color(there)), supercategory)


def changed(category: Category, there: Sequence[Category]) -> Category:
    """A category renamed or recoloured. ProjectError when the name is taken or empty, or the id unknown."""
    (name,) = _clean([category.name])
    if all(each.id != category.id for each in there):
        raise ProjectError(f"expected a category of this project, got id {category.id}; add it first")
    _check_new(name, [each for each in there if each.id != category.id])
    return replace(category, name=name)


def _check_new(name: str, others: Sequence[Category]) -> None:
    if any(each.name == name for each in others):
        raise ProjectError(f"expected a new name for a category, {name!r} is there; choose another")


def _clean(names: Sequence[str]) -> list[str]:
    """The names without the space around them."""
    result = [name.strip() for name in names]
    for name in result:
        if not name or result.count(name) > 1:
            raise ProjectError(f"expected a new name for a category, got {name!r}; choose another")
    return result


def _free_color(there: Sequence[Category]) -> str:
    """The palette's first colour that the fewest categories have."""
    used = [each.color for each in there]
    return min(PALETTE, key=used.count)

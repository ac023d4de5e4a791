"""The rules for categories: names that are free, ids that are never given twice, colours that stay apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.annotation import Category, CategoryId
from app.categories import PALETTE, added, changed, first
from app.errors import ProjectError

CAT, DOG = first(["cat", "dog"])


def test_the_first_ones_are_counted_from_one_in_colours_of_their_own() -> None:
    made = first([" cat ", "dog"])
    assert [(each.id, each.name, each.color) for each in made] == [
        (1, "cat", PALETTE[0]),
        (2, "dog", PALETTE[1]),
    ]
    assert first([]) == []


@pytest.mark.parametrize("names", [["cat", "cat"], ["cat", " cat"], [""], ["cat", "  "]])
def test_empty_and_repeated_names_are_refused(names: list[str]) -> None:
    with pytest.raises(ProjectError, match="expected a new name"):
        first(names)


def test_a_new_one_gets_the_next_id_and_a_free_colour() -> None:
    assert added("cow", [CAT, DOG], []) == Category(CategoryId(3), "cow", PALETTE[2])
    assert added("cow", [], []).id == 1


def test_an_id_is_not_given_again_after_its_category_was_removed() -> None:
    assert added("cow", [CAT], [DOG]).id == 3


def test_one_that_was_removed_comes_back_as_it_was() -> None:
    back = added("dog", [CAT], [replace(DOG, color="#123456")])
    assert (back.id, back.color) == (DOG.id, "#123456")


@pytest.mark.parametrize("name", ["cat", " cat "])
def test_a_name_that_is_there_is_refused(name: str) -> None:
    with pytest.raises(ProjectError, match="'cat' is there"):
        added(name, [CAT, DOG], [])


def test_an_id_that_is_taken_is_refused() -> None:
    assert added("cow", [CAT, DOG], [], id=CategoryId(77)).id == 77
    with pytest.raises(ProjectError, match="2 is taken"):
        added("cow", [CAT, DOG], [], id=DOG.id)


def test_with_many_categories_the_colour_that_the_fewest_have_is_next() -> None:
    many = first([f"c{number}" for number in range(len(PALETTE) + 1)])
    assert added("one more", many, []).color == PALETTE[1]  # the first is there twice


def test_a_category_can_keep_its_name_but_take_no_others() -> None:
    assert changed(replace(CAT, color="#ffffff"), [CAT, DOG]).color == "#ffffff"
    assert changed(replace(CAT, name=" lynx "), [CAT, DOG]).name == "lynx"
    with pytest.raises(ProjectError, match="'dog' is there"):
        changed(replace(CAT, name="dog"), [CAT, DOG])
    with pytest.raises(ProjectError, match="got id 2"):
        changed(DOG, [CAT])

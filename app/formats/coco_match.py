"""Which image of the project an image of a COCO file is, and which category a category.

Paths are compared as relative posix paths, in Unicode's composed form (macOS writes the other one).
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from app.annotation import Category, CategoryId
from app.formats.coco_index import CocoCategory, CocoImage
from app.formats.notes import Tally

Parts = tuple[str, ...]
NOT_THERE = "image that is not in the project"
SEVERAL = "image whose name alone fits several in the project"
BY_OLD_ID = "category with another id in the project: found by its name"
BY_NAME = "image found by its file name alone: the folder differs"


def match_images(
    images: Iterable[CocoImage],
    paths: Sequence[str],
    images_dir: Path,
    names_start: Path | None,
    *,
    refused: Tally,
    changed: Tally,
) -> dict[int, int]:
    """The place in `paths` (relative to `images_dir`) of each image, by its id in the file.

    By its path, also from `names_start` when the file's names start there; else by its name, when only one
    fits and none other claims it. Images that are not found are told in `refused` and left out.
    """
    finder = _Finder(paths, images_dir, names_start)
    exact, by_name = {}, {}
    for image in images:
        place = finder.by_path(image.file_name)
        if place is not None:
            exact[image.id] = place
            continue
        found = finder.by_name(image.file_name)
        if len(found) == 1:
            by_name[image.id] = (found[0], image)
        else:
            refused.add(SEVERAL if found else NOT_THERE, str(image))
    claims = Counter([*exact.values(), *(place for place, _ in by_name.values())])
    for number, (place, image) in by_name.items():
        if claims[place] > 1:
            refused.add(SEVERAL, str(image))
        else:
            exact[number] = place
            changed.add(BY_NAME, f"{image} is {paths[place]}")
    return exact


def wrong_size(image: CocoImage, width: int, height: int) -> str:
    """Why the file's size of an image does not go with the image's own (upright); "" when it does."""
    if image.width is None or image.height is None or (image.width, image.height) == (width, height):
        return ""
    if (image.width, image.height) == (height, width):
        return "image that the file has unturned (width and height swapped): its camera's turn was ignored"
    return "image that has another size in the file"


@dataclass(frozen=True, slots=True)
class CategoryPlan:
    """`of`: the project's category for each of the file's ids. `new`: those to be added to the project."""

    of: Mapping[int, CategoryId]
    new: tuple[CocoCategory, ...]  # with the ids they are to have


def plan_categories(
    wanted: Iterable[CocoCategory],
    existing: Sequence[Category],
    removed: Sequence[Category],
    only: Collection[str] | None,
    *,
    changed: Tally,
) -> CategoryPlan:
    """By name; a new one keeps its id unless the project uses that for another name.

    `only`: names that are taken; None = all. Ids of the project never change, and those of `removed`
    categories, which an undo may bring back, stay theirs.
    """
    by_name = {each.name: int(each.id) for each in existing}
    gone = {each.name: int(each.id) for each in removed}
    used = {int(each.id) for each in (*existing, *removed)}
    chosen = [each for each in wanted if only is None or each.name in only]
    free = max([0, *used, *(each.id for each in chosen)]) + 1
    of: dict[int, CategoryId] = {}
    new = []
    mine: set[str] = set()
    for each in chosen:
        if each.name in by_name:
            number = by_name[each.name]
            if each.name in mine:
                changed.add("category name that several ids have: taken as one", f"{each.name} ({each.id})")
            elif number != each.id:
                changed.add(BY_OLD_ID, _renamed(each, number))
        else:
            number = gone.get(each.name, each.id)
            if each.name in gone:
                if number != each.id:
                    changed.add(BY_OLD_ID, _renamed(each, number))
            elif number in used:
                number, free = free, free + 1
                changed.add(
                    "category whose id the project uses for another: given a new one", _renamed(each, number)
                )
            used.add(number)
            by_name[each.name] = number
            new.append(CocoCategory(number, each.name, each.supercategory))
        mine.add(each.name)
        of[each.id] = CategoryId(number)
    return CategoryPlan(of, tuple(new))


def _renamed(category: CocoCategory, number: int) -> str:
    return f"{category.name}: {category.id} in the file, {number} in the project"


class _Finder:
    def __init__(self, paths: Sequence[str], images_dir: Path, names_start: Path | None) -> None:
        self._root = images_dir.resolve()
        self._starts = [each.resolve() for each in (names_start, images_dir) if each]
        self._by_path: dict[str, int] = {}
        self._by_name: dict[str, list[tuple[Parts, int]]] = defaultdict(list)
        for place, path in enumerate(paths):
            plain = _plain(path)
            self._by_path[plain] = place
            self._by_name[plain.rpartition("/")[2]].append((tuple(plain.split("/")), place))
        below = [start.relative_to(self._root) for start in self._starts if start.is_relative_to(self._root)]
        self._prefixes = [_plain(each.as_posix()).strip(".") for each in below]

    def by_path(self, name: str) -> int | None:
        plain = _plain(name)
        if Path(name).is_absolute():
            path = Path(name).resolve()
            return (
                self._by_path.get(_plain(path.relative_to(self._root).as_posix()))
                if path.is_relative_to(self._root)
                else None
            )
        for prefix in self._prefixes:
            place = self._by_path.get(f"{prefix}/{plain}" if prefix else plain)
            if place is not None:
                return place
        return None

    def by_name(self, name: str) -> list[int]:
        """The images of that name that share the most folders above it."""
        wanted = tuple(_plain(name).split("/"))
        shared = [(_shared(wanted, parts), place) for parts, place in self._by_name.get(wanted[-1], ())]
        most = max((count for count, _ in shared), default=0)
        return [place for count, place in shared if count == most]


def _plain(path: str) -> str:
    """Composed, with slashes, without '.' and doubled slashes."""
    return PurePosixPath(unicodedata.normalize("NFC", path).replace("\\", "/")).as_posix()


def _shared(one: Parts, other: Parts) -> int:
    count = 0
    for mine, yours in zip(reversed(one), reversed(other), strict=False):
        if mine != yours:
            break
        count += 1
    return count

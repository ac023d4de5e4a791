"""A project: a folder with the database, models, runs and a cache, about images that lie where they lie.

Images are referenced by their path relative to the folder of images; they are never copied or changed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.annotation import AnnotationId, Category, CategoryId, ImageId
from app.errors import ImageError, ProjectError
from app.events import Event

if TYPE_CHECKING:
    from app.document import ImageDocument, Journal
    from app.records import ImageRecord
    from app.store import Store

DATABASE = "project.db"
PALETTE = (  # Okabe-Ito and further colours that stay apart for colour-blind eyes
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f3c8d",
    "#80ba5a", "#e68310", "#008695", "#cf1c90", "#f97b72", "#4b4b8f", "#a5aa99", "#11a579",
)  # fmt: skip


class ProjectChange(StrEnum):
    """What of a project changed."""

    IMAGES = "images"
    CATEGORIES = "categories"
    SETTINGS = "settings"


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What a scan of the folder found."""

    found: int
    new: int
    missing: int
    cancelled: bool


class Project:
    """One open project. Used from one thread at a time."""

    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self.store = folder, store
        self.changed: Event[ProjectChange] = Event()
        self.images_dir = _absolute(folder, store.setting("images_dir", "."))
        self._ids: list[int] = []

    @classmethod
    def create(cls, path: Path, images_dir: Path, categories: Sequence[str] = ()) -> Project:
        """A new project about a folder of images. Raises ProjectError in words."""
        from app.store import Store

        path, images_dir = Path(path).absolute(), Path(images_dir).absolute()
        if not images_dir.is_dir():
            raise ProjectError(
                f"expected a folder of images at {images_dir}, found none; choose another folder"
            )
        if (path / DATABASE).exists():
            raise ProjectError(
                f"expected no project in {path}, one is there; open it, or choose another folder"
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
            if not os.access(path, os.W_OK):
                raise PermissionError(13, "it is read-only")
        except OSError as error:
            raise ProjectError(
                f"expected to make a project in {path}: {error.strerror}; choose a folder you can write to"
            ) from error
        store = Store.create(path / DATABASE)
        store.set_setting("images_dir", _relative(path, images_dir))
        project = cls(path, store)
        for name in categories:
            project.add_category(name)
        return project

    @classmethod
    def open(cls, path: Path) -> Project:
        """An existing project. Raises NewerProject or ProjectError in words."""
        from app.store import Store

        path = Path(path).absolute()
        path = path.parent if path.name == DATABASE else path
        if not (path / DATABASE).is_file():
            raise ProjectError(f"expected a project in {path}, found no {DATABASE}; make one with `init`")
        return cls(path, Store.open(path / DATABASE))

    @property
    def name(self) -> str:
        return self.folder.name

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()

    # --- images --------------------------------------------------------------------------------------------

    def scan(
        self,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ScanReport:
        """Find the images of the folder and its sub-folders; new ones are added, vanished ones marked."""
        from app.images import find_images, natural_key

        files = []
        for file in find_images(
            self.images_dir, skip=frozenset({self.folder.resolve()}), cancelled=cancelled
        ):
            files.append(file)
            if progress and len(files) % 1000 == 0:
                progress(len(files), 0)
        before = {record.path: record for record in self.store.images()}
        files.sort(key=lambda file: natural_key(file.path))
        self.store.add_images(files)
        there = {file.path for file in files}
        gone = [] if cancelled() else [record for path, record in before.items() if path not in there]
        self.store.update_images(
            [{"id": record.id, "missing": True} for record in gone if not record.missing]
        )
        if progress:
            progress(len(files), len(files))
        self.changed.emit(ProjectChange.IMAGES)
        return ScanReport(len(files), len(there - set(before)), len(gone), cancelled())

    def images(self, ids: Sequence[ImageId] | None = None) -> list[ImageRecord]:
        """Records of all images in natural order of their paths, or of some."""
        from app.images import natural_key

        return sorted(self.store.images(ids), key=lambda record: natural_key(record.path))

    def image_path(self, image_id: ImageId) -> Path:
        """Where an image lies. Raises StoreError for an unknown one."""
        return self.images_dir / self.store.load_record(image_id).path

    def ensure_size(self, image_id: ImageId) -> ImageRecord:
        """The record with its size, read from the file's header when it is not known yet."""
        record = self.store.load_record(image_id)
        return record if record.width else self.ensure_sizes([record])[0]

    def ensure_sizes(self, records: Iterable[ImageRecord]) -> list[ImageRecord]:
        """Records with their sizes; those of files that cannot be read keep 0 x 0."""
        from model.image_io import read_header

        result, learnt = [], []
        for record in records:
            if not record.width:
                try:
                    header = read_header(self.images_dir / record.path)
                except ImageError:
                    result.append(record)
                    continue
                record = replace(record, width=header.width, height=header.height)
                learnt.append({"id": record.id, "width": record.width, "height": record.height})
            result.append(record)
        self.store.update_images(learnt)
        return result

    def document(self, image_id: ImageId, journal: Journal | None = None) -> ImageDocument:
        """One image's annotations; `journal` writes its edits (the store itself by default)."""
        from app.document import ImageDocument

        return ImageDocument(
            self.store.load_document(image_id), journal or self.store, self.new_annotation_id
        )

    def new_annotation_id(self) -> AnnotationId:
        """The next id of a block that this project reserved."""
        if not self._ids:
            self._ids = list(reversed(self.store.reserve_annotation_ids(1000)))
        return AnnotationId(self._ids.pop())

    # --- categories ----------------------------------------------------------------------------------------

    def categories(self) -> list[Category]:
        """All categories in their order."""
        return self.store.categories()

    def add_category(
        self, name: str, *, id: CategoryId | None = None, color: str = "", supercategory: str = ""
    ) -> Category:
        """A new category; the id is COCO's when an import names one. Raises ProjectError for a bad name."""
        name, there = name.strip(), self.categories()
        if not name or any(each.name == name for each in there):
            raise ProjectError(f"expected a new name for a category, got {name!r}; choose another")
        if id is not None and any(each.id == id for each in there):
            raise ProjectError(f"expected a free category id, {id} is taken; leave the id out")
        number = max((each.id for each in there), default=0) + 1 if id is None else id
        category = Category(
            CategoryId(number), name, color or PALETTE[len(there) % len(PALETTE)], supercategory
        )
        self.store.put_category(category)
        self.changed.emit(ProjectChange.CATEGORIES)
        return category

    def update_category(self, category: Category) -> None:
        """Rename or recolour. Raises ProjectError when the name is taken or empty."""
        if not category.name.strip() or any(
            each.name == category.name and each.id != category.id for each in self.categories()
        ):
            raise ProjectError(f"expected a new name for the category, got {category.name!r}; choose another")
        self.store.put_category(category)
        self.changed.emit(ProjectChange.CATEGORIES)

    def remove_category(self, category_id: CategoryId) -> None:
        """Remove a category that nothing uses. Raises ProjectError otherwise."""
        if used := self.store.category_use().get(category_id, 0):
            raise ProjectError(f"expected an unused category, {used} annotations have it; relabel them first")
        self.store.remove_category(category_id)
        self.changed.emit(ProjectChange.CATEGORIES)

    # --- settings ------------------------------------------------------------------------------------------

    def setting(self, key: str, default: Any = None) -> Any:
        """A JSON value kept in the project."""
        return self.store.setting(key, default)

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a JSON value."""
        self.store.set_setting(key, value)


def _relative(folder: Path, images_dir: Path) -> str:
    try:
        return Path(os.path.relpath(images_dir, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return str(images_dir)


def _absolute(folder: Path, images_dir: str) -> Path:
    return Path(os.path.normpath(folder / images_dir))

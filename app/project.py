"""A project: a folder with the database, models, runs and a cache, about images that lie where they lie.

Images are referenced by their path relative to the folder of images; they are never copied or changed.
One process edits a project at a time (`folder_lock`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.annotation import AnnotationId, Category, CategoryId, ImageId
from app.categories import added, changed, first
from app.errors import ImageError, ProjectError, StoreError
from app.events import Event
from app.folder_lock import FolderLock, Taken
from app.id_stock import IdStock
from app.store_access import StoreAccess

if TYPE_CHECKING:
    from app.document import ImageDocument, Journal
    from app.light_store import LightStore
    from app.records import FoundFile, ImageRecord
    from app.store import Store

DATABASE = "project.db"
DATABASE_URL = "database.url"  # in its place: one line, the URL of a database elsewhere
OWN_FOLDERS = ("cache", "models", "runs")


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
    missing: int  # images of the project whose file is not there
    cancelled: bool
    changed: int = 0  # files that changed, came back or vanished since the last scan
    unnamed: tuple[str, ...] = ()  # files that were passed over since their names are no text
    nothing: str = (
        ""  # no image is there and none ever was: half a line, what was looked for and found instead
    )

    def warning(self) -> str:
        """One line about the files that were passed over; "" when there are none."""
        if not self.unnamed:
            return ""
        count, more = len(self.unnamed), ", ..." if len(self.unnamed) > 3 else ""
        return (
            f"expected file names that are text (UTF-8), passed over {count} file{'s' * (count > 1)}: "
            f"{', '.join(self.unnamed[:3])}{more}; rename {'them' if count > 1 else 'it'} and scan again"
        )


class Project:
    """One open project. Calls may wait: the window makes them on its project thread."""

    def __init__(self, folder: Path, access: StoreAccess, lock: FolderLock | None = None) -> None:
        self.folder, self._access, self._lock = folder, access, lock
        self.changed: Event[ProjectChange] = Event()
        self.images_dir = _absolute(folder, self.setting("images_dir", "."))
        self.cache_limit: int | None = None  # bytes of kept predictions; None = the usual limit
        self._ids = IdStock(None if self.read_only else self._reserve_ids)
        access.when_open(lambda store: store.category_returned.connect(self._category_returned))

    @classmethod
    def create(
        cls, path: Path, images_dir: Path, categories: Sequence[str] = (), *, database: str | None = None
    ) -> Project:
        """A new project about a folder of images. Raises ProjectError in words.

        `database`: the URL of an empty PostgreSQL database that is used in place of a file in the folder. It
        is written into the folder: leave the password to the system (`~/.pgpass`).
        """
        from app.store import Store

        path, images_dir = Path(path).absolute(), Path(images_dir).absolute()
        if not images_dir.is_dir():
            raise ProjectError(
                f"expected a folder of images at {images_dir}, found none; choose another folder"
            )
        for folder in (path, *path.parents):
            if is_project(folder):
                raise ProjectError(
                    f"expected no project in {folder}, one is there; open it, or choose another folder"
                )
        made = first(categories)
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = _take_lock(path)
        except OSError as error:
            raise _not_made(path, error) from error

        def fill(store: Store) -> None:
            store.set_setting("images_dir", _relative(path, images_dir))
            for category in made:
                store.put_category(category)

        try:
            store = Store.create(database or path / DATABASE, fill)
            if database:
                (path / DATABASE_URL).write_text(database + "\n", encoding="utf-8")
            return cls(path, StoreAccess(lambda: store), lock)
        except (OSError, ProjectError, StoreError) as error:
            lock.release()
            if isinstance(error, OSError):
                raise _not_made(path, error) from error
            raise

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False, beside: bool = False) -> Project:
        """An existing project. Raises NewerProject or ProjectError in words.

        A project in a folder that cannot be written to is opened for reading only. `beside`: also while
        another process edits it, for work that does not edit images (exports, rankings).
        """
        path = Path(path).absolute()
        path = path.parent if path.name == DATABASE else path
        if not is_project(path):
            raise ProjectError(f"expected a project in {path}, found no {DATABASE}; make one with `init`")
        lock = None
        if not read_only and not beside:
            try:
                lock = _take_lock(path)
            except OSError:
                read_only = True
        read_only = read_only or not os.access(path, os.W_OK)
        try:
            return cls(path, StoreAccess.open(_location(path), read_only=read_only), lock)
        except (ProjectError, StoreError):
            if lock:
                lock.release()
            raise

    @property
    def store(self) -> Store:
        """The whole database; opened now if it was not."""
        return self._access.store

    @property
    def _reads(self) -> Store | LightStore:
        return self._access.reads

    def _reserve_ids(self, count: int) -> range:
        return self._reads.reserve_annotation_ids(count)

    def _category_returned(self, _: None) -> None:
        self.changed.emit(ProjectChange.CATEGORIES)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed: every edit is refused in words."""
        return self._reads.read_only

    def close(self) -> None:
        """Let go of the files."""
        self._access.close()
        if self._lock:
            self._lock.release()

    # --- images --------------------------------------------------------------------------------------------

    def scan(
        self,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ScanReport:
        """Find the images of the folder and its sub-folders; new ones are added, vanished ones marked."""
        from app.images import find_images, natural_key, none_found

        if not self.images_dir.is_dir():
            raise ProjectError(
                f"expected the project's images in {self.images_dir}, there is no such folder; put it back, "
                "or say where they are: File > Find the images"
            )
        files: list[FoundFile] = []
        unnamed: list[str] = []
        found = find_images(self.images_dir, skip=self._is_own, cancelled=cancelled, unnamed=unnamed.append)
        for file in found:
            files.append(file)
            if progress and len(files) % 1000 == 0:
                progress(len(files), 0)
        files.sort(key=lambda file: natural_key(file.path))
        new, changed = self.store.add_images(files)
        there, stopped = {file.path for file in files}, cancelled()
        gone = [] if stopped else [each for each in self.store.images() if each.path not in there]
        vanished = [{"id": each.id, "missing": True} for each in gone if not each.missing]
        self.store.update_images(vanished)
        if progress:
            progress(len(files), len(files))
        if new or changed or vanished:
            self.changed.emit(ProjectChange.IMAGES)
        empty = not (files or gone or unnamed or stopped)
        return ScanReport(
            found=len(files),
            new=new,
            missing=len(gone),
            cancelled=stopped,
            changed=changed + len(vanished),
            unnamed=tuple(unnamed),
            nothing=none_found(self.images_dir, self._is_own) if empty else "",
        )

    def find_images_in(self, folder: Path) -> int:
        """From now on the images are in another folder, by the same names; how many of the known ones are.

        Raises ProjectError where none of them is, or the folder is not there; nothing is changed then.
        """
        folder = Path(folder).absolute()
        paths = [each.path for each in self._reads.images()]
        there = sum((folder / path).is_file() for path in paths)
        if not folder.is_dir() or (paths and not there):
            raise ProjectError(
                f"expected the project's images in {folder}, found none of its {len(paths)} there; choose "
                f"what {self.images_dir.name} is now: the files have kept their names and sub-folders"
            )
        self.set_setting("images_dir", _relative(self.folder, folder))
        self.images_dir = folder
        return there

    def _is_own(self, folder: Path) -> bool:
        """Whether a sub-folder belongs to a project, not to the images."""
        return is_project(folder) or (folder.parent == self.folder and folder.name in OWN_FOLDERS)

    def images(self, ids: Sequence[ImageId] | None = None) -> list[ImageRecord]:
        """Records of all images in natural order of their paths, or of some."""
        from app.images import natural_key

        return sorted(self._reads.images(ids), key=lambda record: natural_key(record.path))

    def image_path(self, image_id: ImageId) -> Path:
        """Where an image lies. Raises StoreError for an unknown one."""
        return self.images_dir / self._reads.load_record(image_id).path

    def ensure_size(self, image_id: ImageId) -> ImageRecord:
        """The record with its size, read from the file's header when it is not known yet."""
        record = self._reads.load_record(image_id)
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
        if learnt and not self.read_only:
            self.store.update_images(learnt)
        return result

    def document(self, image_id: ImageId, journal: Journal | None = None) -> ImageDocument:
        """One image's annotations; `journal` writes its edits (the store itself by default)."""
        from app.document import ImageDocument

        self._ids.fill()
        data = self._reads.load_document(image_id)
        return ImageDocument(data, journal or self.store, self.new_annotation_id)

    def new_annotation_id(self) -> AnnotationId:
        """The next id of a block that this project reserved."""
        return self._ids.take()

    # --- categories ----------------------------------------------------------------------------------------

    def categories(self) -> list[Category]:
        """All categories in their order."""
        return self._reads.categories()

    def add_category(
        self, name: str, *, id: CategoryId | None = None, color: str = "", supercategory: str = ""
    ) -> Category:
        """A new category; the id is COCO's when an import names one. Raises ProjectError for a bad name.

        A category that was removed comes back under its old id.
        """
        there, removed = self.categories(), self._reads.categories(removed=True)
        category = added(name, there, removed, id=id, color=color, supercategory=supercategory)
        self.store.put_category(category)
        self.changed.emit(ProjectChange.CATEGORIES)
        return category

    def update_category(self, category: Category) -> None:
        """Rename or recolour. Raises ProjectError when the name is taken or empty, or the id unknown."""
        self.store.put_category(changed(category, self.categories()))
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
        return self._reads.setting(key, default)

    def set_setting(self, key: str, value: Any) -> None:
        """Keep a JSON value."""
        self.store.set_setting(key, value)


def is_project(folder: Path) -> bool:
    """Whether a folder holds a project."""
    return (folder / DATABASE).is_file() or (folder / DATABASE_URL).is_file()


def _not_made(folder: Path, error: OSError) -> ProjectError:
    return ProjectError(
        f"expected to make a project in {folder}: {error.strerror}; choose a folder you can write to"
    )


def _location(folder: Path) -> Path | str:
    """Where a project's database is."""
    file = folder / DATABASE
    return file if file.is_file() else (folder / DATABASE_URL).read_text(encoding="utf-8").strip()


def _take_lock(folder: Path) -> FolderLock:
    """Raises ProjectError when another process has the project, OSError where it cannot be written."""
    try:
        return FolderLock.take(folder)
    except Taken as owner:
        raise ProjectError(
            f"expected {folder} to be free, it is open in another Protolabel ({owner}); close it there first"
        ) from owner


def _relative(folder: Path, images_dir: Path) -> str:
    try:
        return Path(os.path.relpath(images_dir, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return str(images_dir)


def _absolute(folder: Path, images_dir: str) -> Path:
    return Path(os.path.normpath(folder / images_dir))

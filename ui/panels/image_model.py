"""The list of images as a Qt model: rows of records, thumbnails that arrive when they are looked at.

Works for 100,000 rows: nothing is made for a row that is not on screen.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage, QPixmap

from app.annotation import ImageId
from app.errors import ImageError
from ui.image_records import Catalog

if TYPE_CHECKING:
    from app.records import ImageRecord
    from ui.session import Session

RECORD_ROLE = int(Qt.ItemDataRole.UserRole)
KEPT = 400  # thumbnails in memory
UNDER_WAY = 24  # thumbnails asked for at a time: older wishes are for rows that scrolled away
Index = QModelIndex | QPersistentModelIndex
ROOT = QModelIndex()


class ImageModel(QAbstractListModel):
    """The records of one catalogue, a row each."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rows: list[ImageRecord] = []
        self._places: dict[ImageId, int] = {}
        self._pixmaps: OrderedDict[ImageId, QPixmap] = OrderedDict()
        self._asked: set[ImageId] = set()
        self._refused = False  # a row on screen did not get its turn

    def show(self, catalog: Catalog) -> None:
        """Show these and no others; the model owns them."""
        self.beginResetModel()
        self._rows, self._places = catalog.records, catalog.places
        self.endResetModel()

    def replace(self, record: ImageRecord) -> None:
        """Show one image's new state and counts where it stands; it keeps its place."""
        row = self._places.get(record.id)
        if row is not None:
            self._rows[row] = record
            self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, image_id: ImageId | None) -> int:
        """The image's row, -1 when the filter hides it."""
        return -1 if image_id is None else self._places.get(image_id, -1)

    def ids(self) -> list[ImageId]:
        """Images that are shown, in order."""
        return [record.id for record in self._rows]

    def asked(self, row: int) -> bool:
        """Whether a row's thumbnail was asked for and has not arrived."""
        return self._rows[row].id in self._asked

    def rowCount(self, parent: Index = ROOT) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        record = self._rows[index.row()]
        if role == RECORD_ROLE:
            return record
        if role == Qt.ItemDataRole.DisplayRole:
            return record.path
        if role == Qt.ItemDataRole.DecorationRole:
            return self._thumbnail(record)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return (
                f"{record.path}: {record.state}, {record.annotation_count} annotations, "
                f"{record.proposal_count} proposals{', the file is missing' if record.missing else ''}"
            )
        return None

    def _thumbnail(self, record: ImageRecord) -> QPixmap | None:
        found = self._pixmaps.get(record.id)
        if found is not None:
            self._pixmaps.move_to_end(record.id)
            return found
        project = self._session.project
        if project is None or record.id in self._asked:
            return None
        if len(self._asked) >= UNDER_WAY:
            self._refused = True
            return None
        self._asked.add(record.id)
        path, cache = project.images_dir / record.path, project.folder / "cache" / "thumbnails"
        self._session.workers.when_free(
            lambda: _load(path, cache), lambda image: self._arrived(record.id, image)
        )
        return None

    def _arrived(self, image_id: ImageId, image: QImage) -> None:
        self._asked.discard(image_id)
        self._pixmaps[image_id] = QPixmap.fromImage(image)
        while len(self._pixmaps) > KEPT:
            self._pixmaps.popitem(last=False)
        row = self._places.get(image_id)
        if row is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])
        if self._refused and len(self._asked) < UNDER_WAY // 2 and self._rows:
            self._refused = False
            self.dataChanged.emit(self.index(0), self.index(len(self._rows) - 1))

    def forget_thumbnails(self) -> None:
        """Another project: its pictures are others."""
        self._pixmaps.clear()
        self._asked.clear()


def _load(path: Path, cache: Path) -> QImage:
    """The thumbnail as an image of its own memory; an empty grey one for a file that cannot be read."""
    from app.thumbnails import thumbnail

    try:
        pixels = thumbnail(path, cache)
    except ImageError:
        image = QImage(4, 3, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.darkGray)
        return image
    height, width = pixels.shape[:2]
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()

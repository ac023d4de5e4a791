"""What was read of an open project's images: documents and pixels, within a limit of memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.annotation import ImageId
from app.errors import InputError
from ui.recent import Recent

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from app.document import ImageDocument
    from app.edits import Edit
    from app.project import Project
    from ui.journal import QueuedJournal
    from ui.workers import Workers

PIXELS = 256 * 2**20  # bytes of decoded images kept
DOCUMENTS = 12


class Reading:
    """Reads on the project thread and the pool; answers on the GUI thread, and no more after `close`."""

    def __init__(
        self,
        project: Project,
        workers: Workers,
        journal: QueuedJournal,
        edited: Callable[[ImageDocument, Edit], None],
    ) -> None:
        """`edited` is called for every edit of every document that is kept."""
        self._project, self._workers, self._journal = project, workers, journal
        self._edited = edited
        self._documents: Recent[ImageDocument] = Recent(DOCUMENTS)
        self._pixels: Recent[NDArray[np.uint8]] = Recent(PIXELS)
        self._decoding: set[ImageId] = set()
        self._closed = False

    def close(self) -> None:
        """Another project is open now, or none: what is still being read is dropped."""
        self._closed = True

    def __contains__(self, image_id: ImageId) -> bool:
        """Whether an image's document is kept."""
        return image_id in self._documents

    def document(self, image_id: ImageId) -> ImageDocument | None:
        """The document of an image, if it was read."""
        return self._documents.get(image_id)

    def pixels(self, image_id: ImageId) -> NDArray[np.uint8] | None:
        """The pixels of an image, (h, w, 3) RGB, if they were decoded."""
        return self._pixels.get(image_id)

    def keep(self, document: ImageDocument) -> None:
        """Keep a document that was read, and had been put aside for others."""
        self._documents.put(document.image.id, document, 1)

    def forget(self, image_id: ImageId) -> None:
        """Something else wrote an image's annotations: they are to be read again."""
        self._documents.drop(image_id)

    def forget_others(self, image_id: ImageId | None) -> None:
        """The same of all images but this one."""
        for each, _ in self._documents.items():
            if each != image_id:
                self._documents.drop(each)

    def read(
        self,
        image_id: ImageId,
        then: Callable[[ImageDocument], object],
        failed: Callable[[ImageId, InputError], object],
    ) -> None:
        """Read a document."""

        def work() -> ImageDocument:
            self._project.ensure_size(image_id)
            return self._project.document(image_id, self._journal)

        def arrived(document: ImageDocument) -> None:
            if self._closed:
                return
            known = self._documents.get(image_id)
            if known is None:
                document.changed.connect(lambda edit: self._edited(document, edit))
                self._documents.put(image_id, document, 1)
            then(known or document)

        def fault(error: InputError) -> None:
            if not self._closed:
                failed(image_id, error)

        self._workers.on_project(work, arrived, fault)

    def decode(
        self,
        image_id: ImageId,
        path: str,
        then: Callable[[ImageId, NDArray[np.uint8]], object],
        failed: Callable[[ImageId, InputError], object],
    ) -> None:
        """Decode an image's pixels, unless they are there or on their way. `path`: in the images' folder."""
        if image_id in self._pixels or image_id in self._decoding:
            return
        self._decoding.add(image_id)
        file = self._project.images_dir / path

        def work() -> NDArray[np.uint8]:
            from model.image_io import read_image  # here: loading it would hold up the window

            return read_image(file)

        def arrived(pixels: NDArray[np.uint8]) -> None:
            if not self._closed:
                self._decoding.discard(image_id)
                self._pixels.put(image_id, pixels, pixels.nbytes)
                then(image_id, pixels)

        def fault(error: InputError) -> None:
            if not self._closed:
                self._decoding.discard(image_id)
                failed(image_id, error)

        self._workers.on_pool(work, arrived, fault)

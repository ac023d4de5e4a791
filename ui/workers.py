"""Threads beside the GUI's, and the one bridge by which their results come back to it.

One *project thread* does all database work, in order; a small pool decodes images and makes masks; another
makes what may wait, so that no image on screen stands in a queue behind thumbnails. Whoever submits work gets
its result (or its fault) as a call on the GUI thread, never elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal

from model.errors import InputError
from ui.relay import to_gui_thread

T = TypeVar("T")
DECODERS = 2  # threads that decode: as many as an ordinary machine can feed beside the GUI


class Workers(QObject):
    """The project thread and the pool. `failed` tells of faults that the submitter did not take."""

    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project = ThreadPoolExecutor(1, thread_name_prefix="project")
        self._pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="decode")
        self._waiting = ThreadPoolExecutor(DECODERS, thread_name_prefix="thumbnails")
        self._closed = False
        self._send = to_gui_thread(self._run)

    def on_project(
        self,
        work: Callable[[], T],
        then: Callable[[T], object] | None = None,
        failed: Callable[[InputError], object] | None = None,
    ) -> Future[T]:
        """Run `work` on the project thread, after what was asked before; `then(result)` on the GUI thread."""
        return self._submit(self._project, work, then, failed)

    def on_pool(
        self,
        work: Callable[[], T],
        then: Callable[[T], object] | None = None,
        failed: Callable[[InputError], object] | None = None,
    ) -> Future[T]:
        """Run `work`, which may use neither project nor widgets, on the pool."""
        return self._submit(self._pool, work, then, failed)

    def when_free(
        self,
        work: Callable[[], T],
        then: Callable[[T], object] | None = None,
        failed: Callable[[InputError], object] | None = None,
    ) -> Future[T]:
        """As `on_pool`, for work that nobody waits for: it holds nothing up that is on the pool."""
        return self._submit(self._waiting, work, then, failed)

    def follow(
        self,
        future: Future[T],
        then: Callable[[T], object] | None = None,
        failed: Callable[[InputError], object] | None = None,
    ) -> Future[T]:
        """Bring a future's answer to the GUI thread. Nothing comes of a cancelled one."""

        def deliver(done: Future[T]) -> None:
            if not done.cancelled():
                self.post(lambda: self._answer(done, then, failed))

        future.add_done_callback(deliver)
        return future

    def post(self, work: Callable[[], object]) -> None:
        """Run `work` on the GUI thread, soon; from any thread. Nothing is run after `close`."""
        if not self._closed:
            self._send(work)

    def wait_for_project(self, work: Callable[[], T]) -> T:
        """Run `work` on the project thread and wait; for threads other than the GUI's and the project's."""
        return self._project.submit(work).result()

    def close(self) -> None:
        """Finish what was submitted to the project thread (edits being written), drop the rest."""
        self._closed = True
        for pool in (self._pool, self._waiting):
            pool.shutdown(wait=True, cancel_futures=True)
        self._project.shutdown(wait=True)

    def _submit(
        self,
        pool: ThreadPoolExecutor,
        work: Callable[[], T],
        then: Callable[[T], object] | None,
        failed: Callable[[InputError], object] | None,
    ) -> Future[T]:
        return self.follow(pool.submit(work), then, failed)

    def _answer(
        self,
        future: Future[T],
        then: Callable[[T], object] | None,
        failed: Callable[[InputError], object] | None,
    ) -> None:
        error = future.exception()
        if error is None:
            if then:
                then(future.result())
        elif isinstance(error, InputError):
            if failed:
                failed(error)
            else:
                self.failed.emit(str(error))
        else:
            raise error  # a bug of ours: to the log, with its traceback

    def _run(self, work: Callable[[], Any]) -> None:
        if not self._closed:
            work()

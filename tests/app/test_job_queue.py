"""Who is served first, what is one job, and what goes through the network together."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from app.job_queue import Job, JobQueue, Priority
from model.messages import Prediction, Region

REGION: Region = (0.0, 0.0, 9.0, 9.0)


@pytest.fixture
def queue() -> JobQueue:
    return JobQueue()


def wish(
    queue: JobQueue,
    name: str,
    priority: Priority = Priority.SCREEN,
    *,
    region: Region | None = None,
    anchors: bool = False,
) -> Future[Prediction]:
    return queue.add(Job(Path(name), 0.05, 200, region, anchors), priority)


def folder(queue: JobQueue, names: str) -> list[Future[Prediction]]:
    return [wish(queue, name, Priority.BULK) for name in names]


def taken(queue: JobQueue, batch: int = 0) -> str:
    return "".join(job.image.name for job in queue.take(batch))


def test_an_empty_queue_gives_nothing(queue: JobQueue) -> None:
    assert (queue.take(0), queue.take(4), queue.ahead(4), queue.waiting) == ([], [], (), [])
    assert not queue.under_way


def test_the_most_urgent_is_next_and_equals_in_their_order(queue: JobQueue) -> None:
    for name, priority in zip("cdbaef", (2, 2, 1, 0, 1, 0), strict=True):
        wish(queue, name, Priority(priority))
    assert [taken(queue) for _ in range(7)] == ["a", "f", "b", "e", "c", "d", ""]


def test_asked_twice_an_image_is_one_job_for_both(queue: JobQueue) -> None:
    both = [wish(queue, "a"), wish(queue, "a")]
    (job,) = queue.take(0)
    assert job.waiting == both == queue.waiting
    assert queue.take(0) == []
    later = wish(queue, "a")  # under way: waits for the same answer
    assert queue.take(0) == []
    assert later in job.waiting


def test_a_job_that_is_done_is_asked_anew(queue: JobQueue) -> None:
    wish(queue, "a")
    (job,) = queue.take(0)
    assert queue.under_way
    queue.done(job)
    assert not queue.under_way
    wish(queue, "a")
    assert taken(queue) == "a"


def test_asked_more_urgently_it_comes_earlier_and_once(queue: JobQueue) -> None:
    folder(queue, "ab")
    wish(queue, "b", Priority.AHEAD)
    wish(queue, "a", Priority.BULK)
    assert [taken(queue, 4) for _ in range(3)] == ["b", "a", ""]


@pytest.mark.parametrize(("first", "second"), [(False, True), (True, False)])
def test_one_answer_with_anchors_serves_both(queue: JobQueue, first: bool, second: bool) -> None:
    both = [wish(queue, "a", anchors=first), wish(queue, "a", anchors=second)]
    (job,) = queue.take(0)
    assert job.anchors
    assert job.waiting == both


def test_an_image_under_way_without_anchors_is_asked_once_more(queue: JobQueue) -> None:
    wish(queue, "a")
    (without,) = queue.take(0)
    wish(queue, "a", anchors=True)
    (job,) = queue.take(0)
    assert (without.anchors, job.anchors) == (False, True)


def test_a_region_is_a_job_of_its_own(queue: JobQueue) -> None:
    wish(queue, "a")
    wish(queue, "a", region=REGION)
    assert [job.region for job in queue.take(0) + queue.take(0)] == [None, REGION]


def test_what_nobody_wants_any_more_is_never_taken(queue: JobQueue) -> None:
    unwanted, wanted = folder(queue, "ab")
    unwanted.cancel()
    assert taken(queue, 4) == "b"
    assert queue.waiting == [wanted]


def test_a_folder_is_taken_in_batches(queue: JobQueue) -> None:
    futures = folder(queue, "abcdefgh")
    futures[1].cancel()
    futures[4].cancel()
    assert taken(queue, 3) == "acd"
    assert queue.ahead(3) == (Path("f"), Path("g"))  # of the three that come next, one is not wanted
    assert [taken(queue, 3) for _ in range(2)] == ["fgh", ""]


def test_who_needs_the_network_alone_is_in_no_batch(queue: JobQueue) -> None:
    folder(queue, "ab")
    wish(queue, "c", Priority.BULK, region=REGION)
    wish(queue, "d", Priority.BULK, anchors=True)
    folder(queue, "ef")
    wish(queue, "s")
    assert [taken(queue, 9) for _ in range(5)] == ["s", "ab", "c", "d", "ef"]


def test_after_a_death_each_is_tried_alone_and_first(queue: JobQueue) -> None:
    folder(queue, "abcd")
    jobs = queue.take(3)
    queue.put_back(jobs[1:])  # the first was answered
    queue.done(jobs[0])
    assert queue.ahead(9) == (Path("d"),)
    assert [taken(queue, 3) for _ in range(4)] == ["b", "c", "d", ""]


def test_cleared_it_names_everyone_who_waits(queue: JobQueue) -> None:
    futures = [*folder(queue, "ab"), wish(queue, "s")]
    queue.take(0)
    assert set(queue.clear()) == set(futures)
    assert (queue.take(4), queue.waiting, queue.under_way) == ([], [], False)

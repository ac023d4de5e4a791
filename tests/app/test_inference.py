"""The model's process: order, cancelling, deaths, and nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import Any

import pytest

from app.errors import HostError, InputError
from app.inference import DEATHS_ALLOWED, Inference, Priority
from tests.app import fake_host
from tests.app.fake_host import SERVE

ROOT = Path(__file__).parents[2]
WAIT = 30


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(condition: Callable[[], bool], *, seconds: float = WAIT) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def test_an_image_is_predicted_in_another_process(inference: Inference) -> None:
    prediction = inference.predict(Path("a.png")).result(WAIT)
    assert (prediction.model_version, len(prediction)) == ("fake", 1)
    assert inference.pid not in (None, os.getpid())


def test_the_model_can_be_loaded_ahead_and_says_what_it_is(inference: Inference) -> None:
    lines: list[str] = []
    inference.status.connect(lines.append)
    assert inference.load().result(WAIT).categories == ("cat",)
    assert inference.load().result(WAIT).device == "cpu"
    assert any("ready" in line for line in lines)


def test_while_it_is_told_to_load_the_process_is_there(inference: Inference) -> None:
    seen: list[tuple[str, bool, bool]] = []
    inference.status.connect(
        lambda words: seen.append((words[:7], inference.pid is not None, inference.ready))
    )
    inference.load().result(WAIT)
    wait_until(lambda: len(seen) == 2)
    assert seen == [("Loading", True, False), ("fake is", True, True)]


def test_the_screen_comes_first_then_ahead_then_bulk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order = tmp_path / "order.txt"
    monkeypatch.setenv(fake_host.ORDER, str(order))
    with Inference(Path("w"), serve=SERVE) as inference:
        first = inference.predict(Path("slow.png"))
        wait_until(order.exists)
        bulk = [inference.predict(Path(f"bulk{i}"), priority=Priority.BULK) for i in range(2)]
        ahead = inference.predict(Path("ahead"), priority=Priority.AHEAD)
        screen = inference.predict(Path("bulk1"), priority=Priority.SCREEN)  # asked again, more urgently
        for future in (first, ahead, screen, *bulk):
            future.result(WAIT)
    assert order.read_text().split() == ["slow.png", "bulk1", "ahead", "bulk0"]


def test_a_region_is_another_request_than_the_image(inference: Inference) -> None:
    region = (1.0, 2.0, 30.0, 40.0)
    whole, part = inference.predict(Path("slow.png")), inference.predict(Path("slow.png"), region=region)
    assert whole.result(WAIT).region is None
    assert part.result(WAIT).region == region
    assert whole.result(WAIT).anchors is None


def test_anchors_are_added_to_what_waits_and_serve_whoever_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = tmp_path / "order.txt"
    monkeypatch.setenv(fake_host.ORDER, str(order))
    with Inference(Path("w"), serve=SERVE) as inference:
        busy = inference.predict(Path("slow.png"))
        wait_until(order.exists)
        ahead = inference.predict(Path("a"), priority=Priority.AHEAD)
        screen = inference.predict(Path("a"), anchors=True)
        later = inference.predict(Path("a"))
        again = inference.predict(Path("slow.png"), anchors=True)  # under way without: asked once more
        for future in (ahead, screen, later, again):
            assert future.result(WAIT).anchors is not None
        assert busy.result(WAIT).anchors is None
    assert order.read_text().split() == ["slow.png", "a", "slow.png"]


def test_what_is_cancelled_before_its_turn_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = tmp_path / "order.txt"
    monkeypatch.setenv(fake_host.ORDER, str(order))
    with Inference(Path("w"), serve=SERVE) as inference:
        slow, unwanted, wanted = (inference.predict(Path(name)) for name in ("slow.png", "unwanted", "b"))
        inference.cancel(unwanted)
        wanted.result(WAIT)
        assert slow.done()
    assert "unwanted" not in order.read_text()


def test_an_answer_that_was_cancelled_under_way_is_dropped(inference: Inference) -> None:
    inference.load().result(WAIT)
    future = inference.predict(Path("slow.png"))
    time.sleep(0.1)
    inference.cancel(future)
    assert inference.predict(Path("b.png")).result(WAIT).seconds == {"forward": 5.0}
    with pytest.raises(CancelledError):
        future.result(0)


def test_stale_answers_are_dropped(inference: Inference) -> None:
    assert inference.predict(Path("stale.png")).result(WAIT).seconds == {"forward": 9.0}


@pytest.mark.parametrize(("name", "words"), [("kill.png", "SIGKILL"), ("crash.png", "no room for this one")])
def test_a_death_costs_one_answer(inference: Inference, name: str, words: str) -> None:
    lines: list[str] = []
    inference.status.connect(lines.append)
    doomed, other = inference.predict(Path(name)), inference.predict(Path("b.png"))
    with pytest.raises(HostError, match=words) as caught:
        doomed.result(WAIT)
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)
    assert len(other.result(WAIT)) == 1
    assert sum(words in line for line in lines) == 1


def test_killed_between_two_images_nothing_is_lost(inference: Inference) -> None:
    inference.predict(Path("a.png")).result(WAIT)
    assert inference.pid
    os.kill(inference.pid, signal.SIGKILL)
    wait_until(lambda: not multiprocessing.active_children())
    assert len(inference.predict(Path("b.png")).result(WAIT)) == 1


def test_a_hung_process_is_ended() -> None:
    with Inference(Path("w"), serve=SERVE, patience=0.5) as inference:
        with pytest.raises(HostError, match="no answer"):
            inference.predict(Path("hang.png")).result(WAIT)
        assert len(inference.predict(Path("b.png")).result(WAIT)) == 1


def test_a_file_that_kills_again_and_again_is_given_up(inference: Inference) -> None:
    for _ in range(DEATHS_ALLOWED):
        with pytest.raises(HostError, match="worked on"):
            inference.predict(Path("kill.png")).result(WAIT)
    with pytest.raises(HostError, match="not tried again"):
        inference.predict(Path("kill.png")).result(WAIT)
    assert len(inference.predict(Path("b.png")).result(WAIT)) == 1


def test_a_bad_image_is_told_and_the_process_stays(inference: Inference) -> None:
    inference.load().result(WAIT)
    pid = inference.pid
    with pytest.raises(InputError, match="expected an image"):
        inference.predict(Path("bad.png")).result(WAIT)
    assert inference.pid == pid


def test_bad_weights_fail_every_request_with_their_reason() -> None:
    with Inference(Path("bad"), serve=SERVE) as inference:
        futures = [inference.predict(Path(name)) for name in "ab"]
        waiting: list[Future[Any]] = [*futures, inference.load(), inference.predict(Path("later"))]
        for future in waiting:
            with pytest.raises(InputError, match="got nonsense"):
                future.result(WAIT)


def test_a_process_that_cannot_start_is_given_up_with_its_last_words() -> None:
    with (
        Inference(Path("w"), serve="tests.app.fake_host:serve_dies") as inference,
        pytest.raises(HostError, match=r"libmissing\.so"),
    ):
        inference.predict(Path("a.png")).result(WAIT)


@pytest.mark.parametrize("name", ["a.png", "hang.png"])
def test_closing_leaves_no_process_and_no_thread(name: str) -> None:
    inference = Inference(Path("w"), serve=SERVE)
    inference.load().result(WAIT)
    future, waiting = inference.predict(Path(name)), inference.predict(Path("never.png"))
    pid = inference.pid
    assert pid
    start = time.monotonic()
    inference.close()
    inference.close()
    assert time.monotonic() - start < 5
    assert not running(pid)
    assert future.done() or future.cancelled()
    assert waiting.done()
    assert inference.predict(Path("after")).cancelled()
    assert not any(thread.name == "inference" for thread in threading.enumerate())


def test_the_child_ends_when_its_parent_is_killed() -> None:
    code = (
        "import sys; from pathlib import Path; from app.inference import Inference\n"
        f"i = Inference(Path('w'), serve={SERVE!r}); i.load().result(30); i.predict(Path('hang.png'))\n"
        "print(i.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert running(child)
        parent.kill()
        wait_until(lambda: not running(child))


@pytest.fixture
def batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Inference, Path]]:
    """One that takes three images at a time, loaded, and the file that says in which order."""
    monkeypatch.setenv(fake_host.BATCH, "3")
    monkeypatch.setenv(fake_host.ORDER, str(tmp_path / "order.txt"))
    with Inference(Path("w"), serve=SERVE) as made:
        made.load().result(WAIT)
        yield made, tmp_path / "order.txt"


def test_a_folder_goes_in_batches_and_the_screen_comes_between(batches: tuple[Inference, Path]) -> None:
    inference, order = batches
    first = inference.predict(Path("slow.png"))
    wait_until(order.exists)
    bulk = [inference.predict(Path(f"bulk{number}"), priority=Priority.BULK) for number in range(3)]
    bulk.append(inference.predict(Path("slow-bulk"), priority=Priority.BULK))
    first.result(WAIT)
    wait_until(lambda: "slow-bulk" in order.read_text())
    later = [inference.predict(Path(f"later{number}"), priority=Priority.BULK) for number in range(2)]
    screen = inference.predict(Path("screen"))
    for future in (*bulk, *later, screen):
        assert len(future.result(WAIT)) == 1
    words = "slow.png [ bulk0 bulk1 bulk2 ] [ slow-bulk ] screen [ later0 later1 ]"
    wait_until(lambda: order.read_text().endswith("]\n"))  # written after the answers were sent
    assert order.read_text() == "\n".join(words.split()) + "\n"


def test_regions_and_anchors_are_asked_for_alone(batches: tuple[Inference, Path]) -> None:
    inference, order = batches
    inference.predict(Path("a"), priority=Priority.BULK, region=(0, 0, 9, 9)).result(WAIT)
    inference.predict(Path("b"), priority=Priority.BULK, anchors=True).result(WAIT)
    assert order.read_text().split() == ["a", "b"]


@pytest.mark.parametrize("name", ["kill", "crash"])
def test_a_death_in_a_batch_costs_the_image_it_died_of(batches: tuple[Inference, Path], name: str) -> None:
    inference, order = batches
    busy = inference.predict(Path("slow.png"))
    wait_until(order.exists)
    futures = [inference.predict(Path(each), priority=Priority.BULK) for each in ("a", name, "b", "c")]
    busy.result(WAIT)
    with pytest.raises(HostError, match=f"worked on {name}"):
        futures[1].result(WAIT)
    for number in (0, 2, 3):
        assert len(futures[number].result(WAIT)) == 1
    assert order.read_text().split().count("a") == 1  # it was answered before


def test_a_bad_image_in_a_batch_fails_alone(batches: tuple[Inference, Path]) -> None:
    inference, _ = batches
    futures = [inference.predict(Path(each), priority=Priority.BULK) for each in ("a", "bad", "b")]
    with pytest.raises(InputError, match="expected an image"):
        futures[1].result(WAIT)
    assert len(futures[0].result(WAIT)) == len(futures[2].result(WAIT)) == 1


def test_what_is_cancelled_leaves_the_batches_after(batches: tuple[Inference, Path]) -> None:
    inference, order = batches
    busy = inference.predict(Path("slow.png"))
    wait_until(order.exists)
    futures = [inference.predict(Path(f"b{each}"), priority=Priority.BULK) for each in range(4)]
    for future in futures[1:3]:
        inference.cancel(future)
    busy.result(WAIT)
    futures[3].result(WAIT)
    wait_until(lambda: order.read_text().endswith("]\n"))  # written after the answers were sent
    assert order.read_text().split() == ["slow.png", "[", "b0", "b3", "]"]


def test_asked_for_more_urgently_an_image_of_a_batch_is_not_run_twice(
    batches: tuple[Inference, Path],
) -> None:
    inference, order = batches
    busy = inference.predict(Path("slow.png"))
    wait_until(order.exists)
    bulk = [inference.predict(Path(each), priority=Priority.BULK) for each in "ab"]
    screen = inference.predict(Path("b"))
    for future in (busy, screen, *bulk):
        future.result(WAIT)
    wait_until(lambda: order.read_text().endswith("]\n"))
    assert order.read_text().split() == ["slow.png", "b", "[", "a", "]"]

"""A model in a process of its own: loaded, asked, and what it leaves when it dies. The processes are real."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import InputError
from app.host_process import HostDied
from app.job_queue import Job, JobQueue, Priority
from app.model_process import ModelProcess, Result
from model.messages import Loaded
from tests.app import fake_host
from tests.app.fake_host import SERVE

Answers = dict[str, Result]


def process_of(answers: Answers, *, weights: str = "w", serve: str = SERVE) -> ModelProcess:
    def answered(job: Job, result: Result) -> None:
        answers[job.image.name] = result

    return ModelProcess(Path(weights), "cpu", answered, serve=serve, load_patience=30, patience=30)


@pytest.fixture
def answers() -> Answers:
    return {}


@pytest.fixture
def process(answers: Answers) -> Iterator[ModelProcess]:
    made = process_of(answers)
    yield made
    made.close()


def load(process: ModelProcess) -> Loaded:
    process.start()
    return process.load()


def jobs_of(*names: str, priority: Priority = Priority.SCREEN) -> list[Job]:
    """As a queue gives them."""
    queue = JobQueue()
    for name in names:
        queue.add(Job(Path(name), 0.05, 200), priority)
    return queue.take(len(names))


def test_nothing_runs_before_it_is_loaded(process: ModelProcess) -> None:
    assert (process.pid, process.loaded, process.batch, process.gone) == (None, None, 0, False)
    process.start()
    assert process.pid not in (None, os.getpid())
    assert process.loaded is None
    assert process.load().categories == ("cat",)
    assert process.loaded is not None


def test_refused_weights_are_no_death() -> None:
    process = process_of({}, weights="bad")
    with pytest.raises(InputError, match="got nonsense") as caught:
        load(process)
    assert not isinstance(caught.value, HostDied)
    assert process.loaded is None
    process.close()


def test_a_child_that_dies_while_loading_tells_its_last_words() -> None:
    process = process_of({}, serve="tests.app.fake_host:serve_dies")
    with pytest.raises(HostDied, match=r"libmissing\.so"):
        load(process)
    assert process.bury() == []
    assert process.pid is None


@pytest.mark.parametrize("name", ["a.png", "stale.png"])
def test_the_answer_finds_its_job(process: ModelProcess, answers: Answers, name: str) -> None:
    load(process)
    process.ask(jobs_of(name))
    assert answers.keys() == {name}
    answer = answers[name]
    assert not isinstance(answer, InputError)
    assert answer.seconds == {"forward": float(len(name))}
    assert not process.busy


def test_a_bad_image_is_told_as_an_error(process: ModelProcess, answers: Answers) -> None:
    load(process)
    process.ask(jobs_of("bad.png"))
    assert str(answers["bad.png"]) == "bad.png: expected an image"


def test_a_batch_is_sent_whole(
    process: ModelProcess, answers: Answers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(fake_host.BATCH, "3")
    monkeypatch.setenv(fake_host.ORDER, str(tmp_path / "order.txt"))
    load(process)
    assert process.batch == 3
    process.ask(jobs_of("a", "bad", "c", priority=Priority.BULK))
    while process.busy:
        process.receive()
    assert answers.keys() == {"a", "bad", "c"}
    assert (tmp_path / "order.txt").read_text().split()[:4] == ["[", "a", "bad", "c"]


def test_buried_it_names_the_jobs_without_an_answer_and_can_start_again(
    process: ModelProcess, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(fake_host.BATCH, "3")
    load(process)
    with pytest.raises(HostDied, match="SIGKILL"):
        process.ask(jobs_of("a", "kill", "c", priority=Priority.BULK))
    assert process.gone
    assert [job.image.name for job in process.bury()] == ["kill", "c"]
    assert answers.keys() == {"a"}
    assert (process.gone, process.busy, process.loaded) == (False, False, None)
    load(process)
    process.ask(jobs_of("b"))
    assert answers.keys() == {"a", "b"}


def test_stopped_no_later_child_lives(process: ModelProcess) -> None:
    load(process)
    process.stop()
    with pytest.raises(HostDied):
        process.ask(jobs_of("a"))
    process.bury()
    with pytest.raises(HostDied):
        load(process)

"""The order of examples: every image once an epoch, the same after a resume, shared between processes."""

import numpy as np
import pytest

from model.errors import InputError
from model.loader import Loader, MakeExample
from model.samples import Sample
from model.targets import Example


def get(index: int) -> Sample:
    return Sample(np.full((1, 1, 3), index, np.uint8), ())


def make(sample: Sample, rng: np.random.Generator, other: object) -> Example:
    """The image's number and a random number, as an image."""
    values = np.array([sample.image[0, 0, 0], rng.integers(1000)])
    empty = np.zeros((0, 4), np.float32)
    return Example(values, empty, np.zeros(0, np.int64), np.zeros((0, 1, 1), np.uint8), empty)


def numbers(count: int, maker: MakeExample = make, images: int = 5, **more: int) -> list[tuple[int, int]]:
    loader = Loader(images, get, maker, **({"batch_size": 2, "seed": 3} | more))
    try:
        found = [
            tuple(example.image.tolist())
            for batch, _ in zip(loader, range(count), strict=False)
            for example in batch
        ]
    finally:
        loader.close()
    return found


def test_an_epoch_shows_every_image_once() -> None:
    shown = [image for image, _ in numbers(10)]
    assert sorted(shown[:5]) == sorted(shown[5:10]) == [0, 1, 2, 3, 4]
    assert shown[:5] != shown[5:10] or shown[10:15] != shown[:5]


def test_going_on_gives_what_would_have_come() -> None:
    assert numbers(6)[6:] == numbers(3, start_iteration=3)


def test_threads_do_not_change_the_order() -> None:
    assert numbers(6) == numbers(6, workers=4)


def test_processes_share_the_examples() -> None:
    parts = [numbers(3, rank=rank, world=2) for rank in range(2)]
    whole = numbers(6)
    assert [*parts[0][:2], *parts[1][:2]] == whole[:4]
    assert sorted(parts[0] + parts[1]) == sorted(whole)


def test_an_image_that_cannot_be_read_is_replaced_and_counted() -> None:
    def picky(sample: Sample, rng: np.random.Generator, other: object) -> Example:
        if sample.image[0, 0, 0] == 2:
            raise InputError("image 2 is broken")
        return make(sample, rng, other)

    loader = Loader(5, get, picky, batch_size=5, seed=0)
    shown = [int(example.image[0]) for example in next(iter(loader))]
    loader.close()
    assert len(shown) == 5
    assert 2 not in shown
    assert loader.skipped["image 2 is broken"] >= 1


def test_nothing_usable_ends_in_words() -> None:
    def never(sample: Sample, rng: np.random.Generator, other: object) -> Example:
        raise InputError("broken")

    with pytest.raises(InputError, match="in a row"):
        numbers(1, never)

"""The images of a step side by side on a CPU, each in a lane of its own, added up in one fixed order.

A network magnifies rounding: a sum taken in another order turns a ReLU over, and after twenty steps weights
differ in their third digit. So on a CPU each image goes through network, losses and gradients alone, in a
thread that computes on one core, and whatever is summed over images (gradients, counts, batch norms'
statistics) is added by halves: image 1 to 2, 3 to 4, then the pairs. Processes that share a batch hold
halves of it. One process and two, on any number of threads, then give the same weights to the last bit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from model.targets import Target

_here = threading.local()  # the lanes this thread is one of, and its place


class Lanes:
    """`count` threads that meet to add up what each has."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._parts: list[Tensor | None] = [None] * count
        self._sum: Tensor | None = None
        self._meeting = threading.Barrier(count, action=self._add)

    def enter(self, place: int) -> None:
        """Make the calling thread the lane at `place`."""
        _here.lanes, _here.place = self, place

    def leave(self) -> None:
        """Let the others, who may wait for this lane, fail."""
        self._meeting.abort()

    def total(self, value: Tensor) -> Tensor:
        """The sum over all lanes of all processes; every lane must come here equally often."""
        self._parts[_here.place] = value.detach()
        self._meeting.wait()
        assert self._sum is not None
        return self._sum

    def _add(self) -> None:
        parts = [part for part in self._parts if part is not None]
        self._sum = _over_processes(add_up(parts))


def total(value: Tensor) -> Tensor:
    """The sum of `value` over all images' lanes and all processes. Not differentiable; don't change it."""
    lanes: Lanes | None = getattr(_here, "lanes", None)
    return _over_processes(value.detach()) if lanes is None else lanes.total(value)


def lane() -> int:
    """The calling thread's place among its process' lanes; 0 outside of them."""
    return getattr(_here, "place", 0)


def copies() -> int:
    """How many values `total` adds up."""
    lanes: Lanes | None = getattr(_here, "lanes", None)
    return (1 if lanes is None else lanes.count) * (dist.get_world_size() if dist.is_initialized() else 1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one core, and the threads that begin meanwhile."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def add_up(parts: Sequence[Tensor]) -> Tensor:
    """The sum by halves."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    return add_up(parts[:half]) + add_up(parts[half:])


def _over_processes(value: Tensor) -> Tensor:
    if not dist.is_initialized():
        return value
    result = value.clone()
    dist.all_reduce(result)
    return result


class SideBySide(nn.Module):
    """A module of (images, targets, share=) -> terms, run image by image in lanes.

    Its terms carry one gradient, that of their sum: backward hands each parameter what the lanes found.
    """

    def __init__(self, losses: nn.Module) -> None:
        super().__init__()
        self.losses = losses

    def forward(self, images: Tensor, targets: Sequence[Target]) -> dict[str, Tensor]:
        """(B, 3, s, s) and B targets -> the terms' sums over the images."""
        parameters = [one for one in self.parameters() if one.requires_grad]
        lanes = Lanes(len(targets))
        with one_thread(), ThreadPoolExecutor(len(targets), thread_name_prefix="lane") as pool:
            found = _results(
                [
                    pool.submit(self._one, lanes, place, images, target, parameters)
                    for place, target in enumerate(targets)
                ]
            )
        gradients = _add_gradients([gradients for _, gradients in found])
        names = dict.fromkeys(name for terms, _ in found for name in terms)
        sums = {name: add_up([terms[name] for terms, _ in found if name in terms]) for name in names}
        carrier: Tensor = _Found.apply(gradients, *parameters)
        first = next(iter(sums))
        sums[first] = sums[first] + carrier
        return sums

    def _one(
        self, lanes: Lanes, place: int, images: Tensor, target: Target, parameters: Sequence[Tensor]
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """One image's terms and the gradients of their sum."""
        lanes.enter(place)
        with ExitStack() as failing:
            failing.callback(lanes.leave)
            image = images[place : place + 1].clone()
            terms: dict[str, Tensor] = self.losses(image, [target], share=1 / lanes.count)
            loss = torch.stack(list(terms.values())).sum()
            gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
            failing.pop_all()
        return {name: value.detach() for name, value in terms.items()}, list(gradients)


def _results(futures: Sequence[Future[Any]]) -> list[Any]:
    """What all give; of several errors the one that made the others."""
    errors = [error for future in futures if (error := future.exception()) is not None]
    for error in errors:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    return [future.result() for future in futures]


def _add_gradients(parts: Sequence[list[Tensor]]) -> list[Tensor]:
    """`add_up` for lists, in place of the left half."""
    if len(parts) == 1:
        return parts[0]
    half = len(parts) // 2
    left, right = _add_gradients(parts[:half]), _add_gradients(parts[half:])
    torch._foreach_add_(left, right)
    return left


class _Found(torch.autograd.Function):
    """0, whose gradients are known already."""

    @staticmethod
    def forward(ctx: Any, gradients: list[Tensor], *parameters: Tensor) -> Tensor:
        ctx.gradients = gradients
        return parameters[0].new_zeros(())

    @staticmethod
    def backward(ctx: Any, *outside: Tensor) -> tuple[Tensor | None, ...]:
        gradients, ctx.gradients = ctx.gradients, None
        return (None, *gradients)

"""The processes of a run: one, or those that torchrun started. torch.distributed does the work."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from model.devices import choose_device
from model.errors import InputError
from model.lanes import SideBySide, total
from model.sync_norm import share_norms

T = TypeVar("T")
PATIENCE = timedelta(hours=6)  # the others wait while the first one measures scores


@dataclass(frozen=True, slots=True)
class Processes:
    """This process' place among `world` and the device it computes on."""

    rank: int
    world: int
    device: torch.device

    @staticmethod
    def join(device: str) -> Processes:
        """Join the others where torchrun says that there are any. InputError for an unknown device."""
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world == 1:
            return Processes(0, 1, choose_device(device))
        local = int(os.environ.get("LOCAL_RANK", "0"))
        chosen = choose_device(device)
        if chosen.type == "cuda" and chosen.index is None:
            chosen = torch.device("cuda", local % torch.cuda.device_count())
            torch.cuda.set_device(chosen)
        dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=PATIENCE)
        return Processes(dist.get_rank(), world, chosen)

    @property
    def first(self) -> bool:
        """Whether this one speaks for all."""
        return self.rank == 0

    def wrap(self, module: nn.Module, *, unused: bool = False) -> nn.Module:
        """The module with gradients averaged over all processes, and batch norms over all their images.

        On a CPU its images go side by side, see `lanes`. `unused`: not every parameter takes part in every
        step.
        """
        if self.device.type == "cpu":
            share_norms(module)
            module, unused = SideBySide(module), False
        if self.world == 1:
            return module
        share_norms(module)
        devices = [self.device.index] if self.device.type == "cuda" else None
        with warnings.catch_warnings():  # torch renames what says that buffers are our own affair
            warnings.simplefilter("ignore", FutureWarning)
            return nn.parallel.DistributedDataParallel(
                module, device_ids=devices, broadcast_buffers=False, find_unused_parameters=unused
            )

    def any(self, here: bool) -> bool:
        """Whether it is so in any process; all come to the same answer."""
        if self.world == 1:
            return here
        flag = torch.tensor([float(here)], device=self.device)
        dist.all_reduce(flag)
        return bool(flag.item() > 0)

    def normaliser(self, count: Tensor) -> Tensor:
        """What a sum is divided by so that the mean over processes is the mean over the whole batch.

        `count`: what this process counts, one number. At least one of all processes' together.
        """
        return total(count).clamp(min=1) / self.world

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """The mean over all processes, by name; each must give the same names."""
        if self.world == 1:
            return dict(values)
        names = sorted(values)
        summed = torch.tensor([values[name] for name in names], dtype=torch.float32, device=self.device)
        dist.all_reduce(summed)
        found = dict(zip(names, (summed / self.world).tolist(), strict=True))
        return {name: found[name] for name in values}

    def gather(self, here: T) -> list[T]:
        """What every process gives, by rank; small plain values only."""
        if self.world == 1:
            return [here]
        found: list[T] = [here] * self.world
        dist.all_gather_object(found, here)
        return found

    def lost(self, error: BaseException) -> InputError | None:
        """The error in words, when it says that another process of the run is gone."""
        if self.world == 1 or isinstance(error, InputError):
            return None
        words = str(error)
        if isinstance(error, dist.DistError) or "gloo" in words or "Connection" in words:
            return InputError("another process of the run has ended; go on with --resume")
        return None

    def leave(self) -> None:
        """Part from the others."""
        if self.world > 1 and dist.is_initialized():
            dist.destroy_process_group()

"""The processes of a run: one, or those that torchrun started. torch.distributed does the work."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import nn

from model.devices import choose_device


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
        dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
        return Processes(dist.get_rank(), world, chosen)

    @property
    def first(self) -> bool:
        """Whether this one speaks for all."""
        return self.rank == 0

    def wrap(self, module: nn.Module) -> nn.Module:
        """The module with gradients averaged over all processes."""
        if self.world == 1:
            return module
        devices = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(
            module, device_ids=devices, broadcast_buffers=False, find_unused_parameters=True
        )

    def any(self, here: bool) -> bool:
        """Whether it is so in any process; all come to the same answer."""
        if self.world == 1:
            return here
        flag = torch.tensor([float(here)], device=self.device)
        dist.all_reduce(flag)
        return bool(flag.item() > 0)

    def leave(self) -> None:
        """Part from the others."""
        if self.world > 1 and dist.is_initialized():
            dist.destroy_process_group()

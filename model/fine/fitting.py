"""The network of fine prototypes while it is trained: optimiser, schedule, running average, checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from model.atomic import replacing
from model.fine.network import FineNetwork


class Fitting:
    """The network, what moves its weights, and their running average, which is what counts in the end."""

    def __init__(self, lr: float, iterations: int, begin_with: Path | None) -> None:
        network = FineNetwork()
        network.load_encoder()
        if begin_with is not None:
            known = torch.load(begin_with, weights_only=True)["network"]
            if "again" not in {name.split(".")[0] for name in known}:
                known |= {f"again.{name}": value for name, value in network.again.state_dict().items()}
            network.load_state_dict(known)
        self.network = network.to(memory_format=torch.channels_last)
        groups = _groups(self.network, lr)
        self._optimiser = torch.optim.AdamW(groups, weight_decay=1e-2)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, [each["lr"] for each in groups], total_steps=iterations + 1, pct_start=0.05
        )
        self._average = torch.optim.swa_utils.AveragedModel(
            self.network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
        )

    def step(self, loss: Tensor) -> None:
        """One step down a loss."""
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self._optimiser.step()
        self._schedule.step()
        self._average.update_parameters(self.network)

    def save(self, path: Path, iteration: int) -> None:
        """All of it as a checkpoint, atomically."""
        state = {name: each.state_dict() for name, each in self._parts().items()}
        with replacing(path) as file:
            torch.save({"iteration": iteration, **state}, file)

    def restore(self, path: Path) -> int:
        """As a checkpoint has it; its iteration."""
        state = torch.load(path, weights_only=True)
        for name, each in self._parts().items():
            each.load_state_dict(state[name])
        return int(state["iteration"])

    def _parts(self) -> dict[str, Any]:
        return {
            "network": self.network,
            "average": self._average,
            "optimiser": self._optimiser,
            "schedule": self._schedule,
        }


def _groups(network: FineNetwork, lr: float) -> list[dict[str, Any]]:
    """The weights by their rate: the encoder is known, the part that sees hints has the longest way."""
    encoder = [p for name, p in network.named_parameters() if name.startswith(("stem", "blocks"))]
    hints = list(network.again.parameters())
    apart = {id(p) for p in (*encoder, *hints, network.steepness)}
    rest = [p for p in network.parameters() if id(p) not in apart]
    return [
        {"params": encoder, "lr": lr * 0.3},
        {"params": hints, "lr": lr * 2},
        {"params": rest, "lr": lr},
        {"params": [network.steepness], "lr": lr * 5, "weight_decay": 0.0},
    ]

"""One training step: network, losses, gradients, guarded against values that are no numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from model.aligned_losses import AlignedWeights, aligned_loss
from model.losses import published_loss
from model.recipes import Recipe
from model.targets import Example, Target
from model.yolact import Yolact


class LossModel(nn.Module):
    """Network and losses as one module, which is what is distributed."""

    def __init__(self, network: Yolact, recipe: Recipe) -> None:
        super().__init__()
        self.network = network
        self._recipe = recipe
        self._weights = AlignedWeights()

    def forward(self, images: Tensor, targets: Sequence[Target]) -> dict[str, Tensor]:
        """(B, 3, s, s) normalised images and their targets -> weighted terms."""
        network = self.network
        raw = network(images)
        if self._recipe.loss == "published":
            return published_loss(raw, targets, network.priors, network.config, network.maskiou_net)
        return aligned_loss(raw, targets, network.priors, self._weights)


@dataclass(frozen=True, slots=True)
class StepResult:
    """The terms of one step. `finite` is false for a step that changed nothing."""

    losses: dict[str, float]
    finite: bool


def to_batch(
    examples: Sequence[Example], network: Yolact, device: torch.device
) -> tuple[Tensor, list[Target]]:
    """Images (B, 3, s, s) float32, normalised, channels last in memory, and targets, on `device`."""
    stacked = torch.from_numpy(np.stack([example.image for example in examples])).to(device)
    images = stacked.float()
    images -= torch.tensor(network.config.mean, device=device)
    images /= torch.tensor(network.config.std, device=device)
    return images.permute(0, 3, 1, 2), [Target.of(example, device) for example in examples]


def step(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    images: Tensor,
    targets: Sequence[Target],
    clip_norm: float | None,
) -> StepResult:
    """One step. Where loss or gradient is no number, in any process, the weights stay as they are."""
    optimiser.zero_grad(set_to_none=True)
    terms = model(images, targets)
    total = torch.stack(list(terms.values())).sum()
    total.backward()
    parameters = [p for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
    # Gradients are already those of all processes: each comes to the same decision.
    norm = nn.utils.clip_grad_norm_(parameters, clip_norm if clip_norm is not None else float("inf"))
    finite = bool(torch.isfinite(norm))
    if finite:
        optimiser.step()
    return StepResult({name: float(value.detach()) for name, value in terms.items()}, finite)

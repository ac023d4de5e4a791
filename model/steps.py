"""One training step: network, losses, gradients, guarded against values that are no numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from model.aligned_losses import AlignedWeights, aligned_loss
from model.lanes import one_thread
from model.losses import Normaliser, at_least_one, published_loss
from model.recipes import Recipe
from model.targets import Example, Target
from model.yolact import Yolact


class LossModel(nn.Module):
    """Network and losses as one module, which is what is distributed."""

    def __init__(
        self, network: Yolact, recipe: Recipe, normaliser: Normaliser = at_least_one, *, shared: bool = False
    ) -> None:
        """`normaliser`: see `published_loss`. `shared`: other processes take part, so terms never lack."""
        super().__init__()
        self.network = network
        self._recipe = recipe
        self._normaliser, self._shared = normaliser, shared
        self._weights = AlignedWeights()

    def forward(self, images: Tensor, targets: Sequence[Target], share: float = 1.0) -> dict[str, Tensor]:
        """(B, 3, s, s) normalised images and their targets -> weighted terms.

        `share`: what part of this process' batch these images are, for terms that are means over images.
        """
        network = self.network
        raw = network(images)
        if self._recipe.loss == "published":
            terms = published_loss(
                raw,
                targets,
                network.priors,
                network.config,
                network.maskiou_net,
                normaliser=self._normaliser,
            )
        else:
            terms = aligned_loss(
                raw,
                targets,
                network.priors,
                self._weights,
                network.maskiou_net,
                normaliser=self._normaliser,
            )
        if self._shared and network.maskiou_net is not None:
            terms.setdefault("I", raw.prototypes.sum() * 0)
        if "S" in terms:
            terms["S"] = terms["S"] * share
        return terms


@dataclass(frozen=True, slots=True)
class StepResult:
    """The terms of one step, over all processes. `finite` is false for a step that changed nothing."""

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
    average: Callable[[Mapping[str, float]], dict[str, float]] = dict,
) -> StepResult:
    """One step. Where loss or gradient is no number, in any process, the weights stay as they are.

    `average` gives the terms' means over all processes, so that each comes to the same decision.
    """
    optimiser.zero_grad(set_to_none=True)
    terms = model(images, targets)
    total = torch.stack(list(terms.values())).sum()
    total.backward()
    parameters = [p for group in optimiser.param_groups for p in group["params"] if p.grad is not None]
    # Gradients are already those of all processes. A norm's last bit would follow the number of threads.
    with one_thread():
        norm = nn.utils.clip_grad_norm_(parameters, clip_norm if clip_norm is not None else float("inf"))
    losses = average({name: float(value.detach()) for name, value in terms.items()})
    finite = bool(torch.isfinite(norm)) and math.isfinite(sum(losses.values()))
    if finite:
        optimiser.step()
    return StepResult(losses, finite)


class NormGuard:
    """Keeps what batch norms have gathered from being spoilt by a step whose values are no numbers."""

    def __init__(self, network: nn.Module) -> None:
        self._own = [
            buffer
            for module in network.modules()
            if isinstance(module, nn.BatchNorm2d) and module.training
            for buffer in module.buffers(recurse=False)
        ]
        self._kept = [buffer.clone() for buffer in self._own]

    @torch.no_grad()
    def keep(self) -> None:
        """Remember how they stand."""
        if self._own:
            torch._foreach_copy_(self._kept, self._own)

    @torch.no_grad()
    def restore(self) -> None:
        """Back to what was remembered."""
        if self._own:
            torch._foreach_copy_(self._own, self._kept)


@torch.no_grad()
def culprits(network: Yolact, recipe: Recipe, images: Tensor, targets: Sequence[Target]) -> list[int]:
    """Which images of a batch have a loss that is no number, each alone and with frozen norms.

    Every process may ask this by itself. Empty when only the gradient is none.
    """
    alone = LossModel(network, recipe)
    norms = [one for one in network.modules() if isinstance(one, nn.BatchNorm2d) and one.training]
    for norm in norms:
        norm.eval()
    try:
        return [
            index
            for index, target in enumerate(targets)
            if not all(
                bool(torch.isfinite(value)) for value in alone(images[index : index + 1], [target]).values()
            )
        ]
    finally:
        for norm in norms:
            norm.train()

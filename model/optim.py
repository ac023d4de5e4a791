"""What moves the weights: parameter groups, the rate over time, the running average, what stays frozen."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from model.backbones.efficientnet_lite import EfficientNetLite
from model.backbones.resnet import ResNet
from model.recipes import Plan, Recipe
from model.yolact import Yolact

SMALL_BATCH = 6  # images a step, of all processes; below it norms are frozen, as published for one GPU


def freeze(model: Yolact, recipe: Recipe, batch_size: int) -> None:
    """Put the network in training mode with the recipe's frozen parts. `batch_size`: of all processes."""
    model.train()
    if recipe.freeze_early:
        for part in early_parts(model.backbone):
            part.requires_grad_(False)
    if recipe.freeze_norms == "small-batch" and batch_size >= SMALL_BATCH:
        return
    within: nn.Module = model.backbone if recipe.freeze_norms == "backbone" else model
    for module in within.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
            module.requires_grad_(False)


def early_parts(backbone: nn.Module) -> list[nn.Module]:
    """The stem and the stages up to the first map that is given (stride 8), where that is known."""
    if isinstance(backbone, EfficientNetLite):
        return [backbone._conv_stem, backbone._bn0, *list(backbone._blocks)[:5]]
    if isinstance(backbone, ResNet):
        return [backbone.conv1, backbone.bn1, backbone.layers[0]]
    return []


def optimiser(model: Yolact, recipe: Recipe, plan: Plan) -> torch.optim.Optimizer:
    """Groups by (backbone or not, decayed or not); each remembers its factor on the rate."""
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            decayed = recipe.decay_vectors or parameter.ndim > 1
            groups.setdefault((name.startswith("backbone."), decayed), []).append(parameter)
    settings = [
        {
            "params": parameters,
            "factor": recipe.backbone_factor if backbone else 1.0,
            "weight_decay": recipe.weight_decay if decayed else 0.0,
        }
        for (backbone, decayed), parameters in groups.items()
    ]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(settings, lr=plan.lr, momentum=recipe.momentum)
    return torch.optim.AdamW(settings, lr=plan.lr)


def rate(iteration: int, recipe: Recipe, plan: Plan) -> float:
    """The learning rate of step `iteration` (from 0), before a group's factor.

    Linear warm-up from `warmup_from`; then steps to a tenth, or half a cosine down to a hundredth.
    """
    warmup = (
        min(recipe.warmup, max(plan.iterations // 5, 1)) if recipe.schedule == "cosine" else recipe.warmup
    )
    if iteration < warmup:
        return recipe.warmup_from + (plan.lr - recipe.warmup_from) * iteration / warmup
    if recipe.schedule == "steps":
        return plan.lr * 0.1 ** sum(iteration >= step for step in plan.steps)
    done = (iteration - warmup) / max(plan.iterations - warmup, 1)
    return plan.lr * (0.01 + 0.99 * (1 + math.cos(math.pi * min(done, 1.0))) / 2)


def set_rate(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """Give each group its share of `lr`."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["factor"]


class Average:
    """A running average of a network's floating-point state; young averages forget faster."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.steps = 0
        self.state = {key: value.detach().clone() for key, value in model.state_dict().items()}

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move toward the network's state; counters are taken as they are."""
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        mine, theirs = [], []
        for key, value in model.state_dict().items():
            if value.is_floating_point():
                mine.append(self.state[key])
                theirs.append(value)
            else:
                self.state[key].copy_(value)
        torch._foreach_lerp_(mine, theirs, 1 - decay)

"""How a network is trained: one frozen value a recipe, in one table. Imports no torch.

`yolact` is the published recipe to the letter. `small` is ours: tens to hundreds of images, minutes on a CPU;
`ample` is the same for a thousand and more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from model.augment import AugmentOptions
from model.errors import InputError

LEAST_ITERATIONS = 150  # of a fine-tuning run, however few its images


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything about training that is neither the network nor the data."""

    name: str
    loss: Literal["published", "aligned"]
    optimiser: Literal["sgd", "adamw"]
    lr: float
    batch_size: int
    iterations: int  # at `batch_size`, from a backbone's weights
    fine_tune_iterations: int  # at `batch_size`, from a trained network's weights: at most
    fine_tune_epochs: int | None = None  # for few images, fewer iterations: this often through all
    fine_tune_factor: float = 1.0  # on `lr`, when a trained network goes on
    momentum: float = 0.9
    weight_decay: float = 5e-4
    decay_vectors: bool = True  # weight decay on biases and norms, too
    backbone_factor: float = 1.0  # on `lr`, for the backbone
    schedule: Literal["steps", "cosine"] = "steps"
    steps: tuple[int, ...] = ()  # iterations at which the rate falls to a tenth
    warmup: int = 500  # iterations
    warmup_from: float = 1e-4  # rate at iteration 0
    scale_with_batch: bool = False  # rate up, iterations and steps down by batch / batch_size, as published
    freeze_early: bool = False  # the backbone up to stride 8 is not trained
    freeze_norms: Literal["small-batch", "backbone"] = "small-batch"
    clip_norm: float | None = None
    average: float | None = None  # decay of the running average of the weights that is kept in the end
    skip_empty: bool = False  # images without objects are not shown, as published
    augment: AugmentOptions | None = None  # None: the published augmentation
    classes_prior: float | None = None  # probability of an object that the class layer starts from

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a run's config.json."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Plan:
    """A recipe's numbers for one run's batch size."""

    lr: float
    iterations: int
    steps: tuple[int, ...] = field(default=())


YOLACT = Recipe(
    "yolact",
    loss="published",
    optimiser="sgd",
    lr=1e-3,
    batch_size=8,
    iterations=800_000,
    fine_tune_iterations=800_000,
    steps=(280_000, 600_000, 700_000, 750_000),
    scale_with_batch=True,
    skip_empty=True,
)
SMALL = Recipe(
    "small",
    loss="aligned",
    optimiser="adamw",
    lr=2e-3,
    batch_size=4,
    iterations=2000,
    fine_tune_iterations=800,
    fine_tune_epochs=60,
    fine_tune_factor=0.4,
    weight_decay=0.02,
    decay_vectors=False,
    backbone_factor=0.15,
    schedule="cosine",
    warmup=100,
    warmup_from=1e-5,
    freeze_early=True,
    freeze_norms="backbone",
    clip_norm=5.0,
    average=0.998,
    augment=AugmentOptions(),
    classes_prior=0.01,
)
# A thousand images and more: they vary by themselves.
AMPLE = replace(
    SMALL,
    name="ample",
    iterations=6000,
    fine_tune_iterations=2000,
    fine_tune_epochs=8,
    augment=AugmentOptions(zoom=(0.8, 1.4), stretch=0.1, rotation=0, paste=0, contrast=0.25, saturation=0.3),
)
RECIPES: Mapping[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        SMALL,
        AMPLE,
        YOLACT,
        replace(YOLACT, name="yolact-pascal", iterations=120_000, steps=(60_000, 100_000)),
    )
}


def find(name: str) -> Recipe:
    """A recipe by name. InputError names those that there are."""
    if name not in RECIPES:
        raise InputError(f"expected a preset out of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]


def plan(
    recipe: Recipe, batch_size: int, iterations: int | None, *, fine_tune: bool, images: int | None = None
) -> Plan:
    """The run's rate, length and steps. `batch_size` counts all processes; `iterations` is taken as it is."""
    factor = batch_size / recipe.batch_size if recipe.scale_with_batch else 1.0
    lr = recipe.lr * factor * (recipe.fine_tune_factor if fine_tune else 1.0)
    own = recipe.fine_tune_iterations if fine_tune else recipe.iterations
    if fine_tune and images is not None and recipe.fine_tune_epochs is not None:
        own = min(own, max(recipe.fine_tune_epochs * images // batch_size, LEAST_ITERATIONS))
    length = iterations if iterations is not None else max(int(own / factor), 1)
    return Plan(lr, length, tuple(int(step / factor) for step in recipe.steps))

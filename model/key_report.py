"""What of a checkpoint fits: keys that are missing, unknown, or of another shape, and what would fit.

One line for an error, all lines for a person who wants to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from model.config import CONFIGS, ModelConfig
from model.yolact import build

SHOWN = 2  # keys of a kind in the one line
Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class KeyReport:
    """The differences between a file's tensors and a network's. Empty: the file fits exactly."""

    config: str
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    misshaped: tuple[str, ...] = ()  # 'key (2, 3) instead of (4, 3)'
    fits: tuple[str, ...] = ()  # configurations that the file fits exactly
    classes: int | None = None  # of the file, where its class outputs tell it

    def __bool__(self) -> bool:
        return bool(self.missing or self.unknown or self.misshaped)

    def __len__(self) -> int:
        return len(self.missing) + len(self.unknown) + len(self.misshaped)

    def line(self) -> str:
        """One line: what would fit, then how many of each kind and the first ones by name."""
        parts = [f"they fit {', '.join(self.fits)}"] if self.fits else []
        return "; ".join(parts + [_some(what, keys) for what, keys in self._kinds() if keys])

    def lines(self) -> Iterator[str]:
        """Every key, one a line."""
        for what, keys in self._kinds():
            yield from (f"{what}: {key}" for key in keys)
        if self.fits:
            yield f"the file fits {', '.join(self.fits)}"

    def _kinds(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return ("missing", self.missing), ("unknown", self.unknown), ("of another shape", self.misshaped)


def compare(state: Mapping[str, Tensor], config: ModelConfig) -> KeyReport:
    """A file's tensors against a configuration's network."""
    have, own = shapes_of(state), network_shapes(config)
    return KeyReport(
        config.name,
        tuple(key for key in own if key not in have),
        tuple(key for key in have if key not in own),
        tuple(
            f"{key} {have[key]} instead of {own[key]}" for key in own if key in have and have[key] != own[key]
        ),
        tuple(fitting(state)),
        count_classes(state, config),
    )


def shapes_of(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Each tensor's shape."""
    return {key: tuple(value.shape) for key, value in state.items()}


def network_shapes(config: ModelConfig) -> Shapes:
    """The shapes of a configuration's tensors, without making them."""
    with torch.device("meta"):
        return shapes_of(build(config).state_dict())


def count_classes(state: Mapping[str, Tensor], config: ModelConfig) -> int | None:
    """How many classes (without the background) a file's outputs are of, None where they do not tell."""
    scores = state.get("prediction_layers.0.conf_layer.bias")
    if scores is not None and scores.ndim == 1 and len(scores) % config.anchors_per_cell == 0:
        return max(len(scores) // config.anchors_per_cell - 1, 1)
    semantic = state.get("semantic_seg_conv.bias")
    return len(semantic) if semantic is not None and semantic.ndim == 1 and len(semantic) else None


def fitting(state: Mapping[str, Tensor]) -> dict[str, ModelConfig]:
    """The known configurations with exactly these keys and shapes, whatever the number of classes."""
    return {name: config for name, config, differences in _judged(state) if not differences}


def closest(state: Mapping[str, Tensor]) -> tuple[ModelConfig, int] | None:
    """The known configuration that differs in the fewest keys, and in how many; None where few agree."""
    judged = _judged(state)
    if not judged:
        return None
    _, config, differences = min(judged, key=lambda one: one[2])
    return (config, differences) if differences < len(state) // 2 else None


def _judged(state: Mapping[str, Tensor]) -> list[tuple[str, ModelConfig, int]]:
    have = shapes_of(state)
    known: dict[ModelConfig, int] = {}
    judged = []
    for name, config in CONFIGS.items():
        classes = count_classes(state, config)
        if classes is None:
            continue
        config = replace(config, classes=classes)
        # What only moves anchors or input does not change shapes: each network is built once.
        key = replace(config, name="", input_size=550, anchor_scales=_levels(config), anchor_ratios=(1.0,))
        if key not in known:
            own = network_shapes(config)
            known[key] = sum(have.get(one) != shape for one, shape in own.items())
            known[key] += sum(one not in own for one in have)
        judged.append((name, config, known[key]))
    return judged


def _levels(config: ModelConfig) -> tuple[tuple[float, ...], ...]:
    return ((float(config.anchors_per_cell),),) * len(config.anchor_scales)


def _some(what: str, keys: tuple[str, ...]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    return f"{what}: {', '.join(keys[:SHOWN])}{more}"

"""The card that travels with weights: what the network is, what it knows, where it comes from.

It stands beside the weights as JSON (card.json for weights.safetensors, else <name>.json) and inside the
weights file, so that a lone file still says what it is. Importing this imports no torch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.config import ModelConfig
from model.errors import WeightsError

FORMAT = 1  # of the card; a newer one is refused in words
WEIGHTS_FILE, CARD_FILE = "weights.safetensors", "card.json"
METADATA_KEY = "protolabel.card"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of one model version."""

    name: str
    config: ModelConfig
    categories: tuple[str, ...]
    parent: str = ""  # the version it was trained from
    data: str = ""  # what it was trained on, in words
    licence: str = ""
    scores: Mapping[str, Any] = field(default_factory=dict)
    created: float = field(default_factory=time.time)  # seconds since 1970
    command: str = ""  # that made it
    more: Mapping[str, Any] = field(default_factory=dict)  # fields of others, kept as they are

    def __post_init__(self) -> None:
        if len(self.categories) != self.config.classes:
            raise WeightsError(
                f"{self.name}: expected {self.config.classes} category names, got {len(self.categories)}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` reads them back."""
        config = self.config
        own = {
            "format": FORMAT,
            "name": self.name,
            "categories": list(self.categories),
            "config": config.to_dict(),
            "preprocessing": {
                "size": config.input_size,
                "colour": "RGB 0..255",
                "mean": list(config.mean),
                "std": list(config.std),
                "resize": "stretched to the square, bilinear"
                + (", averaged when shrinking" if config.antialias else ""),
            },
            "parent": self.parent,
            "data": self.data,
            "licence": self.licence,
            "scores": dict(self.scores),
            "created": self.created,
            "command": self.command,
        }
        return {**self.more, **own}

    @staticmethod
    def from_dict(values: Mapping[str, Any], source: str) -> ModelCard:
        """The card in `values`; `source` names it in a WeightsError."""
        if not isinstance(values, Mapping):
            raise WeightsError(f"{source}: expected a model card, got {type(values).__name__}")
        rest = dict(values)
        version = rest.pop("format", FORMAT)
        if not isinstance(version, int) or version > FORMAT:
            raise WeightsError(
                f"{source}: expected a model card of format {FORMAT}, got {version!r}: update the program"
            )
        rest.pop("preprocessing", None)  # repeats the configuration, for people
        config, categories = rest.pop("config", None), rest.pop("categories", None)
        if not isinstance(config, Mapping):
            raise WeightsError(f"{source}: expected a model card with a configuration, got none")
        if not isinstance(categories, list) or not all(isinstance(name, str) for name in categories):
            raise WeightsError(f"{source}: expected a list of category names in the model card")
        scores = rest.pop("scores", None)
        return ModelCard(
            name=str(rest.pop("name", "")) or Path(source).stem,
            config=ModelConfig.from_dict(config),
            categories=tuple(categories),
            parent=str(rest.pop("parent", "") or ""),
            data=str(rest.pop("data", "") or ""),
            licence=str(rest.pop("licence", "") or ""),
            scores=scores if isinstance(scores, Mapping) else {},
            created=_seconds(rest.pop("created", 0.0)),
            command=str(rest.pop("command", "") or ""),
            more=rest,
        )


def card_path(weights: Path) -> Path:
    """Where the card of a weights file stands."""
    return weights.with_name(CARD_FILE) if weights.name == WEIGHTS_FILE else weights.with_suffix(".json")


def read_beside(weights: Path) -> ModelCard | None:
    """The card beside a weights file, None where there is none. Raises WeightsError for a damaged one."""
    path = card_path(weights)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WeightsError(f"{path}: expected a readable model card, got: {error.strerror}") from None
    except ValueError:
        raise WeightsError(f"{path}: expected a model card (JSON), got something else") from None
    return ModelCard.from_dict(values, str(path))


def read_inside(metadata: Mapping[str, str] | None, weights: Path) -> ModelCard | None:
    """The card in a safetensors file's metadata, None where there is none."""
    text = (metadata or {}).get(METADATA_KEY)
    if text is None:
        return None
    try:
        return ModelCard.from_dict(json.loads(text), str(weights))
    except ValueError:
        raise WeightsError(f"{weights}: the model card inside the file is damaged") from None


def _seconds(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0

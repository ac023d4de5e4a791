"""Weights on disk: own files (safetensors with a card) and published ones, loaded strictly or refused.

Weights are named by a path to a .safetensors (or published .pth) file, by a version's folder, or by the name
of built-in ones (`starter`). Nothing in a file is ever executed.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from model import categories, published
from model.card import METADATA_KEY, WEIGHTS_FILE, ModelCard, card_path, read_beside, read_inside
from model.config import CONFIGS, ModelConfig
from model.errors import WeightsError
from model.yolact import Yolact, build

BUILT_IN = Path(__file__).parents[1] / "resources" / "weights"


def resolve(weights: Path | str) -> Path:
    """The file meant by a path, a version's folder or a built-in name. Raises WeightsError."""
    path = Path(weights)
    if path.is_dir():
        path = path / WEIGHTS_FILE
    elif not path.exists() and path.name == str(weights) and not path.suffix:
        path = BUILT_IN / path.name / WEIGHTS_FILE
        if not path.is_file():
            known = sorted(found.parent.name for found in BUILT_IN.glob(f"*/{WEIGHTS_FILE}"))
            raise WeightsError(
                f"expected a weights file or one of the built-in weights ({', '.join(known) or 'none'}), "
                f"got {str(weights)!r}"
            )
    if not path.is_file():
        raise WeightsError(f"{path}: expected a weights file, found nothing there")
    return path


def load(weights: Path | str, config: ModelConfig | str | None = None) -> tuple[Yolact, ModelCard]:
    """The network (float32, on the CPU, evaluation mode) and its card. Raises WeightsError, in one line.

    `config` overrides the card's; for a published `.pth` it says which configuration the file is of.
    """
    path = resolve(weights)
    if path.suffix == ".safetensors":
        state, card = _read_own(path, config)
    else:
        state = published.read(path)
        chosen = published.choose_config(path, state, config)
        card = ModelCard(path.stem, chosen, categories.names(chosen.classes), data="published weights")
    model = build(card.config)
    _fill(model, state, path)
    return model.eval(), card


def save(model: Yolact, card: ModelCard, path: Path, *, half: bool = False) -> None:
    """Write weights and card, each whole or not at all. `half`: convolutions in half precision.

    Raises WeightsError when the weights hold values that are no numbers, OSError when the disk refuses.
    """
    state = {
        key: (value.half() if half and value.ndim > 1 else value).detach().cpu().contiguous()
        for key, value in model.state_dict().items()
    }
    _check_finite(state, path)
    text = json.dumps(card.to_dict(), indent=1, ensure_ascii=False)
    _write(path, safetensors.torch.save(state, {METADATA_KEY: text}))
    _write(card_path(path), text.encode())


def convert_published(path: Path, config: str | None, out: Path, *, command: str = "") -> ModelCard:
    """Read a published checkpoint once and write it in our form. Raises WeightsError."""
    if out.suffix != ".safetensors":
        raise WeightsError(f"{out}: expected an output file that ends in .safetensors")
    model, card = load(path, config)
    card = ModelCard(
        out.parent.name if out.name == WEIGHTS_FILE else out.stem,
        card.config,
        card.categories,
        parent=path.name,
        data=card.data,
        licence="that of the published weights",
        created=time.time(),
        command=command,
    )
    save(model, card, out)
    return card


def _read_own(path: Path, config: ModelConfig | str | None) -> tuple[dict[str, Tensor], ModelCard]:
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata()
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        words = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise WeightsError(
            f"{path}: expected a safetensors file, got a damaged or cut-short one ({words}): get it again"
        ) from None
    if isinstance(config, str):
        if config not in CONFIGS:
            raise WeightsError(f"expected a configuration out of {', '.join(CONFIGS)}, got {config!r}")
        config = CONFIGS[config]
    card = read_beside(path) or read_inside(metadata, path)
    if config is not None:
        names = card.categories if card and len(card.categories) == config.classes else None
        return state, ModelCard(
            card.name if card else path.stem, config, names or categories.names(config.classes)
        )
    if card is None:
        raise WeightsError(
            f"{path}: expected a model card inside or beside it ({card_path(path).name}), got none"
        )
    return state, card


def _fill(model: Yolact, state: Mapping[str, Tensor], path: Path) -> None:
    """Load strictly; the error names what is missing, extra and of another shape, and what would fit."""
    own = model.state_dict()
    report = [
        _some("missing", [key for key in own if key not in state]),
        _some("unknown", [key for key in state if key not in own]),
        _some(
            "of another shape",
            [
                f"{key} {tuple(state[key].shape)} instead of {tuple(own[key].shape)}"
                for key in own
                if key in state and state[key].shape != own[key].shape
            ],
        ),
    ]
    if any(report):
        fits = published.fitting(state)
        hint = f"; they fit {', '.join(fits)}" if fits else ""
        raise WeightsError(
            f"{path}: expected the weights of {model.config.name}, got others: "
            f"{'; '.join(part for part in report if part)}{hint}"
        )
    _check_finite(state, path)
    model.load_state_dict({key: value.to(own[key].dtype) for key, value in state.items()})


def _some(what: str, keys: list[str]) -> str:
    if not keys:
        return ""
    more = f" and {len(keys) - 2} more" if len(keys) > 2 else ""
    return f"{what}: {', '.join(keys[:2])}{more}"


def _check_finite(state: Mapping[str, Tensor], path: Path) -> None:
    for key, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise WeightsError(f"{path}: expected finite weights, got values that are no numbers in {key}")


def _write(path: Path, data: bytes) -> None:
    """Atomically: a temporary file in the same folder takes the name when it is safely on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

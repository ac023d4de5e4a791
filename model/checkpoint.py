"""Weights on disk: own files (safetensors with a card) and published ones, loaded strictly or refused.

Weights are named by a path to a .safetensors (or published .pth) file, by a version's folder, or by the name
of built-in ones (`starter`). Nothing in a file is ever executed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from model import categories, config_line, published
from model.atomic import replacing
from model.card import METADATA_KEY, WEIGHTS_FILE, ModelCard, card_path, read_beside, read_inside
from model.config import CONFIGS, ModelConfig
from model.errors import WeightsError
from model.key_report import compare, count_classes
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


def convert_published(
    path: Path,
    config: str | None,
    out: Path,
    *,
    names: Sequence[str] | None = None,
    command: str = "",
    licence: str = "that of the published weights",
) -> ModelCard:
    """Read a published checkpoint once and write it in our form. Raises WeightsError.

    `names`: the categories in the order of the class outputs, as many as those; else the published ones.
    """
    if out.suffix != ".safetensors":
        raise WeightsError(f"{out}: expected an output file that ends in .safetensors")
    model, card = load(path, config)
    if names is not None and len(names) != card.config.classes:
        raise WeightsError(
            f"{path}: expected {card.config.classes} category names, as many as its class outputs, "
            f"got {len(names)}: name each one"
        )
    card = ModelCard(
        out.parent.name if out.name == WEIGHTS_FILE else out.stem,
        card.config,
        tuple(names) if names is not None else card.categories,
        parent=path.name,
        data=card.data,
        licence=licence,
        created=time.time(),
        command=command,
    )
    try:
        save(model, card, out)
    except OSError as error:
        raise WeightsError(
            f"{out}: expected to write the converted weights, got: {error.strerror or error}; "
            "nothing was written there, see to it and convert again"
        ) from None
    return card


def _read_own(path: Path, config: ModelConfig | str | None) -> tuple[dict[str, Tensor], ModelCard]:
    try:
        with path.open("rb"):  # safetensors calls every file that it may not read missing
            pass
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata()
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except PermissionError:
        raise WeightsError(
            f"{path}: expected a weights file that can be read, got: permission denied"
        ) from None
    except (safetensors.SafetensorError, OSError, ValueError, KeyError) as error:
        words = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise WeightsError(
            f"{path}: expected a safetensors file, got a damaged or cut-short one ({words}): get it again"
        ) from None
    if isinstance(config, str):
        line = config_line.parse(config)
        if line is None:
            raise WeightsError(f"expected a configuration out of {', '.join(CONFIGS)}, got {config!r}")
        # A name given for own weights says what they are of; how many classes they know is their own.
        config = replace(line.config, classes=count_classes(state, line.config) or line.config.classes)
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
    if report := compare(state, model.config):
        known = model.config.classes
        other = f" of {known} categories" if report.classes not in (None, known) else ""
        came = f"others, of {report.classes} categories" if other else "others"
        raise WeightsError(
            f"{path}: expected the weights of {model.config.name}{other}, got {came}: {report.line()}"
        )
    state = {key: value.to(own[key].dtype) for key, value in state.items()}
    _check_finite(state, path)  # also what a double said that is too large for a float
    model.load_state_dict(state)


def _check_finite(state: Mapping[str, Tensor], path: Path) -> None:
    for key, value in state.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise WeightsError(f"{path}: expected finite weights, got values that are no numbers in {key}")


def _write(path: Path, data: bytes) -> None:
    """Atomically: a temporary file in the same folder takes the name when it is safely on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(data)

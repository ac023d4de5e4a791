"""Published `.pth` checkpoints: read as plain tensors, never executed, and recognised by their shapes.

A checkpoint is a bare state dict. Its input size and anchors are not in it: those come from the
configuration, named by the caller or by the file's name (yolact_base_54_800000.pth).
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from model.config import CONFIGS, ModelConfig
from model.errors import WeightsError
from model.yolact import build

# What torch.load raises on damaged files, or on ones that are not torch's at all.
_FAULTS = (RuntimeError, OSError, EOFError, ValueError, LookupError, AttributeError, TypeError, MemoryError)
_OLD_EXTRAS = re.compile(r"fpn\.downsample_layers\.([2-9]|\d\d)\.|backbone\.layer(?!s)")


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.pth` file under our key names. Raises WeightsError; executes nothing."""
    state = _load(path)
    for wrapper in ("state_dict", "model"):
        if isinstance(state, Mapping) and isinstance(state.get(wrapper), Mapping):
            state = state[wrapper]
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(
            f"{path}: expected a state dict of tensors, got {type(state).__name__} of other things"
        )
    renamed = {rename(str(key)): value for key, value in state.items()}
    tensors = {key: value for key, value in renamed.items() if not _OLD_EXTRAS.match(key)}
    if any(key.startswith(("flow_net.", "flow_net_pre_convs.", "spa.")) for key in tensors):
        raise WeightsError(
            f"{path}: expected weights for images, got YolactEdge's for video: use the image weights instead"
        )
    return tensors


def _load(path: Path) -> object:
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                    raise WeightsError(
                        f"{path}: expected a state dict, got a TorchScript program, which is not run: "
                        "save the model's state_dict() instead"
                    )
        with warnings.catch_warnings():  # of unusual pickles; what cannot be read is refused below
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"{path}: expected a weights file, found nothing there") from None
    except pickle.UnpicklingError:
        raise WeightsError(
            f"{path}: expected plain tensors, got a pickle that holds other things, which is not run: "
            "save the model's state_dict() instead"
        ) from None
    except (*_FAULTS, zipfile.BadZipFile):
        raise WeightsError(
            f"{path}: expected a PyTorch weights file, got one that is damaged, cut short or of another kind"
        ) from None


def rename(key: str) -> str:
    """YolactEdge splits the pyramid in two modules; ours is one."""
    if key.startswith("fpn_phase_1.lat_layers."):
        return key.replace("fpn_phase_1.", "fpn.", 1)
    return key.replace("fpn_phase_2.", "fpn.", 1) if key.startswith("fpn_phase_2.") else key


def choose_config(path: Path, state: Mapping[str, Tensor], wanted: ModelConfig | str | None) -> ModelConfig:
    """The configuration for these tensors, with their number of classes.

    `wanted`, else the one that the file's name begins with, else the only one that fits.
    """
    if isinstance(wanted, ModelConfig):
        return wanted
    fits = fitting(state)
    if wanted is None:
        named = [name for name in CONFIGS if re.match(re.escape(name) + r"_\d", path.name)]
        wanted = named[0] if named else (next(iter(fits)) if len(fits) == 1 else None)
        if wanted is None:
            raise WeightsError(
                f"{path}: expected weights of a known configuration, "
                + (f"these fit {_listed(fits)}: say which" if fits else "these fit none of them")
            )
    if wanted not in CONFIGS:
        raise WeightsError(f"expected a configuration out of {_listed(CONFIGS)}, got {wanted!r}")
    return fits.get(wanted, CONFIGS[wanted])


def fitting(state: Mapping[str, Tensor]) -> dict[str, ModelConfig]:
    """The known configurations with exactly these keys and shapes, whatever the number of classes."""
    found = {}
    shapes = {key: value.shape for key, value in state.items()}
    semantic = shapes.get("semantic_seg_conv.weight")
    if semantic is None:
        return {}
    known: dict[ModelConfig, bool] = {}
    for name, config in CONFIGS.items():
        config = replace(config, classes=semantic[0])
        # What only moves anchors or input does not change shapes: each network is built once.
        key = replace(config, name="", input_size=550, anchor_scales=_levels(config), anchor_ratios=(1.0,))
        if key not in known:
            with torch.device("meta"):
                built = build(config)
            known[key] = {name: value.shape for name, value in built.state_dict().items()} == shapes
        if known[key]:
            found[name] = config
    return found


def _levels(config: ModelConfig) -> tuple[tuple[float, ...], ...]:
    return ((float(config.anchors_per_cell),),) * len(config.anchor_scales)


def _listed(names: Mapping[str, ModelConfig]) -> str:
    return ", ".join(names)

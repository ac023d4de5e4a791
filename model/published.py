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

from model import config_line
from model.config import CONFIGS, ModelConfig
from model.errors import WeightsError
from model.key_report import closest, count_classes, fitting

# What torch.load raises on damaged files, or on ones that are not torch's at all.
_FAULTS = (RuntimeError, OSError, EOFError, ValueError, LookupError, AttributeError, TypeError, MemoryError)
_CALLED = re.compile(r"GLOBAL (\S+)")
WRAPPERS = ("state_dict", "model", "model_state_dict", "net")  # of several, the first
PREFIXES = ("module.", "_orig_mod.", "model.", "net.")  # of parallel, compiled and training wrappers
_OLD_EXTRAS = re.compile(r"fpn\.downsample_layers\.([2-9]|\d\d)\.|backbone\.layer(?!s)")


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of a `.pth` file under our key names. Raises WeightsError; executes nothing.

    What a newer PyTorch adds by itself (the batch counters of batch norms) is added where it is not there.
    """
    state = read_tensors(path)
    while prefix := _wrapping(state):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    renamed = {rename(key): value for key, value in state.items()}
    tensors = {key: value for key, value in renamed.items() if not _OLD_EXTRAS.match(key)}
    if any(key.startswith(("flow_net.", "flow_net_pre_convs.", "spa.")) for key in tensors):
        raise WeightsError(
            f"{path}: expected weights for images, got YolactEdge's for video: use the image weights instead"
        )
    for key in [key for key in tensors if key.endswith(".running_var")]:
        tensors.setdefault(key.replace("running_var", "num_batches_tracked"), torch.tensor(0))
    return tensors


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict of a file of torch's, as it stands there. Raises WeightsError; executes nothing."""
    state = _unwrapped(_load(path))
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path}: expected a state dict of tensors, got {_what(state)}")
    if not state:
        raise WeightsError(f"{path}: expected a state dict of tensors, got an empty one")
    for key, value in state.items():
        if kind := _unusual(value):
            raise WeightsError(
                f"{path}: expected tensors of plain numbers, got a {kind} one in {key}: "
                "save the network's own state_dict()"
            )
    return {str(key): value for key, value in state.items()}


def _wrapping(state: Mapping[str, Tensor]) -> str:
    """What all keys begin with when the network was saved from within another module; '' for nothing."""
    return next((each for each in PREFIXES if state and all(key.startswith(each) for key in state)), "")


def _unwrapped(content: object) -> object:
    """The state dict of a training script's checkpoint, which also holds its step, optimiser and so on."""
    if not isinstance(content, Mapping) or all(isinstance(value, Tensor) for value in content.values()):
        return content
    dicts = {
        key: value
        for key, value in content.items()
        if isinstance(value, Mapping) and value and all(isinstance(each, Tensor) for each in value.values())
    }
    for name in WRAPPERS:
        if name in dicts:
            return dicts[name]
    return next(iter(dicts.values())) if len(dicts) == 1 else content


def _what(content: object) -> str:
    """Something else than a state dict, in a few words."""
    if isinstance(content, Mapping):
        return f"a dictionary of {', '.join(str(key)[:40] for key in list(content)[:6])}"
    return f"a {type(content).__name__}"


def _unusual(value: Tensor) -> str:
    """What keeps a tensor from being numbers in memory, one after another; '' for nothing."""
    if value.is_meta:
        return "meta (without content)"
    if value.is_nested:
        return "nested"
    if value.layout != torch.strided:
        return "sparse"
    if value.is_quantized:
        return "quantized"
    return "complex" if value.is_complex() else ""


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
    except (PermissionError, IsADirectoryError) as error:
        raise WeightsError(
            f"{path}: expected a weights file that can be read, got: {error.strerror}"
        ) from None
    except pickle.UnpicklingError as error:
        called = _CALLED.search(str(error))
        what = (
            f"that holds other things ({called[1]})" if called else "that is cut short or holds other things"
        )
        raise WeightsError(
            f"{path}: expected plain tensors, got a pickle {what}, which is not run: "
            "save the model's state_dict() instead"
        ) from None
    except (*_FAULTS, zipfile.BadZipFile):
        raise _damaged(path) from None


def _damaged(path: Path) -> WeightsError:
    return WeightsError(
        f"{path}: expected a PyTorch weights file, got one that is damaged, cut short or of another kind: "
        "get it again"
    )


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
    if wanted is None:
        wanted = named(path.name) or _only_one(path, state)
    line = config_line.parse(wanted)
    if line is None:
        raise WeightsError(f"expected a configuration out of {', '.join(CONFIGS)}, got {wanted!r}")
    return replace(line.config, classes=count_classes(state, line.config) or line.config.classes)


def named(file: str) -> str | None:
    """The configuration that a published file's name begins with: yolact_base_54_800000.pth."""
    found = [name for name in CONFIGS if re.match(re.escape(name) + r"_\d", file)]
    return max(found, key=len, default=None)


def _only_one(path: Path, state: Mapping[str, Tensor]) -> str:
    fits = fitting(state)
    if len(fits) == 1:
        return next(iter(fits))
    words = "these fit none of them"
    if fits:
        words = f"these fit {', '.join(fits)}: say which (--config, or 'Get published weights')"
    if not fits and (near := closest(state)) is not None:
        words += f"; closest is {near[0].name}, with {near[1]} differing keys"
    raise WeightsError(f"{path}: expected weights of a known configuration, {words}")

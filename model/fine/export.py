"""A trained network of fine prototypes as files for ONNX Runtime, with their card. Needs the package onnx."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.atomic import replacing
from model.fine.hint_network import MAPS, STILL, HintNetwork
from model.fine.network import FineNetwork
from model.fine.sight import AGAIN, CARD, CELLS, LEVELS, NETWORK, PREPARE, SIDE


class _Prepare(nn.Module):
    """`HintNetwork.prepare` with one argument and one result for each map, as the file has it."""

    def __init__(self, network: HintNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, still: Tensor, *features: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network.prepare(still, features))


class _Again(nn.Module):
    """`HintNetwork.change_of`, likewise.

    What was prepared goes through a convolution that changes nothing: ONNX Runtime then adds it in the layout
    of the other convolutions, and not by way of its usual one (a tenth of the time).
    """

    def __init__(self, network: HintNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, moving: Tensor, *ready: Tensor) -> Tensor:
        same = [F.conv2d(each, torch.ones(each.shape[1], 1, 1, 1), groups=each.shape[1]) for each in ready]
        return self.network.change_of(moving, same)


class _First(nn.Module):
    """`FineNetwork` with one result for each output."""

    def __init__(self, network: FineNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor, masks: Tensor) -> tuple[Tensor, ...]:
        pictures, first, features = self.network(crops, masks)
        return pictures, first, *features


def export(checkpoint: Path, folder: Path, card: dict[str, Any]) -> None:
    """The averaged weights of a training's checkpoint become `folder`/*.onnx and card.json."""
    state = torch.load(checkpoint, weights_only=True)
    network = FineNetwork()
    averaged = {
        name.removeprefix("module."): value
        for name, value in state["average"].items()
        if name.startswith("module.")
    }
    network.load_state_dict(averaged)
    network.eval()
    folder.mkdir(parents=True, exist_ok=True)
    crop, mask = torch.zeros(1, 3, SIDE, SIDE), torch.ones(1, 1, SIDE, SIDE)
    features = tuple(torch.zeros_like(each) for each in network(crop, mask)[2])
    still = torch.zeros(1, STILL, CELLS, CELLS)
    moving = torch.zeros(1, MAPS - STILL, CELLS, CELLS)
    ready = tuple(torch.zeros_like(each) for each in network.again.prepare(still, features))
    _write(folder / NETWORK, _First(network), (crop, mask), ["crop", "mask"], ["pictures", "first", *LEVELS])
    made = [f"ready_{level}" for level in LEVELS]
    _write(folder / PREPARE, _Prepare(network.again), (still, *features), ["still", *LEVELS], made)
    _write(folder / AGAIN, _Again(network.again), (moving, *ready), ["moving", *LEVELS], ["change"])
    card = {**card, "iterations": int(state["iteration"]), "steepness": network.steepness.item()}
    with replacing(folder / CARD) as file:
        file.write((json.dumps(card, indent=2) + "\n").encode())


def _write(
    path: Path, module: nn.Module, inputs: tuple[Tensor, ...], given: Sequence[str], made: Sequence[str]
) -> None:
    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / path.name
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                module.eval(),
                inputs,
                str(file),
                input_names=given,
                output_names=made,
                opset_version=18,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        content = file.read_bytes()
    with replacing(path) as target:
        target.write(content)

"""A trained network of fine prototypes as a file that OpenCV reads, with its card. Needs the package onnx."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch

from model.atomic import replacing
from model.fine.network import FineNetwork
from model.fine.sight import CARD, NETWORK, SIDE


def export(checkpoint: Path, folder: Path, card: dict[str, Any]) -> None:
    """The averaged weights of a training's checkpoint become `folder`/fine.onnx and card.json."""
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
    inputs = torch.zeros(1, 3, SIDE, SIDE), torch.ones(1, 1, SIDE, SIDE)
    with tempfile.TemporaryDirectory() as work:
        made = Path(work) / NETWORK
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                inputs,
                str(made),
                input_names=["crop", "mask"],
                output_names=["pictures", "first"],
                opset_version=18,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        content = made.read_bytes()
    with replacing(folder / NETWORK) as file:
        file.write(content)
    card = {**card, "iterations": int(state["iteration"]), "steepness": network.steepness.item()}
    with replacing(folder / CARD) as file:
        file.write((json.dumps(card, indent=2) + "\n").encode())

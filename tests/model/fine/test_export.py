"""What is written for ONNX Runtime answers as the network does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.fine.hint_maps import still_of
from model.fine.hint_network import MAPS, STILL
from model.fine.network import FineNetwork
from model.fine.sight import CELLS, SIDE, FineSight


@pytest.mark.filterwarnings("ignore")
def test_the_file_answers_as_the_network(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript", reason="needs the extra `fine`")
    from model.fine.export import export

    torch.manual_seed(0)
    network = FineNetwork().eval()
    torch.nn.init.normal_(network.again.change.weight)
    average = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({"average": average, "iteration": 3}, tmp_path / "checkpoint.pt")
    export(tmp_path / "checkpoint.pt", tmp_path / "fine", {"name": "fine"})
    pixels = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    bits = np.zeros((SIDE, SIDE), np.bool_)
    bits[40:150, 60:120] = True
    made = FineSight(tmp_path / "fine")
    seen = made.look(pixels, (0, 0, SIDE, SIDE), bits)
    crop = torch.from_numpy(pixels).permute(2, 0, 1)[None].float().sub(127).div(128)
    start = torch.from_numpy(np.where(bits, 1.0, -1.0).astype(np.float32))[None, None]
    assert seen.start is not None
    maps = torch.rand(1, MAPS, CELLS, CELLS) * 2 - 1
    maps[0, :STILL] = torch.from_numpy(still_of(seen.start, seen.first))
    with torch.inference_mode():
        pictures, first, features = network(crop, start)
        _, mirrored, others = network(crop.flip(3), start.flip(3))
        change = network.again(maps, features) + network.again(maps.flip(3), others).flip(2)
    change = change[0].numpy() / 2
    assert made.card["iterations"] == 3
    np.testing.assert_allclose(seen.first, (first + mirrored.flip(2))[0].numpy() / 2, atol=1e-3)
    np.testing.assert_allclose(seen.pictures, pictures[0].permute(1, 2, 0).numpy(), atol=1e-3)
    assert seen.understand is not None
    assert np.abs(change).max() > 0.1
    np.testing.assert_allclose(seen.understand(maps[0, STILL:].numpy()), change, atol=1e-3)

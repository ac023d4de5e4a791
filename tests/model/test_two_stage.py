"""Mask R-CNN answers like our own networks and can be evaluated; its weights come from a file."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import detection

from app.cli import main
from model.errors import WeightsError
from model.masks import assemble_all
from model.two_stage import MaskRcnn, is_two_stage


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of two classes that find something everywhere."""
    torch.manual_seed(0)
    model = detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=3)
    state = model.state_dict()
    state["roi_heads.box_predictor.cls_score.bias"] = torch.tensor([0.0, 3.0, 0.0])
    path = tmp_path_factory.mktemp("two") / "m.pth"
    torch.save(state, path)
    return path


@pytest.fixture(autouse=True)
def small_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network enlarges images to 800 pixels; here to 64, which takes a hundredth of the time."""
    usual = detection.maskrcnn_resnet50_fpn
    monkeypatch.setattr(detection, "maskrcnn_resnet50_fpn", partial(usual, min_size=64, max_size=96))


def test_masks_lie_in_their_boxes(weights: Path) -> None:
    model = MaskRcnn(f"maskrcnn_resnet50_fpn:{weights}", "cpu")
    image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    found = model.predict(image, 0.05, 5)
    assert model.categories == ("category 1", "category 2")
    assert 0 < len(found) <= 5
    assert found.prototypes.shape == (60, 90, len(found))
    for box, mask in zip(found.boxes, assemble_all(found), strict=True):
        x1, y1, x2, y2 = box * (90, 60, 90, 60)
        if mask.bits.size:
            assert mask.left >= x1 - 2
            assert mask.right <= x2 + 2
            assert mask.top >= y1 - 2
            assert mask.bottom <= y2 + 2
    assert len(model.predict(image, 1.0)) == 0


def test_it_is_evaluated_from_the_command_line(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("RGB", (90, 60)).save(tmp_path / "a.png")
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": 90, "height": 60}],
        "annotations": [
            {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[5, 5, 30, 5, 30, 30, 5, 30]]}
        ],
        "categories": [{"id": 1, "name": "category 1"}],
    }
    (tmp_path / "data.json").write_text(json.dumps(content))
    words = ["evaluate", "--model", f"maskrcnn_resnet50_fpn:{weights}", "--data", str(tmp_path / "data.json")]
    assert main([*words, "--images", str(tmp_path), "--device", "cpu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 1


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(1)}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match="class outputs"):
        MaskRcnn(f"maskrcnn_resnet50_fpn:{tmp_path / 'a.pth'}", "cpu")


def test_it_is_known_by_its_name() -> None:
    assert is_two_stage("maskrcnn_resnet50_fpn:a.pth")
    assert not is_two_stage("weights/maskrcnn.safetensors")

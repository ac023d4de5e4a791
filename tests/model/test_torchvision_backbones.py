"""Any torchvision backbone by one line: shapes, weights from a file, and a card that brings it back."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torchvision import models

from model import config_line
from model.backbones import build_backbone, imagenet
from model.card import ModelCard
from model.checkpoint import load, save
from model.config import CONFIGS
from model.errors import InputError, WeightsError
from model.transfer import start
from model.yolact import build

WIDTHS = {
    "resnet18": (128, 256, 512),
    "resnext50_32x4d": (512, 1024, 2048),
    "wide_resnet50_2": (512, 1024, 2048),
    "mobilenet_v2": (32, 96, 320),
    "mobilenet_v3_small": (24, 48, 96),
    "mobilenet_v3_large": (40, 112, 160),
    "efficientnet_b0": (40, 112, 320),
    "efficientnet_v2_s": (64, 160, 256),
}


@pytest.mark.parametrize(("name", "widths"), WIDTHS.items())
def test_stages_of_stride_8_16_and_32_are_found(name: str, widths: tuple[int, ...]) -> None:
    with torch.device("meta"):
        backbone = build_backbone(name).eval()
        maps = backbone(torch.zeros(1, 3, 550, 550))
    assert backbone.channels == widths
    assert [tuple(each.shape[1:]) for each in maps] == [
        (width, side, side) for width, side in zip(widths, (69, 35, 18), strict=True)
    ]


def test_an_unknown_backbone_is_refused_with_the_known_ones() -> None:
    with pytest.raises(WeightsError, match=r"resnet18, .*got 'resnet19'"):
        build(replace(CONFIGS["lite"], backbone="resnet19"))


def test_a_line_changes_what_it_names() -> None:
    line = config_line.parse("lite backbone=resnet18 input_size=320 anchor_ratios=(1,2)")
    assert line is not None
    config = line.config
    assert (config.backbone, config.input_size, config.anchor_ratios) == ("resnet18", 320, (1, 2))
    assert config.mean == config_line.TORCHVISION_MEAN
    assert config.name == "lite-resnet18-320-1-2"
    assert config.pyramid_channels == CONFIGS["lite"].pyramid_channels
    assert config_line.parse("lite") == config_line.ConfigLine(CONFIGS["lite"])
    assert config_line.parse("photos/weights.safetensors") is None


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("lite resnet18", "field=value"),
        ("lite size=3", "got size"),
        ("lite input_size=big", "'lite input_size=big' cannot be used: expected a whole number"),
        ("yolact_plus_base input_size=224", "input_size >= 249 for a network that re-scores masks, got 224"),
        ("lite input_size=3", "input_size >= 64"),
    ],
)
def test_a_bad_line_is_refused(line: str, words: str) -> None:
    with pytest.raises(WeightsError, match=words):
        config_line.parse(line)


def test_a_run_starts_from_a_classifiers_file_and_its_card_brings_the_network_back(tmp_path: Path) -> None:
    classifier = models.resnet18(weights=None)
    torch.save(classifier.state_dict(), tmp_path / "resnet18.pth")
    line = f"lite backbone=resnet18 input_size=96 backbone_weights={tmp_path / 'resnet18.pth'}"
    model = start(line, ("a", "b")).model.eval()
    torch.testing.assert_close(model.backbone.body.conv1.weight, classifier.conv1.weight)
    save(model, ModelCard("mine", model.config, ("a", "b")), tmp_path / "w.safetensors")
    again, card = load(tmp_path / "w.safetensors")
    assert card.config.backbone == "resnet18"
    image = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        torch.testing.assert_close(again(image).class_logits, model(image).class_logits)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_b0"])
def test_the_trunk_computes_what_the_classifier_does(name: str) -> None:
    classifier = models.get_model(name, weights=None).eval()
    backbone = build_backbone(name).eval()
    backbone.load_classifier(classifier.state_dict())
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(backbone(image)[2], classifier.features[:-1](image))


@pytest.mark.parametrize("name", ["resnet50_dcn", "mobilenetv2"])
def test_published_backbones_take_torchvisions_classifiers(name: str, tmp_path: Path) -> None:
    classifier = models.resnet50() if name == "resnet50_dcn" else models.mobilenet_v2()
    torch.save(classifier.state_dict(), tmp_path / "c.pth")
    backbone = build_backbone(name)
    imagenet.take_file(backbone, tmp_path / "c.pth")
    own = list(backbone.state_dict().values())
    first = next(iter(classifier.state_dict().values()))
    assert any(value.shape == first.shape and bool((value == first).all()) for value in own)


def test_weights_of_another_classifier_are_refused(tmp_path: Path) -> None:
    torch.save(models.resnet34().state_dict(), tmp_path / "c.pth")
    with pytest.raises(WeightsError, match="classifier's weights"):
        imagenet.take_file(build_backbone("mobilenet_v3_small"), tmp_path / "c.pth")
    with pytest.raises(WeightsError, match="takes no classifier"):
        imagenet.take_file(build_backbone("efficientnet_lite0"), tmp_path / "c.pth")


def test_without_a_network_the_manual_way_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    with pytest.raises(InputError, match=r"backbone_weights=FILE\.pth"):
        start("lite backbone=mobilenet_v3_small backbone_weights=imagenet", ("a",))

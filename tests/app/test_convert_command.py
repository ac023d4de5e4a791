"""`convert` as it is typed: what is told of classes, and what is refused in one line with status 2."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app import cli
from model.config import CONFIGS
from model.yolact import build

NAME = "yolact_edge_mobilenetv2"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return build(replace(CONFIGS[NAME], classes=3)).state_dict()


def convert(path: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    """The exit status and what stands on standard error."""
    line = ["convert", str(path), "--config", NAME, "--out", str(path.with_name("w.safetensors")), *more]
    status = cli.main(line)
    assert path.with_name("w.safetensors").exists() == (status == 0)
    return status, capsys.readouterr().err


def test_another_number_of_classes_is_told_unless_they_are_named(
    state: dict[str, torch.Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({f"module.{key}": value for key, value in state.items()}, tmp_path / "a.pth")
    status, told = convert(tmp_path / "a.pth", capsys)
    assert status == 0
    assert "3 classes where yolact_edge_mobilenetv2 was published with 80" in told
    (tmp_path / "w.safetensors").unlink()
    status, told = convert(tmp_path / "a.pth", capsys, "--categories", "a,b,c")
    assert (status, told) == (0, "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"extra": torch.zeros(1)}, "unknown: extra"),
        ({"semantic_seg_conv.bias": torch.zeros(2)}, "semantic_seg_conv.bias (2,) instead of (3,)"),
        ({"fpn.lat_layers.0.bias": torch.full((256,), torch.nan)}, "no numbers in fpn.lat_layers.0.bias"),
        ({"fpn.lat_layers.0.bias": torch.zeros(256).to_sparse()}, "sparse"),
        ({"flow_net.x": torch.zeros(1)}, "video"),
    ],
)
def test_what_does_not_fit_is_one_line_and_writes_nothing(
    state: dict[str, torch.Tensor],
    change: dict[str, torch.Tensor],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    torch.save(state | change, tmp_path / "a.pth")
    status, told = convert(tmp_path / "a.pth", capsys)
    assert status == 2
    assert words in told
    assert told.count("\n") == 1


def test_a_name_that_says_another_configuration_is_told(
    state: dict[str, torch.Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(state, tmp_path / "yolact_im700_54_800000.pth")
    status, told = convert(tmp_path / "yolact_im700_54_800000.pth", capsys, "--categories", "a,b,c")
    assert status == 0
    assert "called like yolact_im700's; it was read as yolact_edge_mobilenetv2" in told


def test_the_configuration_is_found_from_the_file(
    state: dict[str, torch.Tensor], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(state, tmp_path / "mine.pth")
    assert cli.main(["convert", str(tmp_path / "mine.pth"), "--out", str(tmp_path / "w.safetensors")]) == 0
    assert NAME in capsys.readouterr().out


@pytest.mark.parametrize(("name", "words"), [("gone.pth", "nothing there"), ("", "a folder")])
def test_what_is_no_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    assert cli.main(["convert", str(tmp_path / name), "--out", str(tmp_path / "w.safetensors")]) == 2
    assert f"expected a published checkpoint (.pth), got {words}" in capsys.readouterr().err

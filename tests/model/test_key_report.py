"""What does not fit is told: which keys, how many classes, which configuration would do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.cli import main
from model import checkpoint
from model.checkpoint import build, convert_published, load
from model.config import CONFIGS
from model.errors import WeightsError
from model.key_report import closest, compare, count_classes, fitting

EDGE = replace(CONFIGS["yolact_edge_mobilenetv2"], classes=3)


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """The smallest published network, of three classes."""
    torch.manual_seed(0)
    return build(EDGE).state_dict()


@pytest.fixture
def file(state: dict[str, Tensor], tmp_path: Path) -> Path:
    torch.save(dict(state), tmp_path / "mine.pth")
    return tmp_path / "mine.pth"


def refusal(path: Path, config: object = None) -> str:
    with pytest.raises(WeightsError) as caught:
        load(path, config)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_that_fits_has_an_empty_report(state: dict[str, Tensor]) -> None:
    report = compare(state, EDGE)
    assert not report
    assert (report.classes, report.fits) == (3, ("yolact_edge_mobilenetv2",))
    assert list(report.lines()) == ["the file fits yolact_edge_mobilenetv2"]


def test_every_key_that_does_not_fit_is_listed(state: dict[str, Tensor]) -> None:
    changed = {key: value for key, value in state.items() if not key.startswith("fpn.lat")}
    changed["extra"] = torch.zeros(1)
    changed["proto_net.0.bias"] = torch.zeros(2)
    report = compare(changed, EDGE)
    assert len(report) == 8
    assert sum(line.startswith("missing: fpn.lat") for line in report.lines()) == 6
    assert "of another shape: proto_net.0.bias (2,) instead of (256,)" in report.lines()
    assert "and 4 more" in report.line()


def test_another_number_of_classes_is_told(file: Path) -> None:
    assert "of 5 categories, got others, of 3 categories" in refusal(file, replace(EDGE, classes=5))


def test_the_closest_configuration_is_named(state: dict[str, Tensor], tmp_path: Path) -> None:
    changed = {key: value for key, value in state.items() if key != "fpn.lat_layers.0.bias"}
    near = closest(changed)
    assert near is not None
    assert (near[0].name, near[1]) == ("yolact_edge_mobilenetv2", 1)
    torch.save(changed, tmp_path / "a.pth")
    assert "closest is yolact_edge_mobilenetv2, with 1 differing keys" in refusal(tmp_path / "a.pth")
    assert closest({"a": torch.zeros(1)}) is None
    assert fitting({}) == {}


@pytest.mark.parametrize("name", ["yolact_plus_base", "yolact_im700", "yolact_resnet50_pascal"])
def test_classes_are_counted_by_the_anchors(name: str) -> None:
    config = replace(CONFIGS[name], classes=7)
    with torch.device("meta"):
        state = build(config).state_dict()
    assert count_classes(state, CONFIGS[name]) == 7
    assert name in fitting(state)


def test_files_of_parallel_training_and_of_old_pytorch_load(state: dict[str, Tensor], tmp_path: Path) -> None:
    kept = {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}
    torch.save({f"module.{key}": value for key, value in kept.items()}, tmp_path / "mine.pth")
    assert load(tmp_path / "mine.pth", "yolact_edge_mobilenetv2")[1].config.classes == 3


@pytest.mark.parametrize("keep", [0, 100, 1000, 20_000, -10])
@pytest.mark.parametrize("new", [True, False], ids=["zip", "old"])
def test_a_cut_short_checkpoint_is_refused(
    state: dict[str, Tensor], tmp_path: Path, keep: int, new: bool
) -> None:
    path = tmp_path / "a.pth"
    few = dict(list(state.items())[:40])
    torch.save(few, path, _use_new_zipfile_serialization=new)
    path.write_bytes(path.read_bytes()[:keep])
    assert "cut short" in refusal(path)


def test_nan_in_a_checkpoint_is_told_with_its_key(state: dict[str, Tensor], tmp_path: Path) -> None:
    broken = dict(state) | {"proto_net.0.bias": torch.full((256,), float("nan"))}
    torch.save(broken, tmp_path / "a.pth")
    assert "no numbers in proto_net.0.bias" in refusal(tmp_path / "a.pth")


def test_own_classes_get_their_names(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    card = convert_published(file, "yolact_edge_mobilenetv2", out, names=("a", "b", "c"))
    assert load(out)[1].categories == card.categories == ("a", "b", "c")
    with pytest.raises(WeightsError, match="expected 3 category names"):
        convert_published(file, "yolact_edge_mobilenetv2", out, names=("a",))


def test_the_command_line_names_classes_and_reports_keys(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["convert", str(file), "--config", "yolact_edge_mobilenetv2"]
    assert main([*words, "--report"]) == 0
    assert "tensors fit yolact_edge_mobilenetv2" in capsys.readouterr().out
    assert main([*words, "--out", str(tmp_path / "w.safetensors"), "--categories", "a,b,c"]) == 0
    assert main([*words[:2], "--config", "yolact_resnet50", "--report"]) == 2
    told = capsys.readouterr()
    assert "missing: backbone.conv1.weight" in told.out
    assert "the file fits yolact_edge_mobilenetv2" in told.out
    assert len(told.err.strip().splitlines()) == 1
    assert main(words) == 2
    assert "--out" in capsys.readouterr().err


def test_an_unknown_configuration_is_refused(file: Path) -> None:
    assert "out of lite" in refusal(file, "nonsense")
    assert checkpoint.load(file)[1].config.name == "yolact_edge_mobilenetv2"

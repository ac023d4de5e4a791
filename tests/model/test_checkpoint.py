"""Weights on disk: there and back, strict, and refused in one line when they are anything else."""

import errno
import json
import os
import pickle
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import safetensors.torch
import torch

from model import checkpoint
from model import published as published_files
from model.card import ModelCard
from model.checkpoint import convert_published, load, resolve, save
from model.config import CONFIGS
from model.errors import WeightsError
from tests.model.published_files import write_published
from tests.model.tiny import NAMES, TINY, tiny_model, tiny_weights


def refusal(path: Path | str, config: str | None = None) -> str:
    with pytest.raises(WeightsError) as caught:
        load(path, config)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_saved_weights_come_back_with_their_card(tmp_path: Path) -> None:
    card = ModelCard("v1", TINY, NAMES, parent="v0", licence="MIT", scores={"mask AP": 0.3}, command="train")
    save(tiny_model(), card, tmp_path / "weights.safetensors")
    model, found = load(tmp_path)
    assert found == card
    assert not model.training
    for key, value in tiny_model().state_dict().items():
        torch.testing.assert_close(model.state_dict()[key], value, rtol=0, atol=0)


def test_half_precision_halves_the_file_and_comes_back_as_floats(tmp_path: Path) -> None:
    card = ModelCard("v1", TINY, NAMES)
    save(tiny_model(), card, tmp_path / "a.safetensors")
    save(tiny_model(), card, tmp_path / "b.safetensors", half=True)
    sizes = [(tmp_path / name).stat().st_size for name in ("a.safetensors", "b.safetensors")]
    assert sizes[1] < 0.6 * sizes[0]
    model, _ = load(tmp_path / "b.safetensors")
    assert {each.dtype for each in model.parameters()} == {torch.float32}


def test_a_lone_file_still_knows_what_it_is(tmp_path: Path) -> None:
    path = tiny_weights(tmp_path)
    (tmp_path / "card.json").unlink()
    assert load(path)[1].categories == NAMES


def test_fields_of_others_in_the_card_are_kept(tmp_path: Path) -> None:
    path = tiny_weights(tmp_path)
    values = json.loads((tmp_path / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(values | {"name": "v7", "comparison": {"won": True}}))
    card = load(path)[1]
    assert (card.name, card.more) == ("v7", {"comparison": {"won": True}})
    assert card.to_dict()["comparison"] == {"won": True}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "JSON"),
        ("[]", "model card"),
        ('{"format": 99}', "update the program"),
        ('{"categories": ["a"]}', "configuration"),
        (json.dumps({"config": TINY.to_dict(), "categories": ["a"]}), "3 category names, got 1"),
        (json.dumps({"config": TINY.to_dict(), "categories": "abc"}), "list of category names"),
    ],
)
def test_a_damaged_card_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tiny_weights(tmp_path)
    (tmp_path / "card.json").write_text(text)
    assert words in refusal(path)


def test_a_folder_and_a_built_in_name_mean_their_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tiny_weights(tmp_path / "small")
    monkeypatch.setattr(checkpoint, "BUILT_IN", tmp_path)
    assert resolve(tmp_path / "small") == resolve("small") == path
    assert "small" in refusal("smal")


def test_what_is_missing_extra_and_of_another_shape_is_told(tmp_path: Path) -> None:
    path = tiny_weights(tmp_path)
    state = safetensors.torch.load_file(path)
    del state["fpn.lat_layers.0.bias"]
    state["extra"] = torch.zeros(1)
    state["proto_net.0.1.weight"] = torch.zeros(1, 2)
    safetensors.torch.save_file(state, path)
    message = refusal(path)
    assert "missing: fpn.lat_layers.0.bias" in message
    assert "unknown: extra" in message
    assert "proto_net.0.1.weight (1, 2) instead of (8, 8, 1, 1)" in message


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_neither_loaded_nor_saved(tmp_path: Path, value: float) -> None:
    path = tiny_weights(tmp_path)
    state = safetensors.torch.load_file(path)
    state["fpn.lat_layers.0.bias"][0] = value
    safetensors.torch.save_file(state, path)
    assert "no numbers in fpn.lat_layers.0.bias" in refusal(path)
    model = tiny_model()
    model.fpn.lat_layers[0].bias.data[0] = value
    with pytest.raises(WeightsError, match="no numbers"):
        save(model, ModelCard("v", TINY, NAMES), tmp_path / "new.safetensors")
    assert not (tmp_path / "new.safetensors").exists()


@pytest.mark.parametrize("keep", [0, 4, 100, 5000])
def test_a_cut_short_file_is_refused(tmp_path: Path, keep: int) -> None:
    path = tiny_weights(tmp_path)
    path.write_bytes(path.read_bytes()[:keep])
    assert "damaged or cut-short" in refusal(path)


class Trap:
    """Unpickling this would make a folder."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("trapped",)


@pytest.mark.parametrize("how", ["torch", "pickle", "inside"])
def test_code_in_a_pickle_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "yolact_base_1_2.pth"
    if how == "pickle":
        path.write_bytes(pickle.dumps(Trap()))
    else:
        torch.save(Trap() if how == "torch" else {"a": torch.zeros(1), "b": Trap()}, path)
    assert "plain tensors" in refusal(path)
    assert not (tmp_path / "trapped").exists()


def test_a_torchscript_program_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "model.pth"
    with warnings.catch_warnings():  # it is deprecated, and files of it are about
        warnings.simplefilter("ignore")
        torch.jit.trace(torch.nn.Linear(1, 1), torch.zeros(1)).save(str(path))
    assert "TorchScript" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not a zip", b"hello", bytes(1000)])
def test_other_files_named_pth_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.pth"
    path.write_bytes(content)
    assert str(path) in refusal(path)


@pytest.mark.parametrize("name", ["locked.pth", "locked.safetensors"])
def test_a_file_that_may_not_be_read_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_bytes(b"secret")

    def deny(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", name)

    monkeypatch.setattr("model.checkpoint.Path.open", deny)
    monkeypatch.setattr("torch.load", deny)
    assert "can be read" in refusal(tmp_path / name)


def test_other_values_than_tensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save({"epoch": 3}, path)
    assert "state dict of tensors" in refusal(path)


@pytest.mark.parametrize("kind", ["meta", "sparse", "nested", "quantized", "complex"])
def test_tensors_that_are_no_plain_numbers_are_refused(tmp_path: Path, kind: str) -> None:
    ones = torch.ones(3)
    with warnings.catch_warnings():  # quantized tensors are deprecated, nested ones a prototype
        warnings.simplefilter("ignore")
        value = {
            "meta": lambda: ones.to("meta"),
            "sparse": ones.to_sparse,
            "nested": lambda: torch.nested.nested_tensor([ones, ones[:1]]),
            "quantized": lambda: torch.quantize_per_tensor(ones, 0.1, 0, torch.qint8),
            "complex": lambda: ones.to(torch.complex64),
        }[kind]()
        torch.save({"backbone.conv1.weight": value}, tmp_path / "a.pth")
    message = refusal(tmp_path / "a.pth", "yolact_base")
    assert kind in message
    assert "backbone.conv1.weight" in message


def test_doubles_too_large_for_floats_are_refused_by_the_files_name(tmp_path: Path) -> None:
    path = tiny_weights(tmp_path)
    state = safetensors.torch.load_file(path)
    state["fpn.lat_layers.0.bias"] = state["fpn.lat_layers.0.bias"].double() + 1e60
    safetensors.torch.save_file(state, path)
    assert str(path) in refusal(path)
    assert "no numbers in fpn.lat_layers.0.bias" in refusal(path)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A .pth as YolactEdge publishes them, of three classes and with random weights."""
    torch.manual_seed(0)
    config = replace(CONFIGS["yolact_edge_mobilenetv2"], classes=3)
    state = {}
    for key, value in checkpoint.build(config).state_dict().items():
        phase = "fpn_phase_1." if "lat_layers" in key else "fpn_phase_2."
        state[key.replace("fpn.", phase)] = value
    path = tmp_path_factory.mktemp("published") / "yolact_edge_mobilenetv2_54_800000.pth"
    torch.save(state, path)
    return path


def test_a_published_file_names_its_configuration(published: Path) -> None:
    model, card = load(published)
    assert card.config.name == "yolact_edge_mobilenetv2"
    assert card.categories == ("category 1", "category 2", "category 3")
    state = torch.load(published, weights_only=True)
    torch.testing.assert_close(model.fpn.lat_layers[0].weight.data, state["fpn_phase_1.lat_layers.0.weight"])


def test_the_wrong_configuration_is_refused_and_the_right_one_named(published: Path) -> None:
    message = refusal(published, "yolact_resnet50")
    assert "they fit yolact_edge_mobilenetv2" in message
    assert "configuration out of" in refusal(published, "yolact_nonsense")


def test_a_file_without_a_telling_name_is_recognised_by_its_shapes(published: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.pth"
    path.write_bytes(published.read_bytes())
    assert load(path)[1].config.name == "yolact_edge_mobilenetv2"


def test_old_and_wrapped_files_load(published: Path, tmp_path: Path) -> None:
    state = torch.load(published, weights_only=True)
    state["fpn_phase_2.downsample_layers.2.weight"] = torch.zeros(1)
    state["backbone.layer1.weight"] = torch.zeros(1)
    path = tmp_path / "yolact_edge_mobilenetv2_1_2.pth"
    torch.save({"state_dict": state}, path, _use_new_zipfile_serialization=False)
    assert load(path)[1].config.name == "yolact_edge_mobilenetv2"


@pytest.mark.parametrize("wrapper", ["", "state_dict", "model", "model_state_dict", "weights"])
@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module.net."])
def test_checkpoints_of_training_scripts_load(tmp_path: Path, wrapper: str, prefix: str) -> None:
    state = {f"{prefix}{key}": value for key, value in tiny_model().state_dict().items()}
    content = {"epoch": 3, "optimizer": {"state": {}}, wrapper: state} if wrapper else state
    torch.save(content, tmp_path / "a.pth")
    assert published_files.read(tmp_path / "a.pth").keys() == tiny_model().state_dict().keys()


def test_what_is_no_state_dict_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    for content, words in (
        ({"epoch": 3, "lr": 0.1}, "a dictionary of epoch, lr"),
        ([], "a list"),
        ({}, "an empty"),
    ):
        torch.save(content, path)
        assert f"expected a state dict of tensors, got {words}" in refusal(path)


def test_video_weights_are_told_apart(published: Path, tmp_path: Path) -> None:
    state = torch.load(published, weights_only=True)
    torch.save(state | {"flow_net.pred1.weight": torch.zeros(1)}, tmp_path / "v.pth")
    assert "video" in refusal(tmp_path / "v.pth")


def test_converting_gives_the_same_network(published: Path, tmp_path: Path) -> None:
    out = tmp_path / "edge.safetensors"
    convert_published(published, "yolact_edge_mobilenetv2", out)
    (before, _), (after, card) = load(published), load(out)
    assert card.parent == published.name
    image = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(after(image).class_logits, before(image).class_logits, rtol=0, atol=0)
    with pytest.raises(WeightsError, match="safetensors"):
        convert_published(published, None, tmp_path / "edge.pth")


def test_a_conversion_that_cannot_be_written_says_where_and_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = write_published(tmp_path, "yolact_edge_mobilenetv2")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(checkpoint, "save", full)
    with pytest.raises(WeightsError, match=r"out\.safetensors: expected to write .* No space left") as caught:
        convert_published(path, None, tmp_path / "out.safetensors")
    assert "\n" not in str(caught.value)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tiny_weights(tmp_path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("model.atomic.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        tiny_weights(tmp_path, seed=1)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == ["card.json", "weights.safetensors"]

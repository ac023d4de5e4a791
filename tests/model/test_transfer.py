"""Starting from trained weights: outputs of categories are found by name."""

from pathlib import Path

import pytest
import torch

from model import checkpoint
from model.errors import WeightsError
from model.transfer import start
from tests.model.tiny import NAMES, tiny_weights


def test_the_same_categories_take_everything(tmp_path: Path) -> None:
    origin = start(str(tiny_weights(tmp_path)), NAMES)
    old, _ = checkpoint.load(tmp_path)
    assert all(torch.equal(value, origin.model.state_dict()[key]) for key, value in old.state_dict().items())
    assert (origin.parent, origin.kept) == ("tiny-1", NAMES)


def test_categories_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    path = tiny_weights(tmp_path)
    old, _ = checkpoint.load(path)
    origin = start(str(path), ("Star", "comet", "square"), prior=0.01)
    assert origin.kept == ("Star", "square")
    images = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        before, after = old(images), origin.model.eval()(images)
    # background, square 1, disc 2, star 3 became background, star 1, comet 2, square 3
    assert torch.allclose(after.class_logits[..., [0, 3, 1]], before.class_logits[..., [0, 1, 3]], atol=1e-5)
    assert torch.equal(after.prototypes, before.prototypes)
    assert torch.equal(after.boxes_raw, before.boxes_raw)
    semantic_old, semantic_new = old.semantic_seg_conv.weight, origin.model.semantic_seg_conv.weight
    assert torch.equal(semantic_new[[2, 0]], semantic_old[[0, 2]])


def test_a_configuration_starts_with_rare_objects() -> None:
    origin = start("lite", ("a", "b"), prior=0.01)
    bias = origin.model.get_parameter("prediction_layers.0.conf_layer.bias").view(-1, 3)
    assert float(bias.softmax(1)[0, 1:].sum().detach()) == pytest.approx(0.01, rel=0.02)
    assert (origin.parent, origin.kept) == ("", ())


def test_weights_that_are_not_there_are_refused() -> None:
    with pytest.raises(WeightsError, match="nowhere"):
        start("nowhere", ("a",))

"""The whole network against a second writing of it, in doubles, with every feature map.

Float32's noise is left out, so that a wrong stride, order, upsampling or activation in either shows.
"""

from dataclasses import replace

import pytest
import torch

from model.config import CONFIGS
from tests.model.published_files import lively
from tests.model.second_writing import FAMILY, network, predicted_iou


@pytest.mark.parametrize(
    "name",
    [
        "yolact_resnet50",
        "yolact_darknet53",
        "yolact_edge_mobilenetv2",
        "yolact_plus_resnet50",
    ],
)
def test_the_network_equals_the_second_writing(name: str) -> None:
    # Odd sizes at every level. Re-scoring wants larger maps and is compared below.
    config = replace(CONFIGS[name], classes=5, input_size=75, rescoring=False)
    model = lively(config, side=96).double()
    image = torch.randn(1, 3, 75, 75, dtype=torch.float64)
    with torch.inference_mode():
        raw = model(image, features=True)
        expected = network(model.state_dict(), image, FAMILY[name].network, 5)
    assert raw.features is not None
    found = raw.features | {key: getattr(raw, key) for key in expected if not key[1].isdigit()}
    assert set(found) == set(expected)
    for key, wanted in expected.items():
        torch.testing.assert_close(found[key], wanted, atol=1e-8 * (1 + float(wanted.abs().max())), rtol=1e-8)


def test_rescoring_equals_the_second_writing() -> None:
    model = lively(replace(CONFIGS["yolact_plus_resnet50"], classes=5), side=96).double()
    assert model.maskiou_net is not None
    masks = torch.rand(3, 138, 138, dtype=torch.float64)
    with torch.inference_mode():
        found, wanted = model.maskiou_net(masks), predicted_iou(model.state_dict(), masks)
    assert wanted.max() > 0
    torch.testing.assert_close(found, wanted)

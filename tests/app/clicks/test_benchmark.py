"""The benchmark end to end on a file, with a prediction that is known: all series, all numbers."""

import json
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.clicks.benchmark import run
from app.commands.bench import lines
from app.errors import InputError
from model.messages import Prediction
from tests.app.test_instance_solving import HEIGHT, WIDTH, picture, prediction


class Known:
    """Answers with one prediction."""

    def predict(self, *_: object, **__: object) -> Future[Prediction]:
        future: Future[Prediction] = Future()
        future.set_result(prediction())
        return future


def dataset(folder: Path) -> Path:
    Image.fromarray(picture()).save(folder / "a.png")
    ring = [32, 32, 88, 32, 88, 48, 128, 48, 128, 64, 88, 64, 88, 88, 32, 88]
    annotations = [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [ring]},
        {"id": 2, "image_id": 1, "category_id": 1, "segmentation": [ring], "iscrowd": 1},
    ]
    content = {
        "images": [{"id": 1, "file_name": "a.png", "width": WIDTH, "height": HEIGHT}],
        "categories": [{"id": 1, "name": "cat"}],
        "annotations": annotations,
    }
    path = folder / "val.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_every_series_is_measured_and_printed(tmp_path: Path) -> None:
    found = run(Known(), dataset(tmp_path), tmp_path, clicks=3).as_dict()  # type: ignore[arg-type]
    assert (found["images"], found["instances"], found["matched"], found["skipped"]) == (1, 1, 1, 1)
    series = found["series"]
    starts = ("from nothing", "from its box", "from the prediction")
    assert {f"{start}: {tool}" for start in starts for tool in ("tool", "brush")} <= series.keys()
    assert {"from nothing: polygon", "from the prediction: polygon", "off centre: brush"} <= series.keys()
    assert not any("unseen" in name for name in series)
    tool = series["from the prediction: tool"]
    wanted = {"noc85", "noc90", "iou_after", "hurt_1", "hurt_5", "ms_p50", "ms_p95"}
    assert all(wanted <= each.keys() for each in series.values())
    assert tool["iou_after"]["1"] == tool["iou"][1]
    assert series["from nothing: polygon"]["iou"][:3] == [0, 0, 0]
    assert series["from nothing: polygon"]["iou"][3] > 0
    assert tool["iou"][1] > tool["iou"][0] + 0.02
    assert tool["noc85"] <= 2
    assert 0 < found["box"]["mean"] <= 1
    assert found["polygon_vertices"]["90"] >= 4
    text = "\n".join(lines(json.loads(json.dumps(found))))
    assert "from the prediction: tool" in text
    assert np.isfinite(tool["times_polygon"])


def test_a_category_that_the_model_has_never_seen_has_series_of_its_own(tmp_path: Path) -> None:
    data = dataset(tmp_path)
    data.write_text(data.read_text(encoding="utf-8").replace('"cat"', '"walnut"'), encoding="utf-8")
    found = run(Known(), data, tmp_path, clicks=2).as_dict()  # type: ignore[arg-type]
    assert found["unseen"] == 1
    for start in ("from nothing", "from its box"):
        unseen, any_ = (found["series"][f"{kind}{start}: tool"] for kind in ("unseen category, ", ""))
        assert unseen["iou"] == any_["iou"]


def test_what_is_no_coco_file_and_what_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]", encoding="utf-8")
    with pytest.raises(InputError, match="expected a COCO file"):
        run(Known(), tmp_path / "x.json", tmp_path)  # type: ignore[arg-type]
    data = dataset(tmp_path)
    (tmp_path / "a.png").unlink()
    with pytest.raises(InputError, match=r"expected a\.png"):
        run(Known(), data, tmp_path)  # type: ignore[arg-type]

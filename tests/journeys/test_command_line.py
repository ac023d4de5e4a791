"""The command line as a person or a script uses it: the real `main.py`, real processes, real files."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from model.scenes import generate

ROOT = Path(__file__).parents[2]
SIZE = (160, 120)
SCENES = 8
PATIENCE = 500  # seconds, for a machine that is busy otherwise

pytestmark = pytest.mark.timeout(600)


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), *map(str, arguments)]


def call(
    *arguments: object, status: int = 0, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """One command line. What goes wrong is one line; what goes well may tell its progress."""
    run = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment,
    )
    assert run.returncode == status, run.stderr
    assert "Traceback" not in run.stderr
    if status == 2:
        assert run.stdout == ""
        assert len(run.stderr.splitlines()) == 1, run.stderr
        assert run.stderr.startswith("protolabel: ")
    return run


def result(*arguments: object, environment: dict[str, str] | None = None) -> dict:
    """The JSON object that a command prints as its last line."""
    return json.loads(call(*arguments, "--json", environment=environment).stdout.splitlines()[-1])


def without_display() -> dict[str, str]:
    """The environment of a machine where nobody is logged in at a screen."""
    screen = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {name: value for name, value in os.environ.items() if name not in screen}


def gone(group: int) -> bool:
    """Whether the last process of a group ends within half a minute."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few small scenes, with their truth in truth.json beside them."""
    folder = tmp_path_factory.mktemp("scenes")
    generate(folder, SCENES, seed=3, size=SIZE).rename(folder / "truth.json")
    return folder


@pytest.fixture(scope="module")
def project(scenes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of the scenes, with the truth imported, every image marked done."""
    folder = tmp_path_factory.mktemp("projects") / "walk"
    call("init", folder, "--images", scenes / "images")
    call("import", folder, scenes / "truth.json", "--done")
    return folder


def test_from_a_folder_to_an_export_and_back(scenes: Path, tmp_path: Path) -> None:
    made = result("init", tmp_path / "p", "--images", scenes / "images", "--categories", "person, tree")
    assert made["images"] == SCENES
    assert "imported" in call("import", tmp_path / "p", scenes / "truth.json", "--done").stdout
    out = tmp_path / "out.json"
    call("export", tmp_path / "p", out)
    truth, written = (json.loads(path.read_text()) for path in (scenes / "truth.json", out))
    assert len(written["images"]) == SCENES
    assert sorted(each["area"] for each in written["annotations"]) == sorted(
        each["area"] for each in truth["annotations"]
    )
    COCO(str(out))


def test_a_project_of_a_folder_without_images_is_made_and_warned_of(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.heic").touch()
    run = call("init", tmp_path / "p", "--images", tmp_path / "photos")
    assert "a project of 0 images" in run.stdout
    assert "found none among 1 file (.heic); names that end in one of these are looked for: " in run.stderr
    assert "put some there, they are found when the project is opened" in run.stderr
    assert call("prelabel", tmp_path / "p", "--device", "cpu").returncode == 0


def test_prelabel_offers_proposals_once(scenes: Path, tmp_path: Path) -> None:
    call("init", tmp_path / "p", "--images", scenes / "images")
    first = result("prelabel", tmp_path / "p", "--model", "starter", "--device", "cpu")
    assert first["done"] == SCENES
    assert first["proposals"] > 0
    second = result("prelabel", tmp_path / "p", "--model", "starter")
    assert (second["done"], second["skipped"]) == (0, SCENES)
    ranked = result("rank", tmp_path / "p")
    scores = [each["mean_score"] for each in ranked["images"] if each["mean_score"] is not None]
    assert scores == sorted(scores)


def test_a_folder_goes_straight_to_a_coco_file(scenes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    shutil.copytree(scenes / "images", folder / "sub folder é")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no image")
    out = tmp_path / "out.json"
    report = result(
        "prelabel", "--images", folder, "--model", "starter", "--out", out, "--score-threshold", 0.2
    )
    assert report["done"] == SCENES
    assert [each["image"] for each in report["failed"]] == ["broken.jpg"]
    data = COCO(str(out))
    assert len(data.imgs) == SCENES
    assert len(data.anns) == report["proposals"] > 0
    for annotation in data.anns.values():
        image = data.imgs[annotation["image_id"]]
        assert (folder / image["file_name"]).is_file()
        assert annotation["segmentation"]["size"] == [image["height"], image["width"]]
        assert annotation["area"] == coco_mask.area(annotation["segmentation"])
        np.testing.assert_allclose(annotation["bbox"], coco_mask.toBbox(annotation["segmentation"]))
        assert 0.2 <= annotation["score"] <= 1


@pytest.mark.slow
def test_a_project_is_trained_on_and_the_new_version_measured(project: Path, scenes: Path) -> None:
    made = result(
        "train", project, "--init", "starter", "--iterations", 2, "--batch-size", 2, "--device", "cpu"
    )
    assert made["version"] == "v1"
    assert (project / "models" / "v1" / "weights.safetensors").is_file()
    scores = result("evaluate", "--model", project / "models" / "v1", "--data", scenes / "truth.json",
                    "--images", scenes / "images", "--device", "cpu")  # fmt: skip
    assert 0 <= scores["mask"]["AP"] <= 1


def test_every_intermediate_of_an_image_can_be_had(scenes: Path, tmp_path: Path) -> None:
    image = next((scenes / "images").rglob("*.[jp][pn]g"))
    call("dump", "--model", "starter", "--image", image, "--out", tmp_path / "x.npz", "--features")
    with np.load(tmp_path / "x.npz") as arrays:
        p, k = arrays["coefficients"].shape
        assert arrays["prototypes"].shape[2] == k
        assert arrays["boxes_raw"].shape == arrays["priors"].shape == (p, 4)
        assert arrays["class_scores"].shape[0] == p
        np.testing.assert_allclose(arrays["class_scores"].sum(1), 1, atol=1e-4)
        assert arrays["det_masks"].shape == (len(arrays["det_scores"]), SIZE[1], SIZE[0])
        assert {"input", "det_boxes", "det_boxes_rel", "det_classes", "det_coefficients"} <= set(arrays)
        assert {"C3", "C4", "C5", "P3", "P4", "P5", "P6", "P7"} <= set(arrays)


def shows_the_window(file: str) -> bool:
    with Image.open(file) as picture:
        colors = picture.convert("RGB").resize((64, 64)).getcolors(4096) or ()
        return picture.width >= 800 and len(colors) > 50


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a display is always there")
def test_the_demo_does_its_job_without_a_display(tmp_path: Path) -> None:
    asked = result("demo", tmp_path / "sample", "--no-window", "--device", "cpu")
    assert shows_the_window(asked["screenshot"])
    assert len(COCO(asked["export"]).anns) > 20
    Path(asked["screenshot"]).unlink()
    found = result("demo", tmp_path / "sample", "--device", "cpu", environment=without_display())
    assert found["screenshot"] == asked["screenshot"]
    assert shows_the_window(found["screenshot"])


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a display is always there")
@pytest.mark.parametrize("platform", ["", "xcb"])
def test_a_window_without_a_display_is_one_line(project: Path, platform: str) -> None:
    environment = without_display() | ({"QT_QPA_PLATFORM": platform} if platform else {})
    said = call(project, status=2, environment=environment).stderr
    assert "expected a display to open a window on, got no DISPLAY" in said
    assert "make run" in said


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="a display is always there")
def test_a_display_whose_server_is_gone_is_one_line(project: Path) -> None:
    said = call(project, status=2, environment=without_display() | {"DISPLAY": ":61007"}).stderr
    assert "got DISPLAY=:61007, where nothing answers" in said
    assert "make run" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["init", "{tmp}/p"], "--images"),
        (["init", "{tmp}/p", "--images", "{tmp}/absent"], "absent"),
        (["init", "{tmp}/p", "--images", "{tmp}/file.txt"], "file.txt"),
        (["import", "{project}", "{tmp}/absent.json"], "absent.json"),
        (["import", "{project}", "{tmp}/file.txt"], "file.txt"),
        (["import", "{tmp}/absent", "{tmp}/file.txt"], "absent"),
        (["export", "{tmp}/absent", "{tmp}/out.json"], "absent"),
        (["export", "{project}", "{tmp}/absent/out.json"], "absent"),
        (["export", "{project}", "{tmp}/out.json", "--states", "ready"], "ready"),
        (["prelabel"], "expected PROJECT"),
        (["prelabel", "{project}", "--model", "nobody"], "nobody"),
        (["prelabel", "{project}", "--score-threshold", "2"], "from 0 to 1"),
        (
            ["prelabel", "--images", "{tmp}/empty", "--model", "starter", "--out", "{tmp}/o.json"],
            "found none",
        ),
        (
            ["prelabel", "--images", "{images}", "--model", "{tmp}/file.txt", "--out", "{tmp}/o.json"],
            "file.txt",
        ),
        (["train", "{tmp}/absent"], "absent"),
        (["train", "--data", "{tmp}/x.json"], "--images"),
        (["train", "{project}", "--iterations", "0"], "from 1"),
        (["evaluate", "--model", "starter", "--data", "{tmp}/file.txt", "--images", "{tmp}"], "file.txt"),
        (["evaluate", "--model", "starter", "--data", "{tmp}/no.json", "--images", "{tmp}"], "no.json"),
        (["dump", "--model", "starter", "--image", "{tmp}/file.txt", "--out", "{tmp}/o.npz"], "file.txt"),
        (["convert", "{tmp}/file.txt", "--config", "nothing", "--out", "{tmp}/w.safetensors"], "nothing"),
        (["convert", "{tmp}/file.txt", "--config", "lite", "--out", "{tmp}/w.safetensors"], "file.txt"),
        (["rank", "{project}", "--strategy", "luck"], "luck"),
        (["demo", "{tmp}/full"], "full"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    arguments: list[str], words: str, project: Path, scenes: Path, tmp_path: Path
) -> None:
    (tmp_path / "file.txt").write_text("nonsense")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    before = sorted(tmp_path.rglob("*"))
    places = {"tmp": tmp_path, "project": project, "images": scenes / "images"}
    run = call(*(each.format(**places) for each in arguments), status=2)
    assert words in run.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_too_few_finished_images_are_counted(scenes: Path, tmp_path: Path) -> None:
    call("init", tmp_path / "p", "--images", scenes / "images")
    assert "mark 5 more" in call("train", tmp_path / "p", status=2).stderr
    assert list((tmp_path / "p" / "runs").glob("*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_is_one_line_and_leaves_no_file_and_no_process(scenes: Path, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    for number in range(60):
        shutil.copytree(scenes / "images", folder / str(number))
    line = command("prelabel", "--images", folder, "--model", "starter", "--out", tmp_path / "out.json")
    run = subprocess.Popen(
        line,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a shell starts what runs in the background with Ctrl-C ignored, and that is inherited
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with run:
        end = time.monotonic() + 60
        while not list(tmp_path.glob(".out.json*")):
            assert time.monotonic() < end
            assert run.poll() is None
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to everything of the group
        _, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("protolabel: stopped")
    assert [path.name for path in tmp_path.iterdir()] == ["images"]
    assert gone(run.pid), "a process of the group is left"

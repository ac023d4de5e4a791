"""How fast each network runs here: forward, post-processing and end to end, beside plain eager PyTorch.

Plain means: the module as built, contiguous float32, no folding, no fusing, and the same post-processing.
Both run in turns, so that they see the same moods of the machine; shares and ratios are of the fastest
rounds. The ceiling is the fastest large float32 matrix product of the same run; operations are counted by
`torch.utils.flop_counter` on the plain network.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report, main, usable_cores

if TYPE_CHECKING:
    import torch

    from model.predictor import Predictor
    from model.yolact import Yolact

NAME = "forward"
CONFIGURATIONS = (
    "yolact_resnet50",
    "lite",
    "yolact_base",
    "yolact_im400",
    "yolact_im700",
    "yolact_darknet53",
    "yolact_plus_resnet50",
    "yolact_edge_mobilenetv2",
)
ROUNDS = 7
MIN_SCORE = 0.05
PROMISED = "yolact_resnet50"  # faster than eager by 1.25, and 65 % of the ceiling, on two CPU cores
SIDE = 2048  # of the matrices whose product is the ceiling
LOGITS = 4.0  # spread of the class logits of the random weights
CANDIDATES = 400  # anchors above the threshold, about as many as a crowded photograph gives


def measure() -> Report:
    """Milliseconds an image, by configuration and device, with the share of the matrix product's speed.

    PROTOLABEL_BENCH_CONFIGS=a,b chooses configurations, PROTOLABEL_BENCH_THREADS torch's threads (2).
    """
    import torch

    threads = int(os.environ.get("PROTOLABEL_BENCH_THREADS", "2"))
    torch.set_num_threads(threads)
    report = Report("Forward and post-processing", f"python -m benchmarks.{NAME}")
    chosen = os.environ.get("PROTOLABEL_BENCH_CONFIGS", ",".join(CONFIGURATIONS)).split(",")
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        for config in chosen:
            with tempfile.TemporaryDirectory() as name:
                _measure(report, Path(name), config, device)
    report.notes += [
        f"one image of 640 x 480, {threads} threads on {usable_cores()} cores, {ROUNDS} rounds in turns",
        "plain: contiguous float32 eager PyTorch of the same network, the same post-processing",
        "post-processing: detections out of the network's output and masks at image size",
        "shares and ratios are those of the fastest rounds",
    ]
    return report


def _measure(report: Report, folder: Path, config: str, device: str) -> None:
    from model.predictor import Predictor

    weights = lively_weights(folder, config)
    image = picture()
    predictor, plain = Predictor(weights, device), Plain(weights, device)
    operations = plain.operations(image)
    product = _product(device)
    times: dict[str, list[float]] = defaultdict(list)
    masks = 0
    for number in range(ROUNDS + 1):
        seconds = product()
        eager = plain.once(image)
        ours, masks = fused_once(predictor, image)
        if not number:
            continue  # the first round prepares
        times["ceiling"].append(2e-9 * SIDE**3 / seconds)
        for name, value in eager.items():
            times[f"plain {name}"].append(value)
        for name, value in ours.items():
            times[name].append(value)
    label = config if device == "cpu" else f"{config}, {device}"
    promised = config == PROMISED and device == "cpu"
    for stage in ("forward", "post-processing", "end to end"):
        report.add(f"{label}: {stage}", times[stage])
        report.add(f"{label}: {stage}, plain", times[f"plain {stage}"])
    both = [min(_sums(times, prefix)) for prefix in ("plain ", "")]
    report.add(
        f"{label}: forward + post-processing, times faster than plain",
        [both[0] / both[1]],
        unit="x",
        target="1.25 x" if promised else "",
    )
    ceiling = max(times["ceiling"])
    for name, prefix in (("", ""), (", plain", "plain ")):
        speed = operations / min(times[f"{prefix}forward"]) / 1e6
        report.add(
            f"{label}: forward's share of the matrix product{name}",
            [100 * speed / ceiling],
            unit="%",
            target="65 %" if promised and not prefix else "",
        )
    report.notes.append(
        f"{label}: {operations / 1e9:.1f} GFLOP, ceiling {ceiling:.0f} GFLOP/s, {masks} masks"
    )


def _sums(times: dict[str, list[float]], prefix: str) -> list[float]:
    pairs = zip(times[f"{prefix}forward"], times[f"{prefix}post-processing"], strict=True)
    return [forward + after for forward, after in pairs]


def fused_once(predictor: Predictor, image: NDArray[np.uint8]) -> tuple[dict[str, float], int]:
    """Milliseconds of the stages as the program runs them, and how many masks there were."""
    from model.masks import assemble_all

    start = time.perf_counter()
    prediction = predictor.predict(image, MIN_SCORE, 100)
    found = time.perf_counter()
    masks = assemble_all(prediction)
    end = time.perf_counter()
    seconds = prediction.seconds
    return {
        "forward": 1000 * seconds["forward"],
        "post-processing": 1000 * (seconds["detect"] + end - found),
        "end to end": 1000 * (end - start),
    }, len(masks)


class Plain:
    """The same network as PyTorch runs it when nobody has done anything for it."""

    def __init__(self, weights: Path, device: str) -> None:
        import torch

        from model.checkpoint import load

        model, self.card = load(weights)
        self.device = torch.device(device)
        self.model: Yolact = model.float().to(self.device, memory_format=torch.contiguous_format)

    def operations(self, image: NDArray[np.uint8]) -> int:
        """Floating-point operations of one forward pass."""
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        counter = FlopCounterMode(display=False)
        with torch.inference_mode(), counter:
            self.model(self._input(image))
        return int(counter.get_total_flops())

    def once(self, image: NDArray[np.uint8]) -> dict[str, float]:
        """Milliseconds of the stages."""
        import torch

        from model.detect import detect
        from model.masks import assemble

        with torch.inference_mode():
            start = time.perf_counter()
            inputs = self._input(image)
            self._wait()
            ready = time.perf_counter()
            raw = self.model(inputs)
            self._wait()
            forward = time.perf_counter()
            found = detect(raw, self.model.priors, self.card.config, min_score=MIN_SCORE, limit=100)
            prototypes = raw.prototypes[0].cpu().numpy()
            boxes, coefficients = found.boxes.cpu().numpy(), found.coefficients.cpu().numpy()
            for index in range(int((found.scores >= MIN_SCORE).sum())):
                assemble(prototypes, coefficients[index], boxes[index], image.shape[1], image.shape[0])
            end = time.perf_counter()
        return {
            "forward": 1000 * (forward - ready),
            "post-processing": 1000 * (end - forward),
            "end to end": 1000 * (end - start),
        }

    def _input(self, image: NDArray[np.uint8]) -> torch.Tensor:
        from model.transforms import to_input

        return to_input(image, self.card.config).contiguous().to(self.device)

    def _wait(self) -> None:
        import torch

        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def _product(device: str) -> Callable[[], float]:
    """Seconds of one large float32 matrix product, the best of three."""
    import torch

    left, right = torch.randn(SIDE, SIDE, device=device), torch.randn(SIDE, SIDE, device=device)

    def once() -> float:
        start = time.perf_counter()
        torch.mm(left, right)
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    return lambda: min(once() for _ in range(3))


def picture() -> NDArray[np.uint8]:
    """(480, 640, 3): blurred noise."""
    from model.opencv import cv2

    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    smooth = np.asarray(cv2.GaussianBlur(noise, (0, 0), 5), np.float32)
    return np.clip((smooth - smooth.mean()) / smooth.std() * 50 + 128, 0, 255).astype(np.uint8)


def lively_weights(folder: Path, config: str) -> Path:
    """Random weights of a configuration, its background so likely that some things are found."""
    import torch

    from model import checkpoint
    from model.card import WEIGHTS_FILE, ModelCard
    from model.categories import names
    from model.config import CONFIGS
    from model.transforms import to_input
    from model.yolact import build

    torch.manual_seed(0)
    chosen = CONFIGS[config]
    model = build(chosen).eval()
    with torch.inference_mode():
        image = to_input(picture(), chosen)
        spread = model(image).class_logits.std()
        layer = model.prediction_layers[0].conf_layer
        assert isinstance(layer, torch.nn.Conv2d)
        assert layer.bias is not None
        layer.weight *= LOGITS / spread
        logits = model(image).class_logits[0]
        low, high = 0.0, 40.0  # of the background's lead
        for _ in range(12):
            lead = (low + high) / 2
            raised = torch.cat([logits[:, :1] + lead, logits[:, 1:]], 1)
            above = int((raised.softmax(1)[:, 1:].amax(1) > MIN_SCORE).sum())
            low, high = (lead, high) if above > CANDIDATES else (low, lead)
        layer.bias.view(chosen.anchors_per_cell, -1)[:, 0] += high
    path = folder / config / WEIGHTS_FILE
    checkpoint.save(model, ModelCard(config, chosen, names(chosen.classes)), path)
    return path


if __name__ == "__main__":
    main(NAME, measure)

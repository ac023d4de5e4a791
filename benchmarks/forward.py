"""How fast each network runs here: forward, post-processing and end to end, beside plain eager PyTorch.

Plain means: the module as built, contiguous float32, no folding, no fusing, no graphs, and the published
post-processing (lists filled up with low scores, a mask each). Both run in turns, so that they see the same
moods of the machine; shares and ratios are of the fastest rounds. The ceiling is the fastest large matrix
product of the same run, float32 on a processor and bfloat16 on a GPU; operations are counted by
`torch.utils.flop_counter` on the plain network. Mask R-CNN (torchvision) is the two-stage yardstick.
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

from benchmarks.lively import MIN_SCORE, lively_weights, picture, save_picture
from benchmarks.parts import Benchmark
from benchmarks.report import Report

if TYPE_CHECKING:
    import torch

    from model.messages import Prediction
    from model.predictor import Predictor
    from model.two_stage import MaskRcnn
    from model.yolact import Yolact

NAME = "forward"
NOTES = (
    "one JPEG of 640 x 480; each configuration in a process of its own; n: rounds in turns with plain",
    "plain: contiguous float32 eager PyTorch of the same network, the published post-processing",
    "post-processing: detections out of the network's output and masks at image size",
    "end to end: from the file to the masks",
    "shares and ratios are those of the fastest rounds",
)
CONFIGURATIONS = (
    "yolact_resnet50",
    "lite",
    "yolact_base",
    "yolact_im400",
    "yolact_im700",
    "yolact_darknet53",
    "yolact_resnet50_pascal",
    "yolact_plus_base",
    "yolact_plus_resnet50",
    "yolact_edge",
    "yolact_edge_resnet50",
    "yolact_edge_mobilenetv2",
    "maskrcnn_resnet50_fpn",
)
ROUNDS = 7  # of networks that take under a second an image on two cores
FEWER = {  # of those that take longer
    **dict.fromkeys(("yolact_base", "yolact_im700", "yolact_darknet53", "yolact_edge"), 4),
    **dict.fromkeys(("yolact_plus_base", "yolact_plus_resnet50", "maskrcnn_resnet50_fpn"), 4),
}
PROMISED = "yolact_resnet50"  # faster than eager by 1.25, 65 % of the ceiling, on two cores; by 3 on a GPU
SIDE = 2048  # of the matrices whose product is the ceiling
GPU_SIDE = 8192
MANY = 32  # images of the throughput row on a GPU


def chosen() -> list[str]:
    """The parts to measure, by the environment."""
    import torch

    wanted = os.environ.get("PROTOLABEL_BENCH_CONFIGS", ",".join(CONFIGURATIONS)).split(",")
    if unknown := [each for each in wanted if each not in CONFIGURATIONS]:
        raise SystemExit(f"expected configurations of {', '.join(CONFIGURATIONS)}; got {', '.join(unknown)}")
    there = "cpu,cuda" if torch.cuda.is_available() else "cpu"
    devices = os.environ.get("PROTOLABEL_BENCH_DEVICES", there).split(",")
    return [part_of(config, device) for device in devices for config in wanted]


def part_of(config: str, device: str) -> str:
    """How a part of the record is named."""
    return config if device == "cpu" else f"{config}, {device}"


def measure(part: str) -> Report:
    """One configuration on one device."""
    import torch

    config, _, device = part.partition(", ")
    threads = int(os.environ.get("PROTOLABEL_BENCH_THREADS", "2"))
    torch.set_num_threads(threads)
    rounds = int(os.environ.get("PROTOLABEL_BENCH_ROUNDS", "0")) or FEWER.get(config, ROUNDS)
    report = Report(part, "")
    with tempfile.TemporaryDirectory() as name:
        _measure(report, Path(name), config, device or "cpu", rounds)
    return report


def _measure(report: Report, folder: Path, config: str, device: str, rounds: int) -> None:
    label = part_of(config, device)
    photo = folder / "photo.jpg"
    save_picture(photo)
    if config.startswith("maskrcnn"):
        _yardstick(report, label, config, device, photo, rounds)
        return
    import torch

    from model.predictor import Predictor

    weights = lively_weights(folder, config)
    predictor = Predictor(weights, device, precision="auto" if device == "cuda" else None)
    plain = Plain(weights, device)
    operations = plain.operations(photo)
    product = _product(device)
    times: dict[str, list[float]] = defaultdict(list)
    masks = 0
    for number in range(rounds + 1):
        speed = product()
        eager = plain.once(photo)
        ours, masks = once(predictor, photo)
        if not number:
            continue  # the first round prepares
        times["ceiling"].append(speed)
        for name, value in eager.items():
            times[f"plain {name}"].append(value)
        for name, value in ours.items():
            times[name].append(value)
    _rows(report, label, times, operations, promised=config == PROMISED, device=device)
    ceiling = max(times["ceiling"])
    report.notes.append(
        f"{label}: {operations / 1e9:.1f} GFLOP, ceiling {ceiling / 1e9:,.0f} GFLOP/s, {masks} masks, "
        f"{torch.get_num_threads()} threads"
    )
    if device == "cuda":
        _throughput(report, label, predictor, operations, ceiling, rounds)


def _rows(
    report: Report,
    label: str,
    times: dict[str, list[float]],
    operations: int,
    *,
    promised: bool,
    device: str,
) -> None:
    for stage in ("forward", "post-processing", "end to end"):
        report.add(f"{label}: {stage}", times[stage])
        report.add(f"{label}: {stage}, plain", times[f"plain {stage}"])
    both = [min(_sums(times, prefix)) for prefix in ("plain ", "")]
    report.add(
        f"{label}: forward + post-processing, times faster than plain",
        [both[0] / both[1]],
        unit="x",
        target="1.25 x" if promised and device == "cpu" else "",
    )
    report.add(
        f"{label}: end to end, times faster than plain",
        [min(times["plain end to end"]) / min(times["end to end"])],
        unit="x",
        target="3 x" if promised and device == "cuda" else "",
    )
    ceiling = max(times["ceiling"])
    for name, prefix in (("", ""), (", plain", "plain ")):
        speed = operations / min(times[f"{prefix}forward"]) * 1000
        report.add(
            f"{label}: forward's share of the matrix product{name}",
            [100 * speed / ceiling],
            unit="%",
            target="65 %" if promised and device == "cpu" and not prefix else "",
        )


def _throughput(
    report: Report, label: str, predictor: Predictor, operations: int, ceiling: float, rounds: int
) -> None:
    """Many images at once on a GPU."""
    import torch

    inputs = torch.cat([predictor.prepare(picture())] * MANY).to(predictor.device)
    speeds = []
    for number in range(rounds + 1):
        start = time.perf_counter()
        predictor.forward(inputs)
        if number:
            speeds.append(MANY / (time.perf_counter() - start))
    report.add(f"{label}: forward of {MANY} together", speeds, unit="images/s")
    share = 100 * max(speeds) * operations / ceiling
    report.add(f"{label}: share of the bfloat16 product, {MANY} together", [share], unit="%")


def _yardstick(report: Report, label: str, config: str, device: str, photo: Path, rounds: int) -> None:
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from torchvision.models import detection

    from model.image_io import read_image
    from model.two_stage import MaskRcnn

    torch.manual_seed(0)
    state = getattr(detection, config)(weights=None, weights_backbone=None).state_dict()
    state["roi_heads.box_predictor.cls_score.bias"][1] += 5  # finds things everywhere, as in a crowd
    file = photo.with_name("weights.pth")
    torch.save(state, file)
    model = MaskRcnn(f"{config}:{file}", device)
    counter = FlopCounterMode(display=False)
    with counter:
        model.predict(read_image(photo))
    times: dict[str, list[float]] = defaultdict(list)
    masks = 0
    for number in range(rounds + 1):
        ours, masks = once(model, photo)
        for name, value in ours.items() if number else ():
            times[name].append(value)
    for stage in ("forward", "post-processing", "end to end"):
        report.add(f"{label}: {stage}", times[stage])
    report.notes.append(
        f"{label}: {counter.get_total_flops() / 1e9:.1f} GFLOP with its second stage, {masks} masks; its "
        "forward holds its own suppression and the pasting of its masks"
    )


def _sums(times: dict[str, list[float]], prefix: str) -> list[float]:
    pairs = zip(times[f"{prefix}forward"], times[f"{prefix}post-processing"], strict=True)
    return [forward + after for forward, after in pairs]


def once(predictor: Predictor | MaskRcnn, photo: Path) -> tuple[dict[str, float], int]:
    """Milliseconds of the stages as the program runs them, and how many masks there were."""
    from model.image_io import read_image
    from model.masks import assemble_all

    start = time.perf_counter()
    prediction: Prediction = predictor.predict(read_image(photo), MIN_SCORE, 100)
    found = time.perf_counter()
    masks = assemble_all(prediction)
    end = time.perf_counter()
    seconds = prediction.seconds
    return {
        "forward": 1000 * seconds["forward"],
        "post-processing": 1000 * (seconds.get("detect", 0.0) + end - found),
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

    def operations(self, photo: Path) -> int:
        """Floating-point operations of one forward pass."""
        import torch
        from torch.utils.flop_counter import FlopCounterMode

        counter = FlopCounterMode(display=False)
        with torch.inference_mode(), counter:
            self.model(self._input(_pixels(photo)))
        return int(counter.get_total_flops())

    def once(self, photo: Path) -> dict[str, float]:
        """Milliseconds of the stages."""
        import torch

        from model.detect import detect
        from model.masks import assemble

        with torch.inference_mode():
            start = time.perf_counter()
            image = _pixels(photo)
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


def _pixels(photo: Path) -> NDArray[np.uint8]:
    from model.image_io import read_image

    return read_image(photo)


def _product(device: str) -> Callable[[], float]:
    """Operations a second of one large matrix product, the best of three."""
    import torch

    side, kind = (GPU_SIDE, torch.bfloat16) if device == "cuda" else (SIDE, torch.float32)
    left, right = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))

    def once() -> float:
        start = time.perf_counter()
        torch.mm(left, right)
        if device == "cuda":
            torch.cuda.synchronize()
        return 2 * side**3 / (time.perf_counter() - start)

    return lambda: max(once() for _ in range(3))


ABOUT = """Milliseconds an image, by configuration and device, with the share of the matrix product's speed.
PROTOLABEL_BENCH_CONFIGS=a,b chooses configurations (all: about ten minutes), PROTOLABEL_BENCH_THREADS
torch's threads (2), PROTOLABEL_BENCH_DEVICES=cpu,cuda devices (those there are),
PROTOLABEL_BENCH_ROUNDS=N rounds (7, and 4 of the large ones). After --record,
`python -m benchmarks.models_page` writes what was measured into docs/models.md."""
BENCHMARK = Benchmark(
    NAME,
    "Forward and post-processing",
    tuple(part_of(config, device) for device in ("cpu", "cuda") for config in CONFIGURATIONS),
    measure,
    NOTES,
    ABOUT,
)

if __name__ == "__main__":
    BENCHMARK.main(chosen)

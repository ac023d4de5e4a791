"""One model version, ready to predict images: transforms, network, detection, timed.

Boxes are relative to the image; masks are not made here (see `masks.assemble_all`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.boxes import decode
from model.checkpoint import load
from model.config import ModelConfig
from model.detect import Detections, detect
from model.devices import choose_device
from model.fused_graph import can_fuse, fuse
from model.fusing import fold_batch_norms
from model.gpu_forward import GpuForward, Precision, batch_for, choose_precision
from model.messages import TOP, Anchors, Prediction, Region
from model.rescoring import soft_masks
from model.transforms import to_input
from model.yolact import RawOutput

HALF_MAX = 65504.0


class Predictor:
    """Loads weights once, then predicts. `forward` (and `predict`) on one thread at a time."""

    def __init__(
        self,
        weights: Path | str,
        device: str = "auto",
        threads: int | None = None,
        *,
        config: ModelConfig | str | None = None,
        precision: Precision | None = None,
        batch: int | None = None,
    ) -> None:
        """`threads`: torch's threads for the whole process. Raises WeightsError, InputError.

        `precision`: of the network on a CUDA GPU, run as graphs ("auto": half where the GPU is fast with it);
        None: float32, step by step. Elsewhere it is float32. `batch`: how many images `forward` should get
        where there are many; None: as many as suit the device.
        """
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = choose_device(device)
        model, self.card = load(weights, config)
        fold_batch_norms(model)
        model = model.to(self._device).to(memory_format=torch.channels_last)
        self._priors, self._maskiou_net = model.priors, model.maskiou_net
        self.batch = batch or batch_for(self._device)
        self._forward: Callable[[Tensor], RawOutput] = model
        if can_fuse(self._device):
            self._forward = fuse(model, features=False)
        elif self._device.type == "cuda" and precision is not None:
            model.maskiou_net = None  # stays as it is, and is no part of the network's own run
            kind = choose_precision(precision, self._device)
            self._forward = GpuForward(model, kind, sizes=(1, self.batch))

    @property
    def categories(self) -> tuple[str, ...]:
        return self.card.categories

    @property
    def model_version(self) -> str:
        return self.card.name

    @property
    def config(self) -> ModelConfig:
        return self.card.config

    @property
    def device(self) -> str:
        return str(self._device)

    def predict(
        self,
        image_rgb: NDArray[np.uint8],
        min_score: float = 0.05,
        max_detections: int = 200,
        *,
        size: tuple[int, int] | None = None,
        region: Region | None = None,
        anchors: bool = False,
    ) -> Prediction:
        """What the network says of one image, (h, w, 3) uint8 RGB, upright.

        `size`: width and height of the image where `image_rgb` is a reduced copy, or only a region of it;
        `region`: which one, image pixels; `anchors`: also what came before threshold and suppression.
        """
        start = time.perf_counter()
        inputs = self.prepare(image_rgb)
        transformed = time.perf_counter()
        raw = self.forward(inputs)
        seconds = {"transform": transformed - start, "forward": time.perf_counter() - transformed}
        return self.finish(
            raw,
            size=size or (image_rgb.shape[1], image_rgb.shape[0]),
            min_score=min_score,
            max_detections=max_detections,
            region=region,
            anchors=anchors,
            seconds=seconds,
        )

    def prepare(self, image_rgb: NDArray[np.uint8]) -> Tensor:
        """(h, w, 3) uint8 RGB -> (1, 3, s, s) float32 for `forward`. On any thread."""
        if (
            image_rgb.ndim != 3
            or image_rgb.shape[2] != 3
            or image_rgb.dtype != np.uint8
            or not image_rgb.size
        ):
            raise ValueError(f"expected (h, w, 3) uint8, got {image_rgb.shape} {image_rgb.dtype}")
        return to_input(image_rgb, self.config)

    @torch.inference_mode()
    def forward(self, inputs: Tensor) -> RawOutput:
        """(B, 3, s, s) float32 -> the network's output, float32, on its device; done when it returns."""
        raw = self._forward(inputs.to(self._device))
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        return raw

    @torch.inference_mode()
    def finish(
        self,
        raw: RawOutput,
        image: int = 0,
        *,
        size: tuple[int, int],
        min_score: float = 0.05,
        max_detections: int = 200,
        region: Region | None = None,
        anchors: bool = False,
        seconds: dict[str, float] | None = None,
    ) -> Prediction:
        """The prediction of one image of `forward`'s batch; beside `forward` of another one if need be.

        `size`: width and height of the whole image; `seconds`: what was spent on it so far.
        """
        start = time.perf_counter()
        found = detect(
            raw,
            self._priors,
            self.config,
            image=image,
            min_score=min_score,
            limit=max_detections,
            fill=False,
        )
        qualities = self._qualities(raw.prototypes[image], found)
        prototypes = raw.prototypes[image].clamp(max=HALF_MAX).half().cpu().numpy()
        parts = {
            "prototypes": np.ascontiguousarray(prototypes),
            "boxes": _array(found.boxes, np.float32),
            "scores": _array(found.scores, np.float32),
            "classes": _array(found.classes, np.int32),
            "coefficients": _array(found.coefficients, np.float32),
            "qualities": _array(qualities, np.float32),
        }
        said = self._anchors(raw, image) if anchors else None
        return Prediction(
            model_version=self.model_version,
            categories=self.categories,
            image_width=size[0],
            image_height=size[1],
            **parts,
            seconds={**(seconds or {}), "detect": time.perf_counter() - start},
            region=region,
            anchors=said,
        )

    def _anchors(self, raw: RawOutput, image: int) -> Anchors:
        scores, classes = (
            raw.class_logits[image].softmax(-1)[:, 1:].topk(min(TOP, self.config.classes), dim=1)
        )
        return Anchors(
            boxes=_array(decode(raw.boxes_raw[image], self._priors), np.float32),
            top_classes=_array(classes, np.int16),
            top_scores=_array(scores, np.float16),
            coefficients=_array(raw.coefficients[image], np.float16),
        )

    def _qualities(self, prototypes: Tensor, found: Detections) -> Tensor:
        """(n,) score times the predicted mask quality, where the network predicts one."""
        if self._maskiou_net is None or not len(found.scores):
            return found.scores
        masks = soft_masks(prototypes, found.coefficients, found.boxes)
        return found.scores * self._maskiou_net(masks).gather(1, found.classes[:, None])[:, 0]


def _array(tensor: Tensor, dtype: type) -> NDArray:
    return np.ascontiguousarray(tensor.cpu().numpy(), dtype=dtype)

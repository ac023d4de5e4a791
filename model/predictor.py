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
from model.messages import TOP, Anchors, Prediction, Region
from model.rescoring import soft_masks
from model.transforms import to_input
from model.yolact import RawOutput

HALF_MAX = 65504.0


class Predictor:
    """Loads weights once, then predicts. Not for several threads at once."""

    def __init__(
        self,
        weights: Path | str,
        device: str = "auto",
        threads: int | None = None,
        *,
        config: ModelConfig | str | None = None,
    ) -> None:
        """`threads`: torch's threads for the whole process. Raises WeightsError, InputError."""
        if threads is not None:
            torch.set_num_threads(threads)
        self._device = choose_device(device)
        model, self.card = load(weights, config)
        fold_batch_norms(model)
        model = model.to(self._device).to(memory_format=torch.channels_last)
        self._priors, self._maskiou_net = model.priors, model.maskiou_net
        self._forward: Callable[[Tensor], RawOutput] = model
        if can_fuse(self._device):
            self._forward = fuse(model, features=False)

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

    @torch.inference_mode()
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
        if (
            image_rgb.ndim != 3
            or image_rgb.shape[2] != 3
            or image_rgb.dtype != np.uint8
            or not image_rgb.size
        ):
            raise ValueError(f"expected (h, w, 3) uint8, got {image_rgb.shape} {image_rgb.dtype}")
        clock = [time.perf_counter()]

        def lap() -> float:
            if self._device.type == "cuda":
                torch.cuda.synchronize(self._device)
            clock.append(time.perf_counter())
            return clock[-1] - clock[-2]

        seconds = {}
        inputs = to_input(image_rgb, self.config).to(self._device)
        seconds["transform"] = lap()
        raw = self._forward(inputs)
        seconds["forward"] = lap()
        found = detect(raw, self._priors, self.config, min_score=min_score, limit=max_detections, fill=False)
        qualities = self._qualities(raw.prototypes[0], found)
        prototypes = raw.prototypes[0].clamp(max=HALF_MAX).half().cpu().numpy()
        prediction = Prediction(
            model_version=self.model_version,
            categories=self.categories,
            image_width=size[0] if size else image_rgb.shape[1],
            image_height=size[1] if size else image_rgb.shape[0],
            prototypes=np.ascontiguousarray(prototypes),
            boxes=_array(found.boxes, np.float32),
            scores=_array(found.scores, np.float32),
            classes=_array(found.classes, np.int32),
            coefficients=_array(found.coefficients, np.float32),
            qualities=_array(qualities, np.float32),
            seconds=seconds,
            region=region,
            anchors=self._anchors(raw) if anchors else None,
        )
        seconds["detect"] = lap()
        return prediction

    def _anchors(self, raw: RawOutput) -> Anchors:
        scores, classes = raw.class_logits[0].softmax(-1)[:, 1:].topk(min(TOP, self.config.classes), dim=1)
        return Anchors(
            boxes=_array(decode(raw.boxes_raw[0], self._priors), np.float32),
            top_classes=_array(classes, np.int16),
            top_scores=_array(scores, np.float16),
            coefficients=_array(raw.coefficients[0], np.float16),
        )

    def _qualities(self, prototypes: Tensor, found: Detections) -> Tensor:
        """(n,) score times the predicted mask quality, where the network predicts one."""
        if self._maskiou_net is None or not len(found.scores):
            return found.scores
        masks = soft_masks(prototypes, found.coefficients, found.boxes)
        return found.scores * self._maskiou_net(masks).gather(1, found.classes[:, None])[:, 0]


def _array(tensor: Tensor, dtype: type) -> NDArray:
    return np.ascontiguousarray(tensor.cpu().numpy(), dtype=dtype)

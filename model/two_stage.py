"""Mask R-CNN (arXiv 1703.06870) as torchvision has it: the two-stage yardstick of the papers.

It answers like `Predictor`, so that evaluation and benchmarks measure both alike. Its masks come finished:
a prediction holds one prototype a detection, at image size, and coefficients that choose it.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.models import detection

from model import categories
from model.backbones.imagenet import default_weights
from model.devices import choose_device
from model.errors import WeightsError
from model.messages import Prediction
from model.published import read_tensors

NAMES = ("maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2")
LOGIT = 16.0  # of a pixel inside, minus it outside
_CLASSES = "roi_heads.box_predictor.cls_score.weight"


def is_two_stage(text: str | Path) -> bool:
    """Whether `NAME` or `NAME:FILE.pth` means one of these."""
    return re.split(":", str(text), maxsplit=1)[0] in NAMES


class MaskRcnn:
    """`NAME:FILE.pth`, or `NAME` with torchvision's own COCO weights, which it fetches once."""

    def __init__(self, text: str | Path, device: str = "auto") -> None:
        """Raises WeightsError for a file that does not fit, InputError where nothing can be fetched."""
        name, _, file = str(text).partition(":")
        if name not in NAMES:
            raise WeightsError(f"expected one of {', '.join(NAMES)}, got {name!r}")
        state = read_tensors(Path(file)) if file else default_weights(name)
        if _CLASSES not in state:
            raise WeightsError(f"{file}: expected the weights of {name}, got none of its class outputs")
        count = len(state[_CLASSES])
        self._device = choose_device(device)
        self._model = getattr(detection, name)(weights=None, weights_backbone=None, num_classes=count).eval()
        try:
            self._model.load_state_dict(dict(state))
        except RuntimeError as error:
            words = " ".join(str(error).split())[:160]
            raise WeightsError(f"{file}: expected the weights of {name}, got: {words}") from None
        self._model.to(self._device)
        self.model_version = name
        self.categories = _names(count)

    @torch.inference_mode()
    def predict(
        self, image_rgb: NDArray[np.uint8], min_score: float = 0.05, max_detections: int = 100
    ) -> Prediction:
        """(h, w, 3) uint8 RGB -> what it finds, by falling score, as its authors threshold it (0.5)."""
        start = time.perf_counter()
        pixels = torch.from_numpy(np.array(image_rgb)).to(self._device)
        found = self._model([pixels.permute(2, 0, 1).float() / 255])[0]
        chosen = torch.nonzero(found["scores"] >= min_score)[:max_detections, 0]
        height, width = image_rgb.shape[:2]
        scale = torch.tensor([width, height, width, height], device=self._device)
        inside = found["masks"][chosen, 0] > 0.5  # (n, h, w)
        prototypes = (inside.permute(1, 2, 0).half() * 2 - 1) * LOGIT
        scores = found["scores"][chosen].cpu().numpy().astype(np.float32)
        count = len(scores)
        if not count:
            prototypes = torch.zeros(height, width, 1, dtype=torch.float16)
        return Prediction(
            self.model_version,
            self.categories,
            width,
            height,
            np.ascontiguousarray(prototypes.cpu().numpy()),
            np.ascontiguousarray((found["boxes"][chosen] / scale).cpu().numpy(), np.float32),
            scores,
            (found["labels"][chosen].cpu().numpy() - 1).astype(np.int32),
            np.eye(count, max(count, 1), dtype=np.float32),
            scores,
            {"forward": time.perf_counter() - start},
        )


def _names(count: int) -> tuple[str, ...]:
    """The names of the classes without the background: torchvision's 90 of COCO with its gaps, or numbers."""
    known = detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    return tuple(known[1:]) if len(known) == count else categories.names(count - 1)

"""Values that cross the boundary between the model's process and everything else.

Numpy only: importing this does not import torch. Shapes and dtypes are checked at construction.
Frames: *relative* = 0..1 of the upright image, x right, y down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def _check(name: str, array: NDArray, shape: tuple[int | None, ...], dtype: type) -> None:
    fits = array.ndim == len(shape) and all(
        want is None or want == have for want, have in zip(shape, array.shape, strict=True)
    )
    if not fits or array.dtype != dtype:
        raise ValueError(
            f"{name}: expected shape {shape} of {np.dtype(dtype)}, got {array.shape} of {array.dtype}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the network says of one image. n detections (0 is normal), sorted by falling score.

    `boxes` are relative (x1, y1, x2, y2), not clipped. `qualities` is the predicted mask quality times
    the score for models with mask re-scoring, else the score itself.
    """

    model_version: str
    categories: tuple[str, ...]
    image_width: int
    image_height: int
    prototypes: NDArray[np.float16]  # (h, w, k), after their activation
    boxes: NDArray[np.float32]  # (n, 4)
    scores: NDArray[np.float32]  # (n,)
    classes: NDArray[np.int32]  # (n,), index into `categories`
    coefficients: NDArray[np.float32]  # (n, k)
    qualities: NDArray[np.float32]  # (n,)
    seconds: dict[str, float] = field(default_factory=dict)  # decode, transform, forward, detect

    def __post_init__(self) -> None:
        n = len(self.boxes)
        _check("prototypes", self.prototypes, (None, None, None), np.float16)
        k = self.prototypes.shape[2]
        _check("boxes", self.boxes, (n, 4), np.float32)
        _check("scores", self.scores, (n,), np.float32)
        _check("classes", self.classes, (n,), np.int32)
        _check("coefficients", self.coefficients, (n, k), np.float32)
        _check("qualities", self.qualities, (n,), np.float32)

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Load one model version; answered by `Loaded` or `Failed`."""

    request: int
    weights: Path
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Predict:
    """Predict one image file; answered by `Predicted` or `Failed`.

    `min_score`: detections below are not sent (the person's threshold works on what was sent).
    """

    request: int
    image: Path
    min_score: float = 0.05
    max_detections: int = 200


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the process after the answer under way."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready."""

    request: int
    model_version: str
    categories: tuple[str, ...]
    device: str


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """The answer to one `Predict`."""

    request: int
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Failed:
    """A request that could not be answered; `reason` is one line for a person."""

    request: int
    reason: str


Request = LoadModel | Predict | Shutdown
Answer = Loaded | Predicted | Failed

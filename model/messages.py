"""Values that cross the boundary between the model's process and everything else.

Numpy only: importing this does not import torch. Shapes and dtypes are checked at construction.
Frames: *relative* = 0..1 of the upright image, x right, y down; of its region where only that was looked at.
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


Region = tuple[float, float, float, float]  # x, y, width, height in image pixels
TOP = 5  # classes kept of each anchor


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """What the network said of every anchor, before score threshold and suppression. P anchors, t classes.

    `boxes` are decoded, relative (x1, y1, x2, y2) in the frame of the prediction's own boxes, not clipped;
    what is no number in a broken network stands as it is. Of the C foreground classes the t = min(`TOP`, C)
    likeliest are kept, by falling probability.
    """

    boxes: NDArray[np.float32]  # (P, 4)
    top_classes: NDArray[np.int16]  # (P, t), index into the prediction's `categories`
    top_scores: NDArray[np.float16]  # (P, t), probabilities
    coefficients: NDArray[np.float16]  # (P, k)

    def __post_init__(self) -> None:
        count = len(self.boxes)
        _check("boxes", self.boxes, (count, 4), np.float32)
        _check("top_classes", self.top_classes, (count, None), np.int16)
        _check("top_scores", self.top_scores, self.top_classes.shape, np.float16)
        _check("coefficients", self.coefficients, (count, None), np.float16)

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """What the network says of one image, or of a region of it. n detections (0 is normal), by falling score.

    `boxes` are relative (x1, y1, x2, y2), not clipped. `qualities` is the predicted mask quality times
    the score for models with mask re-scoring, else the score itself.

    `region`: the rectangle that the network saw, in image pixels and whole ones; None for the whole image.
    Boxes and prototypes are then relative to the region, while `image_width` and `image_height` remain those
    of the whole image. `frame` is the same for both cases: what prototypes and boxes span.
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
    region: Region | None = None
    anchors: Anchors | None = None  # where they were asked for

    @property
    def frame(self) -> Region:
        """x, y, width, height in image pixels of what prototypes and boxes span."""
        return self.region or (0.0, 0.0, float(self.image_width), float(self.image_height))

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
    """Load one model version; answered by `Loaded` or `Failed`.

    `batch`: whole images that a `PredictMany` will hold; None: as many as suit the device.
    """

    request: int
    weights: Path
    device: str = "auto"
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class Predict:
    """Predict one image file; answered by `Predicted` or `Failed`.

    `min_score`: detections below are not sent (the person's threshold works on what was sent).
    `region`: the network sees this rectangle only, at the file's full resolution; what of it lies outside the
    image is left out, and the rest grows to whole pixels. `anchors`: send `Prediction.anchors` along (some
    megabytes: for the image on screen, not for a folder).
    """

    request: int
    image: Path
    min_score: float = 0.05
    max_detections: int = 200
    region: Region | None = None
    anchors: bool = False


@dataclass(frozen=True, slots=True)
class PredictMany:
    """Predict several whole images at once (no regions, no anchors), for a folder.

    Each is answered as if it had been asked for alone, by `Predicted` or `Failed` with its own number, and
    `Passed` says that the network is free again; some answers may come after it. `ahead`: files that will be
    asked for next: they are decoded meanwhile.
    """

    request: int
    images: tuple[Predict, ...]
    ahead: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Shutdown:
    """End the process after the answer under way."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The model is ready. `batch`: images that a `PredictMany` should hold; 0: only `Predict` is known."""

    request: int
    model_version: str
    categories: tuple[str, ...]
    device: str
    batch: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """The answer to one `Predict`."""

    request: int
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Passed:
    """The network has seen all images of a `PredictMany`: the next request can be sent."""

    request: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A request that could not be answered; `reason` is one line for a person."""

    request: int
    reason: str


Request = LoadModel | Predict | PredictMany | Shutdown
Answer = Loaded | Predicted | Passed | Failed

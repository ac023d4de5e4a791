"""What is counted of simulated clicks: NoC, IoU by clicks, harm, time. Pure functions of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.opencv import cv2

CAP = 20
CLICK, REVIEW = 1.5, 2.0  # seconds for a click, and to look at a mask (SAM's engine, simulated)
POLYGON = 79.0  # seconds to draw a mask's polygon (COCO, 22 hours for 1,000)


@dataclass(slots=True)
class Series:
    """IoU of each instance before and after each click, and the seconds that clicks took."""

    ious: list[list[float]] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    painted: int = 0

    def summary(self) -> dict[str, Any]:
        """The numbers of one tool. Lists that ended early (nothing left to correct) stay as they ended."""
        if not self.ious:
            return {"instances": 0}
        longest = max(len(row) for row in self.ious)
        table = np.array([row + row[-1:] * (longest - len(row)) for row in self.ious])
        changes = np.concatenate([np.diff(row) for row in self.ious]) if longest > 1 else np.zeros(0)
        return {
            "instances": len(self.ious),
            "noc85": noc(self.ious, 0.85),
            "noc90": noc(self.ious, 0.90),
            "at_cap85": int((table.max(1) < 0.85).sum()),
            "at_cap90": int((table.max(1) < 0.90).sum()),
            "iou_after": {str(k): round(float(table[:, min(k, longest - 1)].mean()), 4) for k in (1, 3, 5)},
            "iou": [round(float(value), 4) for value in table.mean(0)[:11]],
            "clicks": len(changes),
            "hurt_1": _share(changes < -0.01),
            "hurt_5": _share(changes < -0.05),
            "painted": self.painted / max(len(changes), 1),
            "ms_p50": _percentile(self.seconds, 50) * 1000,
            "ms_p95": _percentile(self.seconds, 95) * 1000,
            "seconds_to_90": REVIEW + CLICK * noc(self.ious, 0.90),
            "times_polygon": POLYGON / (REVIEW + CLICK * noc(self.ious, 0.90)),
        }


def noc(ious: Sequence[Sequence[float]], wanted: float) -> float:
    """Mean number of clicks to an IoU; instances that never reach it count `CAP`."""
    counts = [next((k for k, value in enumerate(row) if value >= wanted), CAP) for row in ious]
    return float(np.mean(counts)) if counts else 0.0


def vertices_to(truth: NDArray[np.bool_], wanted: float) -> int:
    """Vertices of a polygon from nothing that reaches an IoU: outlines simplified less and less."""
    found, _ = cv2.findContours(truth.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outlines = sorted(found, key=cv2.contourArea, reverse=True)
    total = 0
    for tolerance in (16.0, 12.0, 8.0, 6.0, 4.0, 3.0, 2.0, 1.5, 1.0, 0.5, 0.0):
        simple = [cv2.approxPolyDP(each, tolerance, True) for each in outlines]
        simple = [each for each in simple if len(each) >= 3]
        total = sum(len(each) for each in simple)
        drawn = np.zeros(truth.shape, np.uint8)
        cv2.fillPoly(drawn, simple, 1)
        if iou(drawn > 0, truth) >= wanted:
            break
    return total


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Intersection over union of two (h, w) masks; 1 where both are empty."""
    either = int(np.count_nonzero(a | b))
    return int(np.count_nonzero(a & b)) / either if either else 1.0


def _share(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent)) if values else 0.0

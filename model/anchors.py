"""The anchors ("priors"): fixed boxes that the head's offsets refer to.

Frame: relative, 0..1 of the square input, as (centre x, centre y, width, height). Order: levels (P3 first),
rows, columns, scales, ratios (ratio fastest). Sizes are divided by the configured input size; computed in
doubles and stored as float32, as published.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from model.config import ModelConfig


def cell_sizes(config: ModelConfig, level: int) -> NDArray[np.float64]:
    """(a, 2) width and height of one cell's anchors on a level, relative."""
    sizes = []
    for scale in config.anchor_scales[level]:
        for ratio in config.anchor_ratios:
            width = scale * math.sqrt(ratio) / config.input_size
            # Square anchors: a fault of v1.0 that its published weights have learnt with.
            height = width if config.square_anchors else scale / math.sqrt(ratio) / config.input_size
            sizes.append((width, height))
    return np.array(sizes, np.float64)


def priors(config: ModelConfig) -> NDArray[np.float32]:
    """(P, 4) anchors of all levels."""
    levels = []
    for level, side in enumerate(config.level_sizes):
        centres = (np.arange(side, dtype=np.float64) + 0.5) / side
        sizes = cell_sizes(config, level)
        grid = np.empty((side, side, len(sizes), 4), np.float64)
        grid[..., 0] = centres[None, :, None]
        grid[..., 1] = centres[:, None, None]
        grid[..., 2:] = sizes
        levels.append(grid.reshape(-1, 4))
    return np.concatenate(levels).astype(np.float32)

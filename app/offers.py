"""What is offered where somebody clicks on bare image: the model's own ideas first, where it has any.

Then what stands out there at several sizes, whatever it is (`app.every_size`), and last the ideas that the
model hardly believes itself. Frame: image pixels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from app.box_prompt import SAME, Seed, candidates_under
from app.every_size import objects_at
from app.fine import FineLook, redrawn
from app.geometry import bounds, covers, mask_iou, tight
from model.messages import Prediction

MOST = 6


def offers_at(
    prediction: Prediction,
    x: float,
    y: float,
    pixels: NDArray[np.uint8] | None,
    finely: FineLook | None,
) -> list[Seed]:
    """Up to `MOST` different instances that a place may mean, the likeliest first. .1 to .2 s of looking.

    `pixels`: (H, W, 3) RGB of the image, perhaps reduced. Without them, or `finely`, the model's ideas alone.
    """
    ideas = candidates_under(prediction, x, y)
    if pixels is None or finely is None:
        return ideas
    width = prediction.image_width
    ideas = [replace(each, mask=redrawn(each.mask, pixels, width, finely)) for each in ideas]
    ideas = [each for each in ideas if covers(each.mask, x, y)]
    believed = [each for each in ideas if each.category]
    found: list[Seed] = []
    for each in (*believed, *_of_any_size(prediction, x, y, pixels, finely), *ideas):
        if len(found) < MOST and all(mask_iou(each.mask, other.mask) <= SAME for other in found):
            found.append(each)
    return found


def _of_any_size(
    prediction: Prediction, x: float, y: float, pixels: NDArray[np.uint8], finely: FineLook
) -> list[Seed]:
    size = prediction.image_width, prediction.image_height
    nothing = np.zeros(prediction.prototypes.shape[2], np.float32)
    seeds = []
    for each in objects_at(pixels, size, x, y, finely):
        mask = tight(each.mask)
        seeds.append(Seed(mask, nothing, bounds(mask), (), "geometry", certainty=each.certainty))
    return seeds

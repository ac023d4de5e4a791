"""The published networks written a second time: functions over a state dict and numpy loops, in doubles.

Written from the description of the released models, without the program's modules, so that a wrong stride,
order, upsampling, threshold or rounding in either shows. Slow on purpose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Published:
    """What is not in a checkpoint: input size, scales in pixels, true or square anchors."""

    network: str  # resnet50, resnet101, darknet or mobilenet
    size: int = 550
    scales: tuple[tuple[float, ...], ...] = ((24,), (48,), (96,), (192,), (384,))
    square: bool = True
    classes: int = 80


_PLUS = tuple((s, s * 2 ** (1 / 3), s * 2 ** (2 / 3)) for s in (24, 48, 96, 192, 384))
FAMILY = {
    "yolact_base": Published("resnet101"),
    "yolact_im400": Published("resnet101", 400, ((17,), (34,), (69,), (139,), (279,))),
    "yolact_im700": Published("resnet101", 700, ((30,), (61,), (122,), (244,), (488,))),
    "yolact_resnet50": Published("resnet50"),
    "yolact_darknet53": Published("darknet"),
    "yolact_resnet50_pascal": Published(
        "resnet50", scales=((32,), (64,), (128,), (256,), (512,)), square=False, classes=20
    ),
    "yolact_plus_base": Published("resnet101", scales=_PLUS, square=False),
    "yolact_plus_resnet50": Published("resnet50", scales=_PLUS, square=False),
    "yolact_edge": Published("resnet101"),
    "yolact_edge_resnet50": Published("resnet50"),
    "yolact_edge_mobilenetv2": Published("mobilenet"),
}


# --- the network


def conv(state: State, key: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = state[f"{key}.weight"]
    return F.conv2d(x, weight, state.get(f"{key}.bias"), stride, weight.shape[-1] // 2)


def deformable(state: State, key: str, x: Tensor, stride: int) -> Tensor:
    """Each tap t reads at its place + (channel 2t, channel 2t + 1), weighted by sigmoid(channel 18 + t)."""
    maps = conv(state, f"{key}.conv_offset_mask", x, stride)
    rows, columns = maps.shape[2:]
    height, width = x.shape[2:]
    padded = F.pad(x, (1, 2, 1, 2))  # a zero on every side; one more where a sample's far neighbour lies
    grid_y = torch.arange(rows, dtype=x.dtype)[:, None] * stride
    grid_x = torch.arange(columns, dtype=x.dtype)[None, :] * stride
    weight = state[f"{key}.weight"]
    out = state[f"{key}.bias"][None, :, None, None].expand(1, -1, rows, columns).clone()
    for tap in range(9):
        y = grid_y - 1 + tap // 3 + maps[0, 2 * tap]
        x_ = grid_x - 1 + tap % 3 + maps[0, 2 * tap + 1]
        inside = (y > -1) & (y < height) & (x_ > -1) & (x_ < width)
        y, x_ = y.clamp(-1, height), x_.clamp(-1, width)
        top, left = y.floor(), x_.floor()
        v, u = y - top, x_ - left
        i, j = top.long() + 1, left.long() + 1
        a, b, c, d = (padded[0][:, i + di, j + dj] for di in (0, 1) for dj in (0, 1))
        value = (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d)
        value = value * inside * torch.sigmoid(maps[0, 18 + tap])
        out[0] += torch.einsum("oc,chw->ohw", weight[:, :, tap // 3, tap % 3], value)
    return out


def norm(state: State, key: str, x: Tensor) -> Tensor:
    mean, var, weight, bias = (
        state[f"{key}.{name}"][:, None, None] for name in ("running_mean", "running_var", "weight", "bias")
    )
    return (x - mean) / (var + 1e-5).sqrt() * weight + bias


def resnet(state: State, x: Tensor) -> list[Tensor]:
    x = norm(state, "backbone.bn1", conv(state, "backbone.conv1", x, 2)).relu()
    x = F.max_pool2d(x, 3, 2, 1)
    maps = []
    for stage in range(4):
        block = 0
        while (at := f"backbone.layers.{stage}.{block}") + ".conv1.weight" in state:
            stride = 2 if stage > 0 and block == 0 else 1
            moves = f"{at}.conv2.conv_offset_mask.weight" in state
            y = norm(state, f"{at}.bn1", conv(state, f"{at}.conv1", x)).relu()
            y = (deformable if moves else conv)(state, f"{at}.conv2", y, stride)
            y = norm(state, f"{at}.bn2", y).relu()
            y = norm(state, f"{at}.bn3", conv(state, f"{at}.conv3", y))
            if block == 0:
                x = norm(state, f"{at}.downsample.1", conv(state, f"{at}.downsample.0", x, stride))
            x = (x + y).relu()
            block += 1
        maps.append(x)
    return maps[1:]


def darknet(state: State, x: Tensor) -> list[Tensor]:
    def unit(at: str, x: Tensor, stride: int = 1) -> Tensor:
        return F.leaky_relu(norm(state, f"{at}.1", conv(state, f"{at}.0", x, stride)), 0.1)

    x = unit("backbone._preconv", x)
    maps = []
    for stage, blocks in enumerate((1, 2, 8, 8, 4)):
        x = unit(f"backbone.layers.{stage}.0", x, 2)
        for block in range(1, blocks + 1):
            at = f"backbone.layers.{stage}.{block}"
            x = x + unit(f"{at}.conv2", unit(f"{at}.conv1", x))
        maps.append(x)
    return maps[2:]


def mobilenet(state: State, x: Tensor) -> list[Tensor]:
    def unit(at: str, x: Tensor, stride: int = 1) -> Tensor:
        weight = state[f"{at}.0.weight"]
        groups = x.shape[1] if weight.shape[1] == 1 else 1
        x = F.conv2d(x, weight, None, stride, weight.shape[-1] // 2, groups=groups)
        return norm(state, f"{at}.1", x).clamp(0, 6)

    maps = [unit("backbone.layers.0", x, 2)]
    for group, (repeats, stride) in enumerate(((1, 1), (2, 2), (3, 2), (4, 2), (3, 1), (3, 2)), start=1):
        x = maps[-1]
        for repeat in range(repeats):
            at = f"backbone.layers.{group}.{repeat}.conv"
            y, index = x, 0
            if group > 1:
                y, index = unit(f"{at}.0", y), 1
            y = unit(f"{at}.{index}", y, stride if repeat == 0 else 1)
            y = norm(state, f"{at}.{index + 2}", conv(state, f"{at}.{index + 1}", y))
            x = y if repeat == 0 else x + y
        maps.append(x)
    return [maps[3], maps[4], maps[6]]


BACKBONES = {"resnet50": resnet, "resnet101": resnet, "darknet": darknet, "mobilenet": mobilenet}


def enlarged(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def network(state: State, image: Tensor, kind: str, classes: int) -> dict[str, Tensor]:
    """(1, 3, s, s) doubles -> C3 to P7, boxes_raw, class_logits, coefficients, prototypes; one image."""
    c3, c4, c5 = BACKBONES[kind](state, image)
    top = conv(state, "fpn.lat_layers.0", c5)
    middle = conv(state, "fpn.lat_layers.1", c4) + enlarged(top, c4.shape[2:])
    fine = conv(state, "fpn.lat_layers.2", c3) + enlarged(middle, c3.shape[2:])
    p5, p4, p3 = (
        conv(state, f"fpn.pred_layers.{number}", sums).relu()
        for number, sums in enumerate((top, middle, fine))
    )
    p6 = conv(state, "fpn.downsample_layers.0", p5, 2)
    p7 = conv(state, "fpn.downsample_layers.1", p6, 2)
    x = p3
    for number in (0, 2, 4):
        x = conv(state, f"proto_net.{number}", x).relu()
    x = enlarged(x, (2 * x.shape[2], 2 * x.shape[3]))
    x = conv(state, "proto_net.8", x).relu()
    prototypes = conv(state, "proto_net.10", x).relu().permute(0, 2, 3, 1)
    rows: list[list[Tensor]] = [[], [], []]
    for level in (p3, p4, p5, p6, p7):
        shared = conv(state, "prediction_layers.0.upfeature.0", level).relu()
        for out, (name, values) in zip(rows, (("bbox", 4), ("conf", classes + 1), ("mask", 32)), strict=True):
            maps = conv(state, f"prediction_layers.0.{name}_layer", shared)
            out.append(maps.permute(0, 2, 3, 1).reshape(len(maps), -1, values))
    boxes, logits, coefficients = (torch.cat(each, 1) for each in rows)
    named = dict(zip(("C3", "C4", "C5", "P3", "P4", "P5", "P6", "P7"),
                     (c3, c4, c5, p3, p4, p5, p6, p7), strict=True))  # fmt: skip
    return named | {
        "boxes_raw": boxes,
        "class_logits": logits,
        "coefficients": coefficients.tanh(),
        "prototypes": prototypes,
    }


def predicted_iou(state: State, masks: Tensor) -> Tensor:
    """(n, h, w) soft, cropped masks -> (n, classes): strided convolutions, ReLU, global maximum."""
    x = masks[:, None]
    for number in (0, 2, 4, 6, 8):
        at = f"maskiou_net.maskiou_net.{number}"
        x = F.conv2d(x, state[f"{at}.weight"], state[f"{at}.bias"], stride=2).relu()
    return conv(state, "maskiou_net.maskiou_net.10", x).relu().amax((2, 3))


# --- everything around it


def network_input(bgr: NDArray[np.uint8], published: Published) -> NDArray[np.float64]:
    """(h, w, 3) uint8 blue-green-red as OpenCV reads it -> (3, s, s) red-green-blue, normalised."""
    image, size = bgr.astype(np.float64), published.size

    def taps(pixels: int) -> tuple[NDArray, NDArray, NDArray]:
        place = np.clip((np.arange(size) + 0.5) * pixels / size - 0.5, 0, pixels - 1)
        low = np.floor(place).astype(int)
        return low, np.minimum(low + 1, pixels - 1), place - low

    low, high, weight = taps(image.shape[0])
    image = image[low] * (1 - weight)[:, None, None] + image[high] * weight[:, None, None]
    low, high, weight = taps(image.shape[1])
    image = image[:, low] * (1 - weight)[None, :, None] + image[:, high] * weight[None, :, None]
    if published.network == "darknet":
        image = image / 255
    else:
        image = (image - np.array([103.94, 116.78, 123.68])) / np.array([57.38, 57.12, 58.40])
    return image[..., ::-1].transpose(2, 0, 1)


def anchors(published: Published) -> NDArray[np.float64]:
    side = math.ceil(math.ceil(math.ceil(published.size / 2) / 2) / 2)
    found = []
    for scales in published.scales:
        for row in range(side):
            for column in range(side):
                for scale in scales:
                    for ratio in (1, 1 / 2, 2):
                        width = scale * math.sqrt(ratio) / published.size
                        height = width if published.square else scale / math.sqrt(ratio) / published.size
                        found.append(((column + 0.5) / side, (row + 0.5) / side, width, height))
        side = math.ceil(side / 2)
    return np.array(found)


def decoded(raw: NDArray, priors: NDArray) -> NDArray:
    centre = priors[:, :2] + raw[:, :2] * 0.1 * priors[:, 2:]
    size = priors[:, 2:] * np.exp(raw[:, 2:] * 0.2)
    return np.concatenate([centre - size / 2, centre + size / 2], 1)


def overlaps(a: NDArray, others: NDArray, plus: float = 0) -> NDArray[np.float64]:
    """IoU of one box with each of (n, 4)."""
    b = others.T
    width = np.maximum(np.minimum(a[2], b[2]) - np.maximum(a[0], b[0]) + plus, 0)
    height = np.maximum(np.minimum(a[3], b[3]) - np.maximum(a[1], b[1]) + plus, 0)
    area_a = (a[2] - a[0] + plus) * (a[3] - a[1] + plus)
    area_b = (b[2] - b[0] + plus) * (b[3] - b[1] + plus)
    return width * height / (area_a + area_b - width * height)


Choice = list[tuple[int, int, float]]  # prior, class, score


def falling(scores: NDArray | list[float]) -> NDArray[np.int64]:
    """Places by falling score; equal ones as PyTorch's sort of floats leaves them: the published rule."""
    return torch.tensor(np.array(scores), dtype=torch.float32).sort(descending=True)[1].numpy()


def suppressed(kind: str, boxes: NDArray, scores: NDArray, size: int) -> Choice:
    """`boxes` (P, 4) decoded, `scores` (P, C) with the background first -> what is kept, by falling score."""
    scores = scores[:, 1:]
    kept = np.flatnonzero(scores.max(1) > 0.05)
    found: Choice = []
    if kind == "cross-class":
        ranked = kept[falling(scores[kept].max(1))][:200]
        for rank, prior in enumerate(ranked):
            if (overlaps(boxes[prior], boxes[ranked[:rank]]) <= 0.5).all():
                found.append((prior, int(scores[prior].argmax()), scores[prior].max()))
        return found
    for number in range(scores.shape[1]):
        if kind == "fast":
            ranked = kept[falling(scores[kept, number])][:200]
            for rank, prior in enumerate(ranked):
                if (overlaps(boxes[prior], boxes[ranked[:rank]]) <= 0.5).all():
                    found.append((prior, number, scores[prior, number]))
        else:
            left = kept[scores[kept, number] > 0.05]
            left = left[scores[left, number].astype(np.float32).argsort()[::-1]]  # NumPy's, from behind
            best = []
            while len(left):
                best.append(int(left[0]))
                left = left[1:][overlaps(boxes[left[0]] * size, boxes[left[1:]] * size, plus=1) < 0.5]
            found += [(prior, number, scores[prior, number]) for prior in sorted(best)]
    return [found[place] for place in falling([one[2] for one in found])[:100]]


def window(low: float, high: float, cells: int) -> NDArray[np.bool_]:
    first, last = max(min(low, high) * cells - 1, 0), min(max(low, high) * cells + 1, cells)
    return np.array([first <= cell < last for cell in range(cells)])


def soft_masks(prototypes: NDArray, coefficients: NDArray, boxes: NDArray) -> NDArray[np.float64]:
    height, width = prototypes.shape[:2]
    masks = []
    for values, (x1, y1, x2, y2) in zip(coefficients, boxes, strict=True):
        soft = 1 / (1 + np.exp(-(prototypes @ values)))
        masks.append(soft * np.outer(window(y1, y2, height), window(x1, x2, width)))
    return np.array(masks).reshape(-1, height, width)


def image_soft_masks(soft: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
    """(n, h, w) -> (n, height, width), before the threshold of > 0.5."""
    return enlarged(torch.from_numpy(soft)[None], (height, width))[0].numpy()


def pixel_boxes(boxes: NDArray, width: int, height: int) -> NDArray[np.int64]:
    out = []
    for x1, y1, x2, y2 in boxes * np.array([width, height, width, height]):
        low, high = (max(min(x1, x2), 0), max(min(y1, y2), 0)), (max(x1, x2), max(y1, y2))
        out.append([int(low[0]), int(low[1]), int(min(high[0], width)), int(min(high[1], height))])
    return np.array(out, np.int64).reshape(-1, 4)

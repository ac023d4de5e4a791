"""The network on a CUDA GPU: half precision where the GPU is fast with it, and replayed CUDA graphs.

A network of a hundred small steps at batch 1 waits for the processor that starts them; a graph starts them
all at once. Only the network itself is in half precision: its outputs are float32 again, and boxes, scores
and re-scoring are worked out in float32. float16 rather than bfloat16: its ten bits of mantissa keep boxes
and coefficients eight times finer, and the activations of these networks stay far below its largest number.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from model.yolact import RawOutput, Yolact

Precision = Literal["auto", "float32", "float16", "bfloat16"]
TENSOR_CORES = (7, 0)  # compute capability from which half precision pays
GPU_BATCHES = ((16 << 30, 16), (6 << 30, 8), (3 << 30, 4))  # bytes of the GPU's memory from which, images
WARM_UP = 3  # runs before a graph is captured: libraries choose and prepare their kernels


def choose_precision(precision: Precision, device: torch.device) -> torch.dtype:
    """The type that the network computes in on this GPU."""
    if precision == "auto":
        fast = torch.cuda.get_device_capability(device) >= TENSOR_CORES
        return torch.float16 if fast else torch.float32
    kinds = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
    return kinds[precision]


def batch_for(device: torch.device) -> int:
    """How many images the network should see together where there are many.

    One on processors, which one image keeps busy; on GPUs by their memory.
    """
    if device.type != "cuda":
        return 1
    memory = torch.cuda.get_device_properties(device).total_memory
    return next((count for least, count in GPU_BATCHES if memory >= least), 2)


class GpuForward:
    """Runs `model`, which it turns into `kind`, on (B, 3, s, s) float32; gives float32. On one thread."""

    def __init__(self, model: Yolact, kind: torch.dtype, *, sizes: tuple[int, ...]) -> None:
        """`sizes`: the batches that graphs are captured for, now; others run step by step."""
        self._model, self._kind = model.to(kind), kind
        self._graphs: dict[int, _Graph] = {}
        side = model.config.input_size
        device = next(model.parameters()).device
        for count in dict.fromkeys(sizes):
            inputs = torch.zeros(count, 3, side, side, device=device, dtype=kind)
            inputs = inputs.contiguous(memory_format=torch.channels_last)
            try:
                self._graphs[count] = _Graph(self._model, inputs)
            except RuntimeError:  # a step that no graph can hold, or too little memory: step by step, then
                break

    def __call__(self, inputs: Tensor) -> RawOutput:
        graph = self._graphs.get(len(inputs))
        if graph is not None:
            return _float(graph.replay(inputs))
        ready = inputs.to(self._kind).contiguous(memory_format=torch.channels_last)
        return _float(self._model(ready))


class _Graph:
    """The model's steps for one shape, recorded once."""

    @torch.inference_mode()
    def __init__(self, model: nn.Module, inputs: Tensor) -> None:
        self._inputs = inputs
        stream = torch.cuda.Stream(inputs.device)
        stream.wait_stream(torch.cuda.current_stream(inputs.device))
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP):
                model(inputs)
        torch.cuda.current_stream(inputs.device).wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.device(inputs.device), torch.cuda.graph(self._graph):
            self._outputs: RawOutput = model(inputs)

    def replay(self, inputs: Tensor) -> RawOutput:
        """The outputs lie in the graph's own memory, until the next call."""
        self._inputs.copy_(inputs)
        self._graph.replay()
        return self._outputs


def _float(raw: RawOutput) -> RawOutput:
    """Copies in float32: what a graph writes is overwritten by its next run."""
    boxes, logits, coefficients, prototypes = (part.to(torch.float32, copy=True) for part in raw[:4])
    return RawOutput(boxes, logits, coefficients, prototypes)

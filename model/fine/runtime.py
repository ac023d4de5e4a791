"""Files of small networks (ONNX) run on one core, by ONNX Runtime. Imported with the first one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Session(Protocol):
    """A loaded network. Any thread may run it, several at a time."""

    def run(self, wanted: Sequence[str], given: Mapping[str, NDArray[Any]]) -> list[NDArray[np.float32]]:
        """The outputs of these names."""
        ...


def loaded(path: Path) -> Session:
    """OSError when there is no file, ValueError when it is none, ImportError without ONNX Runtime."""
    content = path.read_bytes()
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # so small that threads wait for each other more than they work
    options.log_severity_level = 3
    try:
        session: Session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (errors.Fail, errors.InvalidProtobuf, errors.InvalidGraph, errors.InvalidArgument) as error:
        raise ValueError(f"{path.name} is not a network that ONNX Runtime reads ({error})") from None
    return session

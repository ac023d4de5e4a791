"""Files of networks (ONNX) run on the CPU, by ONNX Runtime. It is imported when the first one is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

THREADS = 4  # at most: these networks are small


class Session(Protocol):
    """A loaded network. Any thread may run it."""

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
    options.intra_op_num_threads = min(THREADS, os.cpu_count() or 1)
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle is idle
    options.log_severity_level = 3
    try:
        session: Session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (errors.Fail, errors.InvalidProtobuf, errors.InvalidGraph, errors.InvalidArgument) as error:
        raise ValueError(f"{path.name} is not a network that ONNX Runtime reads ({error})") from None
    return session

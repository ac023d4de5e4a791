"""Serve functions that stand in for the model's process: what a file's name says is what happens to it.

They run in a real child process, so kills, crashes and hangs are real.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from model.messages import (
    Anchors,
    Failed,
    Loaded,
    LoadModel,
    Passed,
    Predict,
    Predicted,
    Prediction,
    PredictMany,
    Region,
    Shutdown,
)

SERVE = "tests.app.fake_host:serve"
BATCH = "PROTOLABEL_TEST_BATCH"  # how many images it says it takes at a time
ORDER = "PROTOLABEL_TEST_ORDER"  # names of the predicted files are appended to the file named here
ANCHORS = Anchors(
    np.array([[0.1, 0.1, 0.5, 0.9]], np.float32),
    np.zeros((1, 1), np.int16),
    np.full((1, 1), 0.9, np.float16),
    np.full((1, 2), 4, np.float16),
)


def prediction_of(
    image: Path, detections: int = 1, region: Region | None = None, anchors: bool = False
) -> Prediction:
    """Detections of a cat in the left half of an 80 x 60 image, prototypes of ones."""
    n = detections
    return Prediction(
        model_version="fake",
        categories=("cat",),
        image_width=80,
        image_height=60,
        prototypes=np.ones((4, 4, 2), np.float16),
        boxes=np.tile(np.array([0.1, 0.1, 0.5, 0.9], np.float32), (n, 1)),
        scores=np.full(n, 0.9, np.float32),
        classes=np.zeros(n, np.int32),
        coefficients=np.full((n, 2), 4, np.float32),
        qualities=np.full(n, 0.9, np.float32),
        seconds={"forward": float(len(image.name))},
        region=region,
        anchors=ANCHORS if anchors else None,
    )


def act(connection: Connection, request: Predict) -> None:
    name = request.image.name
    _note(name)
    if name.startswith("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif name.startswith("crash"):
        raise MemoryError("no room for this one")
    elif name.startswith("hang"):
        time.sleep(600)
    elif name.startswith("slow"):
        time.sleep(0.4)
    elif name.startswith("bad"):
        connection.send(Failed(request.request, f"{name}: expected an image"))
        return
    elif name.startswith("stale"):
        connection.send(Predicted(request.request - 1, prediction_of(Path("old"))))
    answer = prediction_of(request.image, region=request.region, anchors=request.anchors)
    connection.send(Predicted(request.request, answer))


def _note(word: str) -> None:
    if order := os.environ.get(ORDER):
        with open(order, "a", encoding="utf-8") as file:
            file.write(word + "\n")


def _batch() -> int:
    return int(os.environ.get(BATCH, "0"))


def serve(connection: Connection) -> None:
    """Answers as `model.host.serve` does."""
    while True:
        try:
            request = connection.recv()
        except EOFError:
            return
        match request:
            case LoadModel():
                if request.weights.name == "bad":
                    connection.send(Failed(request.request, "expected weights, got nonsense"))
                else:
                    connection.send(Loaded(request.request, "fake", ("cat",), "cpu", _batch()))
            case Predict():
                act(connection, request)
            case PredictMany():
                _note("[")
                for each in request.images:
                    act(connection, each)
                _note("]")
                connection.send(Passed(request.request))
            case Shutdown():
                return


def serve_dies(connection: Connection) -> None:
    """Dies before it has loaded anything."""
    print("OSError: libmissing.so", file=sys.stderr)
    sys.exit(3)

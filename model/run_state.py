"""A run's state as a checkpoint: what is needed to go on exactly. The place in the data is the iteration."""

from __future__ import annotations

import io
import json
import pickle
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from model.errors import InputError, WeightsError

if TYPE_CHECKING:
    from model.train import Training


# What reading another file than a checkpoint can bring about.
FAULTS = (
    *(pickle.UnpicklingError, RuntimeError, LookupError, ValueError, TypeError, AttributeError),
    *(EOFError, OSError),
)


def pack(run: Training) -> bytes:
    """The checkpoint file's content."""
    data = io.BytesIO()
    torch.save(
        {
            "iteration": run.iteration,
            "network": run.network.state_dict(),
            "optimiser": run.optimiser.state_dict(),
            "average": None if run.average is None else run.average.state,
            "average_steps": 0 if run.average is None else run.average.steps,
            "random": torch.get_rng_state(),
            "plan": json.dumps(asdict(run.plan)),
            "seconds": run.seconds_before + time.time() - run.started,
            "bad_steps": run.bad.count,
            "bad_images": dict(run.bad.images),
            "skipped_images": run.skipped_images(),
            "batch": run.batch_size * run.processes.world,
        },
        data,
    )
    return data.getvalue()


def restore(run: Training, path: Path) -> None:
    """Take a checkpoint's state over; a run that was stopped before its first begins at the beginning.

    Raises WeightsError for a file that is none, or of another network.
    """
    if not path.is_file():
        return
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        batch = run.batch_size * run.processes.world
        if state["batch"] != batch:
            raise InputError(
                f"expected to go on with {state['batch']} images a step as begun, got {batch}: "
                "choose --batch-size and the number of processes so that they multiply to it"
            )
        _check_numbers(state["network"])
        run.network.load_state_dict(state["network"])
        run.optimiser.load_state_dict(state["optimiser"])
        if run.average is not None:
            for key, value in state["average"].items():
                run.average.state[key].copy_(value)
            run.average.steps = state["average_steps"]
        torch.set_rng_state(state["random"])
        if run.settings.iterations is None:
            run.plan = replace(run.plan, iterations=json.loads(state["plan"])["iterations"])
        run.iteration = state["iteration"]
        run.seconds_before = state["seconds"]
        run.bad.count = state["bad_steps"]
        run.bad.images.update(state["bad_images"])
        run.skipped_before.update(state["skipped_images"])
    except InputError:
        raise
    except FAULTS as error:
        raise WeightsError(
            f"{path}: expected this run's checkpoint, got another or a damaged one ({_reason(error)}); "
            "start without --resume"
        ) from None


def _reason(error: BaseException) -> str:
    """What is wrong with the file, in words of ours: torch's are long and speak of torch."""
    words = str(error)
    if isinstance(error, pickle.UnpicklingError):
        return "it holds other things than tensors, which are not run, or is cut short"
    if "state_dict" in words:
        lines = [line.strip() for line in words.splitlines()]
        return (
            f"it is of another network: {lines[1].split(': copying')[0]}"
            if len(lines) > 1
            else "it is of another network"
        )
    if isinstance(error, EOFError) or "archive" in words:
        return "it is cut short"
    if isinstance(error, ValueError | OSError):
        return words.splitlines()[0][:120] if words else type(error).__name__
    return "it is no checkpoint of a run"


def _check_numbers(state: Mapping[str, Tensor]) -> None:
    """ValueError names the first value that is no number: no step could mend it."""
    for key, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ValueError(f"{key} holds values that are no numbers")

"""`train PROJECT`, or `train --data F --images DIR --val F --init W|CONFIG --run DIR`: one training run.

The second form is the whole of a run, in this process; it is what the first one and the window start, and
what `torchrun main.py train ...` runs on many GPUs.

`train --config NAME --weights W --batch FILE.npz --dump-losses OUT.npz` trains nothing: it writes the
published loss terms and the matching of one fixed batch.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.commands.arguments import add_device, positive
from app.commands.context import Console, Context
from app.errors import InputError

DIRECT = ("data", "images", "val", "init", "run")
DUMP = ("config", "weights", "batch", "dump_losses")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What it takes."""
    parser.add_argument(
        "project", type=Path, nargs="?", metavar="PROJECT", help="train on its images marked done"
    )
    parser.add_argument("--data", type=Path, metavar="train.json", help="COCO file to train on")
    parser.add_argument("--images", type=Path, metavar="DIR", help="where its images are")
    parser.add_argument("--val", type=Path, metavar="val.json", help="COCO file to measure on")
    parser.add_argument("--val-images", type=Path, metavar="DIR", help="where those images are (--images)")
    parser.add_argument("--init", metavar="W|CONFIG", help="weights to start from, or a configuration's name")
    # The long name: see protolabel_torchrun.py.
    parser.add_argument("--run", "--run-folder", type=Path, metavar="DIR", help="the run's folder")
    parser.add_argument("--iterations", type=positive, metavar="N", help="steps of the optimiser")
    parser.add_argument("--batch-size", type=positive, metavar="B", help="images a step, on each device")
    parser.add_argument("--preset", default="small", help="small, ample, yolact or yolact-pascal")
    parser.add_argument("--resume", action="store_true", help="go on from the run's last checkpoint")
    parser.add_argument("--config", metavar="NAME", help="the configuration, for --dump-losses")
    parser.add_argument("--weights", type=Path, metavar="W", help="the weights, for --dump-losses")
    parser.add_argument("--batch", type=Path, metavar="FILE.npz", help="the fixed batch, for --dump-losses")
    parser.add_argument(
        "--dump-losses", type=Path, metavar="OUT.npz", help="write the published loss terms of the batch"
    )
    parser.add_argument(
        "--norms",
        choices=("auto", "frozen", "batch"),
        default="auto",
        help="batch norms for --dump-losses: frozen below 6 images (auto), always, or never",
    )
    add_device(parser)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Train what was named."""
    if arguments.dump_losses or arguments.batch:
        return _dump_losses(arguments, context)
    given = [name for name in DIRECT if getattr(arguments, name) is not None]
    if arguments.project is not None:
        if others := [f"--{name}" for name in given if name not in ("init",)]:
            raise InputError(f"expected PROJECT without {', '.join(others)}, got both; leave one out")
        return _project(arguments, context)
    if missing := [f"--{name}" for name in DIRECT if name not in given]:
        raise InputError(
            f"expected PROJECT, or all of {', '.join(f'--{name}' for name in DIRECT)}; "
            f"{', '.join(missing)} did not come; see 'protolabel train --help'"
        )
    return _direct(arguments, context)


def _dump_losses(arguments: argparse.Namespace, context: Context) -> int:
    """One fixed batch's loss terms, for comparisons."""
    if missing := [f"--{name.replace('_', '-')}" for name in DUMP if getattr(arguments, name) is None]:
        raise InputError(
            "expected --config, --weights, --batch and --dump-losses together; "
            f"{', '.join(missing)} did not come"
        )
    from model.loss_dump import dump_losses

    terms = dump_losses(
        arguments.config,
        arguments.weights,
        arguments.batch,
        arguments.dump_losses,
        norms=arguments.norms,
        device="cpu" if arguments.device == "auto" else arguments.device,
    )
    words = ", ".join(f"{name} {value:.4f}" for name, value in terms.items())
    context.console.say(f"{arguments.dump_losses}: {words}")
    context.console.result({"file": arguments.dump_losses, "losses": terms})
    return 0


def _project(arguments: argparse.Namespace, context: Context) -> int:
    """Freeze the data, run, measure old and new on the held-out images, register. Nothing is made active."""
    from app import retraining
    from app.project import Project
    from app.runs import RunState

    project = Project.open(arguments.project, beside=True)
    try:
        settings = retraining.Settings(
            arguments.init, arguments.iterations, arguments.batch_size, arguments.device
        )
        run = retraining.start_run(project, settings)
        context.console.note(f"Training run {run.folder}")
        try:
            state = retraining.follow(run, teller(context.console))
        except KeyboardInterrupt:
            run.cancel()
            run.wait(10)
            raise
        if state is not RunState.DONE:
            raise InputError(f"the training run ended as {state}: {run.failure or run.folder}")
        context.console.note("Measuring the old and the new version on the held-out images")
        comparison = retraining.compare(run)
        version = retraining.register(project, run, comparison)
    finally:
        project.close()
    context.console.say(f"{version.name}: a new version, made from {comparison.old}; not active yet")
    for kind in ("mask", "box"):
        old, new = (
            scores.get(kind, {}).get("AP", -1) for scores in (comparison.old_scores, comparison.new_scores)
        )
        context.console.say(
            f"{kind} AP on {comparison.images} held-out images: {measured(old)} -> {measured(new)}"
        )
    context.console.result(
        {
            "version": version.name,
            "weights": version.weights,
            "run": run.folder,
            "parent": comparison.old,
            "held_out_images": comparison.images,
            "old": comparison.old_scores,
            "new": comparison.new_scores,
        }
    )
    return 0


def _direct(arguments: argparse.Namespace, context: Context) -> int:
    """The whole of a run in this process. Ctrl-C ends it after the step under way, with a checkpoint."""
    from model.train import Cancelled, TrainSettings, train

    settings = TrainSettings(
        data=arguments.data,
        images=arguments.images,
        val=arguments.val,
        init=arguments.init,
        run=arguments.run,
        val_images=arguments.val_images,
        iterations=arguments.iterations,
        batch_size=arguments.batch_size,
        device=arguments.device,
        resume=arguments.resume,
        preset=arguments.preset,
    )
    first = os.environ.get("RANK", "0") == "0"  # under torchrun one process speaks
    console = context.console if first else Console(out=io.StringIO(), err=io.StringIO())
    try:
        with _stoppable(arguments.run / "cancel"), _told(arguments.run, console):
            result = train(settings)
    except Cancelled as stopped:
        console.fail(str(stopped))
        return 130
    console.say(f"{arguments.run / result['weights']}: trained for {result['iterations']} iterations")
    if skipped := len(result["skipped_images"]):
        words = "image was passed over" if skipped == 1 else "images were passed over"
        console.say(f"{skipped} {words}: {arguments.run / 'result.json'} says why")
    scores = result["scores"]
    for kind in ("mask", "box"):
        values = scores.get(kind, {})
        console.say(f"{kind} AP {measured(values.get('AP', -1))}, AP50 {measured(values.get('AP50', -1))}")
    console.result({"run": arguments.run, **result, "weights": arguments.run / result["weights"]})
    return 0


def measured(value: float) -> str:
    """A score, or that there was nothing to measure."""
    return f"{value:.3f}" if value >= 0 else "not measurable"


def teller(console: Console) -> Callable[[Mapping[str, Any]], None]:
    """A function that shows a run's events as progress."""
    progress = console.progress("iterations")

    def tell(event: Mapping[str, Any]) -> None:
        nonlocal progress
        kind = event.get("event")
        if kind == "start":
            progress = console.progress("iterations")  # loading does not count for the time left
            for line in event.get("warnings", ()):
                console.note(f"note: {line}")
        elif kind == "progress":
            progress(event["iteration"], event["iterations"])
        elif kind == "skipped-image":
            console.note(f"note: passed over: {event['reason']}")
        elif kind == "skipped-step":
            names = ", ".join(event["images"]) or "its images"
            console.note(f"note: step {event['iteration']} left out, its loss is no number ({names})")
        elif kind == "eval":
            values = event["ap"]
            console.note(f"iteration {event['iteration']}: mask AP {measured(values['mask'])}")

    return tell


@contextmanager
def _told(folder: Path, console: Console) -> Iterator[None]:
    """Show what the run writes into its folder while it goes on."""
    from app.runs import Run

    run, over = Run(folder), threading.Event()
    tell = teller(console)

    def watch() -> None:
        seen = len(run.events())  # of earlier goes
        ended = False
        while not ended:
            ended = over.wait(0.3)  # what was said last is told, too
            for event in run.events(seen):
                seen += 1
                tell(event)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        console.clear()


@contextmanager
def _stoppable(cancel: Path) -> Iterator[None]:
    """Turn the first Ctrl-C into a request to stop; a second one stops at once."""

    def ask(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        if cancel.parent.is_dir():
            cancel.touch()
        else:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

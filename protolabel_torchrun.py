"""`torchrun ... main.py train ... --run DIR`, as one types it, also on Python before 3.12.8.

There argparse takes a word after the script's name for an abbreviation of the launcher's own options, and
torchrun ends with "ambiguous option: --run could match --run-path, --run_path" before our program begins.
Nothing of ours runs in the launcher's process but what `import torch` calls there: the entry points of the
group `torch.backends` (pyproject.toml). So this is one, though no backend: in that process, and only there,
it writes `--run-folder`, which `train` takes for the same option.

It stands alone, under a name of its own and with the standard library only, since `import torch` fails
wherever it cannot be imported: a folder's own model.py must not come before it. It can go once 3.12.8 is the
oldest Python that we take; TORCH_DEVICE_BACKEND_AUTOLOAD=0 switches it off.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

LAUNCHERS = ("torchrun", "torchrun.exe")
LAUNCHER_MODULE = "torch.distributed.run"
PROGRAMS = ("main.py", "protolabel")
SHORT, LONG = "--run", "--run-folder"


def keep_run_option() -> None:
    """Called by `import torch`: make the launcher's command line one that it understands."""
    words = list(getattr(sys, "argv", ()))  # an embedded interpreter may have none
    told = spelt_out(getattr(sys, "orig_argv", ()), words)
    if told != words:
        sys.argv[:] = told


def spelt_out(command: Sequence[str], words: Sequence[str]) -> list[str]:
    """`words` (sys.argv) with `--run` of our `train` written `--run-folder`, when `command` is a launcher.

    `command`: as the process was started (sys.orig_argv). Any other command's words come back as they are.
    """
    found = list(words)
    launched = any(os.path.basename(word) in LAUNCHERS for word in words[:1])
    if not launched and LAUNCHER_MODULE not in command[:4]:
        return found
    ours = [place for place, word in enumerate(found) if place and os.path.basename(word) in PROGRAMS]
    if not ours or "train" not in found[ours[0] :]:
        return found
    for place in range(ours[0] + 1, len(found)):
        if found[place] == SHORT or found[place].startswith(f"{SHORT}="):
            found[place] = LONG + found[place][len(SHORT) :]
    return found

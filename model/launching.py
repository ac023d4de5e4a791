"""`torchrun ... main.py train ... --run DIR`, as one types it.

Python before 3.12.8 takes a word after the script's name for an abbreviation of the launcher's own options:
torchrun ends with "ambiguous option: --run could match --run-path, --run_path" before our program begins. So
this is registered among what `import torch` calls (entry points of the group `torch.backends`): in the
launcher's process, and only there, it writes `--run-folder`, which means the same and is no abbreviation.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import PurePath

LAUNCHERS = ("torchrun", "torchrun.exe")
LAUNCHER_MODULE = "torch.distributed.run"
PROGRAMS = ("main.py", "protolabel")
SHORT, LONG = "--run", "--run-folder"


def keep_run_option() -> None:
    """Called by `import torch`: make the launcher's command line one that it understands."""
    sys.argv[1:] = spelt_out(sys.orig_argv, sys.argv)[1:]


def spelt_out(command: Sequence[str], words: Sequence[str]) -> list[str]:
    """`words` (sys.argv) with `--run` of our `train` written `--run-folder`, when `command` is a launcher.

    `command`: as the process was started (sys.orig_argv). Any other command's words come back as they are.
    """
    found = list(words)
    launched = any(PurePath(word).name in LAUNCHERS for word in words[:1])
    if not launched and LAUNCHER_MODULE not in command[:4]:
        return found
    ours = [place for place, word in enumerate(found) if place and PurePath(word).name in PROGRAMS]
    if not ours or "train" not in found[ours[0] :]:
        return found
    for place in range(ours[0] + 1, len(found)):
        if found[place] == SHORT or found[place].startswith(f"{SHORT}="):
            found[place] = LONG + found[place][len(SHORT) :]
    return found

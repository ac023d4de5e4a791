"""A path that a person types: half-typed ones ('~a', a name that is too long) are no error of the program."""

from __future__ import annotations

import os
from pathlib import Path


def typed(text: str) -> Path:
    """The path that `text` names; '~' is the home folder. Never raises, unlike `Path.expanduser`."""
    return Path(os.path.expanduser(text.strip()))

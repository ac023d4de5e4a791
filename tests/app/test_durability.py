"""A process that is killed while it edits loses no committed edit, and the project opens."""

from pathlib import Path

import pytest

from tests.builders import make_project
from tests.killing import kill_while_editing


@pytest.mark.parametrize("seed", range(6))
def test_sigkill_costs_no_committed_edit(tmp_path: Path, seed: int) -> None:
    make_project(tmp_path, images=1).close()
    kill = kill_while_editing(tmp_path / "project", seed)
    assert kill.opened
    assert not kill.lost

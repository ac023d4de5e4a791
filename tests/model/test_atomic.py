"""Files that appear whole, with the rights of any other file, or not at all."""

import os
import stat
import sys
from pathlib import Path

import pytest

from model.atomic import replacing
from model.run_folder import RunFolder
from tests.model.tiny import tiny_weights


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "one.bin"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert Path(file.name).read_bytes() == b"new"
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_run_left_half_written_goes_when_it_goes_on(tmp_path: Path) -> None:
    with replacing(tmp_path / "checkpoint.pt") as file:
        left = Path(file.name)
        file.write(b"whole")
    left.write_bytes(b"half")
    others = [tmp_path / name for name in (".hidden", "run.json", ".my-notes")]
    for each in others:
        each.touch()
    RunFolder(tmp_path).trim(0, ended=False)
    assert not left.exists()
    assert (tmp_path / "checkpoint.pt").read_bytes() == b"whole"
    assert all(each.exists() for each in others)


def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "one.bin"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="rights of a file are POSIX")
@pytest.mark.parametrize("masked", [0o022, 0o027, 0o077])
def test_weights_have_the_rights_of_any_new_file(tmp_path: Path, masked: int) -> None:
    before = os.umask(masked)
    try:
        weights = tiny_weights(tmp_path)
        (tmp_path / "other").touch()
    finally:
        os.umask(before)
    for path in (weights, weights.with_name("card.json"), tmp_path / "other"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~masked

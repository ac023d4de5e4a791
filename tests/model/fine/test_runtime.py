"""Files that are no networks are told from those that are."""

from pathlib import Path

import pytest

from model.fine.runtime import loaded
from model.fine.sight import BUILT_IN, NETWORK


def test_what_is_no_network_is_said(tmp_path: Path) -> None:
    whole = (BUILT_IN / NETWORK).read_bytes()
    for number, content in enumerate([b"", b"not a network", whole[: len(whole) // 2]]):
        file = tmp_path / f"{number}.onnx"
        file.write_bytes(content)
        with pytest.raises(ValueError, match=r"\.onnx is not a network"):
            loaded(file)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        loaded(tmp_path / "none.onnx")

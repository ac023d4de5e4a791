"""A JSON object is read element by element, whatever stands where, and its faults are told in one line."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.errors import ImportFault
from app.formats import json_stream
from app.formats.json_stream import Element, Member, read_span, scan

ARRAYS = frozenset({"a", "b"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def read(path: Path) -> dict[str, object]:
    """The object again, from its pieces."""
    whole: dict[str, object] = {}
    for item in scan(path, ARRAYS):
        if isinstance(item, Element):
            listed = whole[item.key]
            assert isinstance(listed, list)
            listed.append(item.value)
            with path.open("rb") as file:
                assert read_span(file, item.start, item.end, 1) == [item.value]
        else:
            whole[item.key] = [] if item.is_array else item.value
    return whole


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=60,
)
@example({"a": [], "d": 0.5}, False, None, 1)
@example({"a": [1e-7, -12]}, True, 2, 1)
@given(
    whole=st.fixed_dictionaries(
        {}, optional={"a": st.lists(VALUES, max_size=5), "b": VALUES, "c": VALUES, "d": VALUES}
    ),
    ascii_only=st.booleans(),
    indent=st.sampled_from([None, 2]),
    chunk=st.integers(1, 40),
)
def test_the_pieces_are_the_whole(
    tmp_path: Path, whole: dict[str, object], ascii_only: bool, indent: int | None, chunk: int
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(json.dumps(whole, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "replace"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "CHUNK", chunk)
        assert read(path) == json.loads(path.read_bytes())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"  \n", "the file is empty"),
        (b"hello", "not JSON"),
        (b"\xff\xd8\xff\xe0 a jpeg", "UTF-8"),
        ('{"a": []}'.encode("utf-16"), "UTF-8"),
        (b"[1, 2]", "got a list"),
        (b'{"a": [1, 2', "ends in the middle"),
        (b'{"a": [{"x": "y', "ends in the middle"),
        (b'{"a": [1 2]}', "expected a comma"),
        (b'{"a": [1]', "ends in the middle"),
        (b'{"a" [1]}', "a name and a colon"),
        (b"{'a': [1]}", "property name enclosed in double quotes|expecting value"),
        (b'{"a": [1]} more', "text after the end"),
        (b'{"a": [1], "a": [2]}', "stands there twice"),
        (b'{"a": [' + b"[" * 100_000 + b"]" * 100_000 + b"]}", "nested too deep"),
        (b'{"a": [' + b"1" * 5000 + b"]}", "too many digits"),
        (b'{"a": [1, ], "c": 1}' + b" " * 100, "expecting value"),
    ],
)
def test_a_faulty_file_is_refused_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ImportFault, match=said) as caught:
        list(scan(path, ARRAYS))
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFault, match="no such file"):
        list(scan(tmp_path / "none.json", ARRAYS))
    with pytest.raises(ImportFault, match="cannot be read"):
        list(scan(tmp_path, ARRAYS))


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf" + '{"a": ["ä", 2]}'.encode())
    assert read(path) == {"a": ["ä", 2]}


def test_a_value_of_absurd_length_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "LIMIT", 1000)
    monkeypatch.setattr(json_stream, "CHUNK", 100)
    path = tmp_path / "a.json"
    path.write_text('{"a": ["' + "x" * 5000 + '"]}')
    with pytest.raises(ImportFault, match="longer than"):
        list(scan(path, ARRAYS))


def test_a_file_that_changes_in_between_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [{"x": 1}], "c": 2}')
    element = next(item for item in scan(path, ARRAYS) if isinstance(item, Element))
    path.write_text("something else entirely")
    with path.open("rb") as file, pytest.raises(ImportFault, match="changed while it was read"):
        read_span(file, element.start, element.end, 1)


def test_members_come_in_file_order(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"c": 1, "a": [], "b": 3}')
    assert list(scan(path, ARRAYS)) == [Member("c", 1), Member("a", None, is_array=True), Member("b", 3)]

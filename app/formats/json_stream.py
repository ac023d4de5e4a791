"""A large JSON object read element by element, in bounded memory.

The file is one object; of the members named as arrays each element comes alone, with where it stands in
the file, so that it can be read again later (`read_span`). Positions are bytes from the file's start.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from app.errors import ImportFault

CHUNK = 1 << 20  # bytes read at once
LIMIT = 1 << 28  # characters of one value: more is no annotation of an image
_NEAR = 16  # an error or end this close to the end of what was read may be only a value that goes on
_BLANK = " \t\r\n"
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Member:
    """A top-level member that is not one of the arrays asked for; or the opening of one (`value` None)."""

    key: str
    value: object
    is_array: bool = False


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a top-level array: its value, and where it stands in the file."""

    key: str
    value: object
    start: int  # byte
    end: int  # byte after the last


def scan(path: Path, arrays: frozenset[str]) -> Iterator[Member | Element]:
    """The members of the object in `path`, arrays of these names element by element, in file order.

    Raises ImportFault, in one line, for a file that is not there, not UTF-8, not JSON, or cut short.
    """
    try:
        with path.open("rb") as file:
            yield from _Window(path, file).members(arrays)
    except FileNotFoundError:
        raise ImportFault(
            f"{path}: expected a COCO JSON file, there is no such file; check the name"
        ) from None
    except OSError as error:
        raise ImportFault(f"{path}: cannot be read: {error.strerror}; check the file") from error


def read_span(file: BinaryIO, start: int, end: int, count: int) -> list[object]:
    """`count` neighbouring elements between two byte positions that `scan` gave.

    ImportFault when the file has changed since.
    """
    file.seek(start)
    try:
        values: list[object] = json.loads("[" + file.read(end - start).decode("utf-8") + "]")
    except (ValueError, RecursionError):
        values = []
    if len(values) != count:
        raise ImportFault(f"{file.name}: the file changed while it was read; import it again")
    return values


class _Window:
    """The part of the file that is being looked at."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._text, self._at = "", 0
        self._byte = 0  # position of text[at] in the file
        self._plain = True  # one byte a character
        self._ended = False
        self._decode = codecs.getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder()
        self._more()
        if self._text.startswith("\ufeff"):
            self._advance(1)

    def members(self, arrays: frozenset[str]) -> Iterator[Member | Element]:
        """See `scan`."""
        if self._peek() != "{":
            self._refuse_start()
        self._advance(self._at + 1)
        seen: set[str] = set()
        closed = self._take_if("}")
        while not closed:
            self._peek()
            key = self._value()
            if not isinstance(key, str) or self._peek() != ":":
                self._fail("expected a name and a colon")
            if key in seen and key in arrays:
                self._fail(f"'{key}' stands there twice")
            seen.add(key)
            self._advance(self._at + 1)
            if key in arrays and self._peek() == "[":
                yield Member(key, None, is_array=True)
                yield from self._elements(key)
            else:
                self._peek()
                yield Member(key, self._value())
            closed = self._take_if("}") or not self._comma()
        if self._peek():
            self._fail("text after the end of the object")

    def _elements(self, key: str) -> Iterator[Element]:
        self._advance(self._at + 1)
        closed = self._take_if("]")
        self._peek()
        while not closed:
            start = self._byte
            value = self._value()
            yield Element(key, value, start, self._byte)
            comma = _COMMA.match(self._text, self._at)
            if comma and comma.end() < len(self._text):  # nearly always
                self._advance(comma.end())
            else:
                closed = self._take_if("]") or not self._comma()
                self._peek()

    def _comma(self) -> bool:
        if not self._take_if(","):
            self._fail("expected a comma" if self._peek() else "the file ends in the middle")
        return True

    def _peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            at = self._at
            while at < len(self._text) and self._text[at] in _BLANK:
                at += 1
            self._advance(at)
            if at < len(self._text):
                return self._text[at]
            if self._ended:
                return ""
            self._more()

    def _take_if(self, character: str) -> bool:
        found = self._peek() == character
        if found:
            self._advance(self._at + 1)
        return found

    def _value(self) -> object:
        """The value that begins here: blanks were passed over."""
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except RecursionError:
                self._fail("nested too deep")
            except json.JSONDecodeError as error:
                if self._ended:
                    whole = error.pos < len(self._text) - 1 and not error.msg.startswith("Unterminated")
                    self._fail(error.msg.lower() if whole else "the file ends in the middle")
                near = error.pos >= len(self._text) - _NEAR
                if not near and not error.msg.startswith("Unterminated"):
                    self._fail(error.msg.lower())
            except ValueError:
                self._fail("a number with too many digits")
            else:
                if end + _NEAR <= len(self._text) or self._ended:  # "1" may be the beginning of "1.5"
                    self._advance(end)
                    return value
            self._more()

    def _advance(self, to: int) -> None:
        self._byte += to - self._at if self._plain else len(self._text[self._at : to].encode())
        self._at = to

    def _more(self) -> None:
        rest = self._text[self._at :]
        if len(rest) > LIMIT:
            self._fail("one value is longer than 256 million characters")
        data = self._file.read(max(CHUNK, len(rest)))  # doubling: a long value is not read again and again
        self._ended = not data
        try:
            self._text = rest + self._decode.decode(data, final=self._ended)
        except UnicodeDecodeError:
            raise ImportFault(
                f"{self._path}: expected JSON in UTF-8, got other bytes near {self._byte}; save it as UTF-8"
            ) from None
        self._at, self._plain = 0, self._text.isascii()

    def _refuse_start(self) -> NoReturn:
        first = self._peek()
        if not first:
            raise ImportFault(f"{self._path}: expected a COCO JSON file, the file is empty; export it again")
        if first == "[":
            raise ImportFault(
                f"{self._path}: expected a COCO data set (an object with images, annotations, categories), "
                "got a list; a list of results has no image names: import the data set it belongs to"
            )
        raise ImportFault(
            f"{self._path}: expected a COCO JSON file, got something that is not JSON; check the file"
        )

    def _fail(self, what: str) -> NoReturn:
        raise ImportFault(
            f"{self._path}: expected JSON, got a fault near byte {self._byte}: {what}; "
            "the file may be cut short: get it again"
        )

"""Rows of a JSON lines or CSV file, gzip or not, read one by one from any position."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from platforms.base import NotAuthorised

Format = Literal["jsonl", "csv"]
FORMATS: dict[str, Format] = {".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "csv"}
GZIP_START = b"\x1f\x8b"
BYTE_ORDER_MARK = "\ufeff"


class Malformed(Exception):
    """One row cannot be read; the position is after it. Its text is the reason and never quotes the row."""


@dataclass(frozen=True, slots=True)
class Position:
    """After `line` lines, which are `offset` bytes of the unpacked file."""

    offset: int = 0
    line: int = 0

    @classmethod
    def read(cls, cursor: str | None) -> Position:
        return cls(*map(int, cursor.split(":"))) if cursor else cls()

    def __str__(self) -> str:
        return f"{self.offset}:{self.line}"


class Recording:
    """An open file. Raises NotAuthorised when it is missing, damaged, or not that of an earlier position."""

    def __init__(self, path: Path, kind: Format | None) -> None:
        self.path = path
        self.position = Position()
        self.row_line = 0
        """The number, from 1, of the line on which the last row began."""
        self._file = _opened(path)
        try:
            self._is_csv = (kind or _guessed(path)) == "csv"
            self._header = self._read_header() if self._is_csv else []
        except BaseException:
            self._file.close()
            raise
        self.start = self.position

    def close(self) -> None:
        self._file.close()

    def seek(self, position: Position) -> None:
        """Go to a position that this class gave out earlier for the same file."""
        if position.offset < self.start.offset:
            position = self.start
        if position.offset and not self._ends_a_line(position.offset):
            raise NotAuthorised(
                f"{self.path} is not the file that was being replayed: it was shortened or replaced"
            )
        self._file.seek(position.offset)
        self.position = position

    def row(self) -> Mapping[str, Any] | None:
        """The next row, None at the end. Raises Malformed."""
        while line := self._line():
            self.row_line = self.position.line
            if line.strip():
                return self._csv_row(line) if self._is_csv else _json_row(line)
        return None

    def _csv_row(self, first: bytes) -> Mapping[str, Any]:
        after_first = self.position
        try:
            cells = next(csv.reader(self._text_lines(first), strict=True))
            if len(cells) == len(self._header):
                return dict(zip(self._header, cells, strict=True))
            reason = f"{len(cells)} columns instead of {len(self._header)}"
        except csv.Error as error:
            reason = str(error)
        except UnicodeDecodeError:
            reason = "not UTF-8"
        # A stray quote swallows the lines behind it: only the first of them is at fault.
        self.seek(after_first)
        raise Malformed(reason)

    def _text_lines(self, first: bytes) -> Iterator[str]:
        line = first
        while line:
            yield line.decode()
            line = self._line()

    def _read_header(self) -> list[str]:
        first = self._line()
        try:
            header = next(csv.reader(self._text_lines(first), strict=True), [])
        except (csv.Error, UnicodeDecodeError) as error:
            raise NotAuthorised(f"{self.path} line 1 is no CSV header: {error}") from None
        if header:
            header[0] = header[0].removeprefix(BYTE_ORDER_MARK)
        return header

    def _line(self) -> bytes:
        try:
            line = self._file.readline()
        except (EOFError, zlib.error, OSError) as error:
            raise NotAuthorised(f"{self.path} is damaged after line {self.position.line}: {error}") from None
        if line:
            self.position = Position(self.position.offset + len(line), self.position.line + 1)
        return line

    def _ends_a_line(self, offset: int) -> bool:
        self._file.seek(offset - 1)
        last, following = self._file.read(1), self._file.read(1)
        return last == b"\n" or (last != b"" and following == b"")


def _opened(path: Path) -> BinaryIO:
    try:
        file = path.open("rb")
        if file.peek(2)[:2] != GZIP_START:
            return file
    except OSError as error:
        raise NotAuthorised(f"cannot read {path}: {error.strerror}") from None
    file.close()
    return cast(BinaryIO, gzip.open(path, "rb"))


def _guessed(path: Path) -> Format:
    name = path.name.removesuffix(".gz")
    try:
        return FORMATS[Path(name).suffix.lower()]
    except KeyError:
        raise NotAuthorised(f"{path} may be JSON lines or CSV: say which with `format`") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _json_row(line: bytes) -> Mapping[str, Any]:
    try:
        row = _DECODER.decode(line.decode().removeprefix(BYTE_ORDER_MARK))
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    except (ValueError, RecursionError):
        raise Malformed("not JSON") from None
    if not isinstance(row, dict):
        raise Malformed("not a JSON object")
    return row

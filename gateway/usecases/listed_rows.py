"""Reads lists of rows, CSV or JSON lines, one row at a time, whatever the file holds.

A row is either taken apart or refused with its line and a reason; the reason never contains what stood there, because
rows hold secrets. Memory stays the same for a file of any length.
"""

import csv
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any, BinaryIO, Final

MAX_LINE_BYTES: Final = 16_384
"""Bytes of one row. A real one has about 200; what is longer is skipped to its end without being kept."""

_SKIP_BYTES: Final = 1_048_576

_SHOWABLE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_BOM: Final = b"\xef\xbb\xbf"


@unique
class ListFormat(StrEnum):
    """How a list is written."""

    CSV = "csv"
    """RFC 4180 with a first line that names the columns; commas, or semicolons as spreadsheets write them."""
    JSONL = "jsonl"
    """One JSON object a line."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the rows of one kind of list hold."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        return name in self.required or name in self.optional


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One row: its values as they stood there, by column. Every required column is there."""

    line: int
    values: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One row that is not taken."""

    line: int
    """Counted from 1; for CSV the first line is the header."""
    field: str
    """The column, or empty for the row as a whole."""
    reason: str


class ListError(Exception):
    """The file as a whole cannot be read as such a list. The text names columns, never values."""


def read_rows(file: BinaryIO, form: ListFormat, columns: Columns) -> Iterator[ListedRow | RefusedRow]:
    """The rows of a file, in its order. Empty lines are passed over.

    Raises:
        ListError: a CSV without a usable header.
    """
    lines = _Lines(file)
    return _csv_rows(lines, columns) if form is ListFormat.CSV else _json_rows(lines, columns)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    content: bytes | None = field(repr=False)
    """Without its end; None when it was too long."""


class _Lines:
    """Numbered lines of bounded length, which can be put back."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._number = 0
        self._put_back: deque[_Line] = deque()

    def put_back(self, lines: list[_Line]) -> None:
        self._put_back.extendleft(reversed(lines))

    def next(self) -> _Line | None:
        if self._put_back:
            return self._put_back.popleft()
        content = self._file.readline(MAX_LINE_BYTES + 1)
        if not content:
            return None
        self._number += 1
        if self._number == 1:
            content = content.removeprefix(_BOM)
        if len(content) > MAX_LINE_BYTES and not content.endswith(b"\n"):
            while (more := self._file.readline(_SKIP_BYTES)) and not more.endswith(b"\n"):
                pass
            return _Line(self._number, None)
        return _Line(self._number, content.rstrip(b"\r\n"))


# -- JSON lines


def _json_rows(lines: _Lines, columns: Columns) -> Iterator[ListedRow | RefusedRow]:
    while (line := lines.next()) is not None:
        if line.content is None:
            yield RefusedRow(line.number, "", f"is longer than {MAX_LINE_BYTES} bytes")
        elif line.content.strip():
            yield _json_row(line.number, line.content, columns)


def _json_row(number: int, content: bytes, columns: Columns) -> ListedRow | RefusedRow:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return RefusedRow(number, "", "is not UTF-8")
    try:
        values = json.loads(text, object_pairs_hook=_no_repeated_names)
    except (ValueError, RecursionError):
        return RefusedRow(number, "", "is no JSON object, or names a field twice")
    if not isinstance(values, dict):
        return RefusedRow(number, "", "is no JSON object")
    for name, value in values.items():
        if name not in columns:
            return RefusedRow(number, "", f"has a field that such a list does not have{_shown(name)}")
        if not isinstance(value, str) and not (value is None and name in columns.optional):
            return RefusedRow(number, name, "must be text")
    return _row(number, {name: value for name, value in values.items() if value is not None}, columns)


def _no_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise ValueError("a name appears twice")
    return names


# -- CSV


def _csv_rows(lines: _Lines, columns: Columns) -> Iterator[ListedRow | RefusedRow]:
    header, delimiter = _header(lines, columns)
    while (record := _record(lines)) is not None:
        number, content = record
        if isinstance(content, str):
            yield RefusedRow(number, "", content)
            continue
        if not content.strip():
            continue
        try:
            fields = next(csv.reader([content.decode()], delimiter=delimiter, strict=True))
        except UnicodeDecodeError:
            yield RefusedRow(number, "", "is not UTF-8")
        except (csv.Error, StopIteration):
            yield RefusedRow(number, "", "is no CSV row")
        else:
            if len(fields) == len(header):
                yield _row(number, dict(zip(header, fields, strict=True)), columns)
            else:
                yield RefusedRow(number, "", f"has {len(fields)} fields; the header names {len(header)}")


def _header(lines: _Lines, columns: Columns) -> tuple[list[str], str]:
    """The columns, and what stands between them."""
    wanted = f"the first line must name the columns {', '.join(columns.required)}"
    if columns.optional:
        wanted += f" (and may name {', '.join(columns.optional)})"
    line = lines.next()
    if line is None:
        raise ListError(f"the file is empty; {wanted}")
    if line.content is None:
        raise ListError(f"the first line is longer than {MAX_LINE_BYTES} bytes; {wanted}")
    try:
        text = line.content.decode()
    except UnicodeDecodeError:
        raise ListError(f"the first line is not UTF-8; {wanted}") from None
    delimiter = ";" if text.count(";") > text.count(",") else ","
    try:
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter, strict=True))]
    except (csv.Error, StopIteration):
        raise ListError(wanted) from None
    _check_names(names, columns, wanted)
    return names, delimiter


def _check_names(names: list[str], columns: Columns, wanted: str) -> None:
    missing = [name for name in columns.required if name not in names]
    if len(missing) == len(columns.required):  # not a header at all: say nothing of what stands there
        raise ListError(wanted)
    if missing:
        raise ListError(f"these columns are missing: {', '.join(missing)}")
    for place, name in enumerate(names, 1):
        if name not in columns:
            raise ListError(f"column {place} is none that such a list has{_shown(name)}")
    if len(set(names)) != len(names):
        raise ListError("a column is named twice")


def _record(lines: _Lines) -> tuple[int, bytes | str] | None:
    """The next CSV record, or why it is refused.

    A quoted field may go on over the next lines. No value in such a list holds a line break, so the record is
    refused; but its other lines must not be taken for rows. Where the quote never ends it was a slip of one line.
    """
    first = lines.next()
    if first is None:
        return None
    if first.content is None:
        return first.number, f"is longer than {MAX_LINE_BYTES} bytes"
    if first.content.count(b'"') % 2 == 0:
        return first.number, first.content
    rest: list[_Line] = []
    length = len(first.content)
    while length <= MAX_LINE_BYTES and (line := lines.next()) is not None:
        rest.append(line)
        if line.content is None:
            break
        length += len(line.content) + 1
        if line.content.count(b'"') % 2:
            return first.number, f"has a line break inside quotes (it ends in line {line.number})"
    lines.put_back(rest)
    return first.number, "has a quote that does not end"


# -- both


def _row(number: int, values: dict[str, str], columns: Columns) -> ListedRow | RefusedRow:
    for name, value in values.items():
        if not value.isprintable():
            return RefusedRow(number, name, "holds a character that cannot be printed")
    for name in columns.required:
        if not values.get(name, "").strip():
            return RefusedRow(number, name, "is missing")
    return ListedRow(number, values)


def _shown(name: str) -> str:
    """A field's name when it looks like one. A file without a header would have values there."""
    return f": {name}" if _SHOWABLE_NAME.fullmatch(name) else ""

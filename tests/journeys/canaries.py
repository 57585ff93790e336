"""Secrets that are looked for afterwards, and the search: plain, or in whatever form a program may have written them.

A value counts as found in UTF-8 (any case), UTF-16, hexadecimal, Base64 at any offset, percent-encoding, JSON and HTML
escapes, and inside anything that gzip or zlib made of it.
"""

import base64
import html
import json
import re
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

DEEPEST = 2
"""Compressed inside compressed."""
INFLATED_AT_MOST = 32 << 20
_COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_GZIP, _ZLIB = 31, 15


@dataclass(frozen=True)
class Canary:
    """A value that is nowhere else in the world."""

    name: str
    value: str = field(repr=False)
    also: tuple[str, ...] = field(default=(), repr=False)
    """Other ways to write it that its kind has: a MAC without colons."""


def mac(name: str, value: str) -> Canary:
    """A network address, with its usual spellings."""
    bare = re.sub(r"[^0-9a-fA-F]", "", value)
    pairs = [bare[at : at + 2] for at in range(0, 12, 2)]
    dotted = ".".join(bare[at : at + 4] for at in (0, 4, 8))
    return Canary(name, value, (bare, "-".join(pairs), ":".join(pairs), dotted))


@dataclass(frozen=True)
class Form:
    """One way in which a value may be written."""

    how: str
    needle: bytes = field(repr=False)
    any_case: bool = False


def forms(canary: Canary) -> Iterator[Form]:
    """Every way to write it."""
    for value in (canary.value, *canary.also):
        plain = value.encode()
        yield Form("plain", plain.lower(), any_case=True)
        yield Form("capitals", value.upper().encode())
        for encoding in ("utf-16-le", "utf-16-be"):
            yield Form(encoding, value.encode(encoding))
        yield Form("hex", plain.hex().encode(), any_case=True)
        for at in range(3):
            yield Form(f"base64 at {at}", _inner_base64(plain, at))
            yield Form(f"base64url at {at}", _inner_base64(plain, at).translate(bytes.maketrans(b"+/", b"-_")))
        yield Form("percent", quote(value, safe="").encode().lower(), any_case=True)
        yield Form("percent, all of it", "".join(f"%{byte:02x}" for byte in plain).encode(), any_case=True)
        yield Form("json", json.dumps(value)[1:-1].encode().lower(), any_case=True)
        yield Form("json, all of it", "".join(f"\\u{ord(one):04x}" for one in value).encode(), any_case=True)
        yield Form("html", html.escape(value).encode().lower(), any_case=True)
        yield Form("html, all of it", "".join(f"&#{ord(one)};" for one in value).encode())
        if re.fullmatch(r"-?[0-9]+\.[0-9]+", value):  # a number may have been stored as one
            yield Form("double, little end first", struct.pack("<d", float(value)))
            yield Form("double, big end first", struct.pack(">d", float(value)))


def _inner_base64(plain: bytes, at: int) -> bytes:
    """What of its Base64 is the same whatever stands around it, when it begins `at` bytes after a group of three."""
    whole = base64.b64encode(bytes(at) + plain)
    first = (at * 8 + 5) // 6
    last = (at + len(plain)) * 8 // 6
    return whole[first:last]


class Search:
    """Looks for canaries in bytes."""

    def __init__(self, canaries: Iterable[Canary]) -> None:
        found = {(canary.name, form) for canary in canaries for form in forms(canary)}
        self._exact = [(name, form) for name, form in found if not form.any_case]
        self._any_case = [(name, form) for name, form in found if form.any_case]

    def in_bytes(self, content: bytes) -> set[str]:
        """Names of the canaries in it, each with how it is written."""
        found: set[str] = set()
        for layer, piece in _layers(content, 0):
            lower = piece.lower()
            found |= {f"{name} ({form.how}{layer})" for name, form in self._exact if form.needle in piece}
            found |= {f"{name} ({form.how}{layer})" for name, form in self._any_case if form.needle in lower}
        return found

    def in_text(self, text: str) -> set[str]:
        """The same for text."""
        return self.in_bytes(text.encode("utf-8", "surrogateescape"))

    def in_folder(self, folder: Path) -> Mapping[str, set[str]]:
        """By file, what is in it: its bytes, its name, and each value of a database, wherever its pages lie."""
        found: dict[str, set[str]] = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            hits = self.in_text(name)
            if path.is_file():
                hits |= self.in_bytes(path.read_bytes())
                hits |= self._in_database(path)
            if hits:
                found[name] = hits
        return found

    def _in_database(self, path: Path) -> set[str]:
        """A long value lies in pieces on several pages: it is found when the database puts it together."""
        with path.open("rb") as file:
            if file.read(15) != b"SQLite format 3":
                return set()
        return self.in_bytes(b"\x00".join(cells(path)))


def cells(path: Path) -> Iterator[bytes]:
    """Every value of every table of an SQLite file."""
    connection = sqlite3.connect(path)
    connection.text_factory = bytes
    try:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table.decode()}"'):  # noqa: S608 - the file's own names
                for value in row:
                    if isinstance(value, bytes):
                        yield value
                    elif value is not None:
                        yield str(value).encode()
    finally:
        connection.close()


def _layers(content: bytes, depth: int) -> Iterator[tuple[str, bytes]]:
    """The bytes, and whatever is compressed in them."""
    yield ", compressed" if depth else "", content
    if depth == DEEPEST:
        return
    for match in _COMPRESSED.finditer(content):
        wbits = _GZIP if match.group().startswith(b"\x1f") else _ZLIB
        inflated = _inflated(content[match.start() :], wbits)
        if inflated:
            yield from _layers(inflated, depth + 1)


def _inflated(content: bytes, wbits: int) -> bytes:
    """What a stream that may begin here holds, as far as it can be read; nothing where none does."""
    reader = zlib.decompressobj(wbits)
    found = b""
    try:
        for at in range(0, len(content), 1 << 16):
            found += reader.decompress(content[at : at + (1 << 16)], INFLATED_AT_MOST - len(found))
            if reader.eof or len(found) >= INFLATED_AT_MOST:
                break
    except zlib.error:
        pass  # cut off, or no stream at all: what could be read counts
    return found

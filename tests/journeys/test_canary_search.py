"""The search can fail: a planted canary is found in every form, and nothing is found where none is."""

import base64
import gzip
import html
import json
import os
import sqlite3
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.journeys.canaries import Canary, Search, forms, mac

WORD = Canary("word", "Zürich-Geheim/3?x=1&y")
MAC = mac("mac", "02:ca:fe:13:37:5a")
PLACE = Canary("latitude", "52.516274")
SEARCH = Search([WORD, MAC, PLACE])

Writing = Callable[[str], bytes]
WRITINGS: dict[str, Writing] = {
    "plain": str.encode,
    "capitals": lambda value: value.upper().encode(),
    "utf-16, little end first": lambda value: value.encode("utf-16-le"),
    "utf-16, big end first": lambda value: value.encode("utf-16-be"),
    "hex": lambda value: value.encode().hex().encode(),
    "hex in capitals": lambda value: value.encode().hex().upper().encode(),
    "percent": lambda value: quote(value, safe="").encode(),
    "percent in small letters": lambda value: quote(value, safe="").lower().encode(),
    "json": lambda value: json.dumps({"x": value}).encode(),
    "json as it is": lambda value: json.dumps({"x": value}, ensure_ascii=False).encode(),
    "json, all escaped": lambda value: "".join(f"\\u{ord(one):04X}" for one in value).encode(),
    "html": lambda value: html.escape(value).encode(),
    "gzip": lambda value: gzip.compress(b"before " + value.encode()),
    "zlib": lambda value: zlib.compress(b"before " + value.encode()),
    "gzip in gzip": lambda value: gzip.compress(b"x" + gzip.compress(value.encode())),
    "base64 in gzip": lambda value: gzip.compress(base64.b64encode(value.encode())),
}


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize("canary", [WORD, MAC, PLACE], ids=lambda canary: canary.name)
def test_a_canary_is_found_in_every_form_between_other_bytes(canary: Canary, writing: str) -> None:
    planted = os.urandom(1000) + WRITINGS[writing](canary.value) + os.urandom(1000)
    assert {found.split(" (")[0] for found in SEARCH.in_bytes(planted)} == {canary.name}


@pytest.mark.parametrize("canary", [WORD, MAC, PLACE], ids=lambda canary: canary.name)
@pytest.mark.parametrize("before", range(6))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_found_wherever_the_value_began_in_it(
    canary: Canary, before: int, encode: Callable[[bytes], bytes]
) -> None:
    planted = encode(b"x" * before + canary.value.encode() + b"yy")
    assert {found.split(" (")[0] for found in SEARCH.in_bytes(planted)} == {canary.name}


@pytest.mark.parametrize("spelling", ["02CAFE13375A", "02-ca-fe-13-37-5a", "02:CA:FE:13:37:5A", "02ca.fe13.375a"])
def test_a_mac_is_found_however_it_is_spelled(spelling: str) -> None:
    assert SEARCH.in_text(f"from {spelling}!") == SEARCH.in_text(f"{spelling}") != set()


@pytest.mark.parametrize("packed", [struct.pack("<d", 52.516274), struct.pack(">d", 52.516274)])
def test_a_coordinate_is_found_as_a_number(packed: bytes) -> None:
    assert SEARCH.in_bytes(b"x" + packed + b"y")


def test_nothing_is_found_where_nothing_is() -> None:
    assert SEARCH.in_bytes(os.urandom(1 << 20)) == set()
    assert SEARCH.in_text("Zürich-Geheim, 52.51627, 02:ca:fe:13:37:5b") == set()
    assert SEARCH.in_bytes(gzip.compress(b"nothing") + zlib.compress(b"here") + b"\x1f\x8b\x08 no stream") == set()


def test_every_file_is_read_and_so_is_its_name(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "log").write_bytes(b"x" * 5000 + MAC.value.encode())
    (tmp_path / "02cafe13375a.json").write_bytes(b"")
    (tmp_path / "clean").write_bytes(b"nothing")
    found = SEARCH.in_folder(tmp_path)
    assert set(found) == {"deep/er/log", "02cafe13375a.json"}


def test_a_value_that_lies_on_several_pages_of_a_database_is_put_together(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA page_size = 512")
    connection.execute("CREATE TABLE t (x BLOB)")
    # Each letter on pages of its own would still be one value.
    long = b"." * 500 + WORD.value.encode() + b"." * 5000
    for shift in range(0, 40, 3):
        connection.execute("INSERT INTO t VALUES (?)", (long[shift:],))
    connection.commit()
    connection.close()
    assert set(SEARCH.in_folder(tmp_path)) == {"some.db"}


def test_every_form_is_long_enough_to_be_no_accident() -> None:
    for canary in (WORD, MAC, PLACE):
        for form in forms(canary):
            assert len(form.needle) >= 8, (canary.name, form.how)

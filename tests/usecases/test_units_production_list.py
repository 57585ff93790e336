"""Production lists as they come: clean, sloppy, and hostile."""

import io
import json

import pytest

from gateway.usecases.listed_rows import MAX_LINE_BYTES, ListError, ListFormat, RefusedRow
from gateway.usecases.production_list import Row, read_production_list

HEADER = b"type_id,machine_code,mac,credential\n"
GOOD = b"t,MC-1,a4:c1:38:00:00:01,key:00\n"
ROW = Row(2, "t", "MC-1", "a4:c1:38:00:00:01", "key:00")


def csv(content: bytes) -> list[Row | RefusedRow]:
    return list(read_production_list(io.BytesIO(content), ListFormat.CSV))


def jsonl(content: bytes) -> list[Row | RefusedRow]:
    return list(read_production_list(io.BytesIO(content), ListFormat.JSONL))


def reasons(rows: list[Row | RefusedRow]) -> list[tuple[int, str, str]]:
    return [(row.line, row.field, row.reason) for row in rows if isinstance(row, RefusedRow)]


def at(row: Row, line: int) -> Row:
    return Row(line, row.type_id, row.machine_code, row.mac, row.credential, row.claim_id, row.setup_code)


@pytest.mark.parametrize(
    "content",
    [
        HEADER + GOOD,
        b"\xef\xbb\xbf" + HEADER + GOOD,
        (HEADER + GOOD).replace(b"\n", b"\r\n"),
        (HEADER + GOOD).replace(b",", b";"),
        (HEADER + GOOD).rstrip(b"\n"),
        b"mac,credential, type_id ,machine_code\na4:c1:38:00:00:01,key:00,t,MC-1\n",
        HEADER + b'"t","MC-1","a4:c1:38:00:00:01","key:00"\n',
        HEADER + b" t , MC-1 ,a4:c1:38:00:00:01, key:00\n",
        b"type_id,machine_code,mac,credential,claim_id,setup_code\n" + GOOD.rstrip() + b",,\n",
    ],
)
def test_the_usual_ways_to_write_a_csv_are_read_alike(content: bytes) -> None:
    assert csv(content) == [ROW]


def test_optional_columns_are_read() -> None:
    (row,) = csv(b"type_id,machine_code,mac,credential,claim_id,setup_code\nt,MC-1,m,k,c-1,CODE\n")
    assert isinstance(row, Row)
    assert (row.claim_id, row.setup_code) == ("c-1", "CODE")


def test_empty_lines_are_passed_over_and_counted() -> None:
    assert csv(HEADER + b"\n  \n" + GOOD) == [at(ROW, 4)]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"\xff\xfet\x00y\x00", "is not UTF-8"),
        (b"x" * 20_000, "longer than"),
        (GOOD, "must name the columns"),
        (b'"', "must name the columns"),
        (b"type_id,machine_code,mac\n", "missing: credential"),
        (HEADER.rstrip() + b",wifi_password\n", "column 5 is none that such a list has: wifi_password"),
        (HEADER.rstrip() + b",a4:c1:38:00:00:01\n", "column 5 is none that such a list has$"),
        (HEADER.rstrip() + b",mac\n", "named twice"),
    ],
)
def test_a_csv_without_a_usable_header_is_refused_as_a_whole(content: bytes, says: str) -> None:
    with pytest.raises(ListError, match=says):
        csv(content)


def test_a_file_without_a_header_does_not_have_its_first_row_repeated() -> None:
    with pytest.raises(ListError) as refused:
        csv(GOOD)
    assert "MC-1" not in str(refused.value)
    assert "key:00" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"t,M\xc3\x28,m,k\n", (2, "", "is not UTF-8")),
        (b"t,MC-1,m\n", (2, "", "has 3 fields; the header names 4")),
        (b"t,MC-1,m,k,extra\n", (2, "", "has 5 fields; the header names 4")),
        (b"t,MC\x00-1,m,k\n", (2, "machine_code", "holds a character that cannot be printed")),
        ("t,MC\u202e1,m,k\n".encode(), (2, "machine_code", "holds a character that cannot be printed")),
        (b"t,,m,k\n", (2, "machine_code", "is missing")),
        (b"t,  ,m,k\n", (2, "machine_code", "is missing")),
        (b't,"a"b,m,k\n', (2, "", "is no CSV row")),
        (b"t," + b"x" * 20_000 + b",m,k\n", (2, "", f"is longer than {MAX_LINE_BYTES} bytes")),
        (b't,"MC\n1",m,k\n', (2, "", "has a line break inside quotes (it ends in line 3)")),
    ],
)
def test_a_bad_line_is_refused_and_the_next_one_is_read(line: bytes, reason: tuple[int, str, str]) -> None:
    rows = csv(HEADER + line + GOOD)
    assert reasons(rows) == [reason]
    assert [row for row in rows if isinstance(row, Row)] == [at(ROW, 2 + line.count(b"\n"))]


def test_lines_inside_quotes_are_not_taken_for_rows() -> None:
    rows = csv(HEADER + b't,"x\n' + GOOD + b'",m,k\n')
    assert reasons(rows) == [(2, "", "has a line break inside quotes (it ends in line 4)")]
    assert not any(isinstance(row, Row) for row in rows)


def test_a_quote_that_never_ends_costs_one_line() -> None:
    rows = csv(HEADER + b't,"MC,m,k\n' + GOOD * 500)
    assert reasons(rows) == [(2, "", "has a quote that does not end")]
    assert sum(isinstance(row, Row) for row in rows) == 500


def test_a_line_of_ten_megabytes_is_passed_over() -> None:
    rows = csv(HEADER + b"x" * 10_000_000 + b"\n" + GOOD)
    assert reasons(rows) == [(2, "", f"is longer than {MAX_LINE_BYTES} bytes")]
    assert rows[1] == at(ROW, 3)


def test_a_long_line_at_the_end_of_the_file_is_refused() -> None:
    assert reasons(csv(HEADER + b"x" * 3_000_000)) == [(2, "", f"is longer than {MAX_LINE_BYTES} bytes")]


def as_json(**changes: object) -> bytes:
    values = {"type_id": "t", "machine_code": "MC-1", "mac": "a4:c1:38:00:00:01", "credential": "key:00"}
    return json.dumps(values | changes).encode() + b"\n"


def test_json_lines_are_read() -> None:
    assert jsonl(as_json() + b"\n" + as_json(setup_code=None)) == [at(ROW, 1), at(ROW, 3)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{\n", ("", "is no JSON object, or names a field twice")),
        (b"[1]\n", ("", "is no JSON object")),
        (b"[" * 15_000 + b"\n", ("", "is no JSON object, or names a field twice")),
        (b'{"mac": "a", "mac": "b"}\n', ("", "is no JSON object, or names a field twice")),
        (b'{"mac": "\xff"}\n', ("", "is not UTF-8")),
        (b'{"mac": "' + b"x" * 10_000_000 + b'"}\n', ("", f"is longer than {MAX_LINE_BYTES} bytes")),
        (as_json(ssid="home"), ("", "has a field that such a list does not have: ssid")),
        (as_json(**{"My Home": "x"}), ("", "has a field that such a list does not have")),
        (as_json(mac=12), ("mac", "must be text")),
        (as_json(mac=None), ("mac", "must be text")),
        (as_json(mac=""), ("mac", "is missing")),
        (as_json(mac="a\u0000"), ("mac", "holds a character that cannot be printed")),
        (b'{"type_id": "t", "machine_code": "\\ud800", "mac": "m", "credential": "k"}\n',
         ("machine_code", "holds a character that cannot be printed")),
        (b'{"type_id": "t"}\n', ("machine_code", "is missing")),
        (b'{"mac": 1' + b"0" * 6000 + b"}\n", ("", "is no JSON object, or names a field twice")),
    ],
)  # fmt: skip
def test_a_bad_json_line_is_refused_and_the_next_one_is_read(line: bytes, reason: tuple[str, str]) -> None:
    rows = jsonl(line + as_json())
    assert reasons(rows) == [(1, *reason)]
    assert rows[1] == at(ROW, 2)


def test_a_json_list_may_begin_with_a_byte_order_mark_and_use_crlf() -> None:
    assert jsonl(b"\xef\xbb\xbf" + as_json().replace(b"\n", b"\r\n")) == [at(ROW, 1)]


def test_a_row_does_not_show_its_secrets() -> None:
    assert "key:00" not in repr(ROW)
    assert "a4:c1" not in repr(ROW)

"""`hearthgate units`, from a file to the list of what is known."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.shell import Shell, Write

HEADER = "type_id,machine_code,mac,credential,setup_code\n"


def row(number: int, *, mac: str | None = None, secret: str | None = None) -> str:
    digest = hashlib.sha256(b"%d" % number).hexdigest()
    return (
        f"heater.panel.s2,SQ24-{number:04d}-1183,{mac or f'a4:c1:38:00:4f:{number:02x}'},"
        f"{secret or f'sha256:{digest}'},{digest[:12].upper()}\n"
    )


@pytest.fixture
def ready(shell: Shell) -> Shell:
    shell("init")
    return shell


def test_good_rows_are_taken_bad_ones_named_and_a_second_time_changes_nothing(ready: Shell, written: Write) -> None:
    path = written("list.csv", HEADER + row(1) + row(2, mac="s3cret") + row(3))
    said = ready("units", "import", path, code=1)
    assert said.splitlines() == [
        "line 3: mac a MAC is six pairs of hexadecimal digits",
        "3 rows: 2 taken, 0 known already, 1 refused",
    ]
    answer = ready.json("units", "import", path, code=1)
    assert answer == {
        "rows": 3,
        "taken": 0,
        "unchanged": 2,
        "refused": 1,
        "problems": [{"line": 3, "field": "mac", "reason": "a MAC is six pairs of hexadecimal digits"}],
    }


def test_a_list_without_problems_ends_with_zero(ready: Shell, written: Write) -> None:
    assert ready("units", "import", written("list.csv", HEADER + row(1))) == (
        "1 rows: 1 taken, 0 known already, 0 refused\n"
    )


def test_no_identifier_is_repeated_in_what_is_said(ready: Shell, written: Write) -> None:
    path = written("list.csv", HEADER + row(1) + row(2, secret="key:00") + row(3, mac="A4C138004F01"))
    said = ready("units", "import", path, code=1) + ready("units", "list")
    assert not any(secret in said for secret in ("SQ24", "a4:c1", "A4C138", "key:00"))


def test_only_the_first_refusals_are_said_to_a_person(ready: Shell, written: Write) -> None:
    path = written("list.csv", HEADER + "".join(row(number, mac="x") for number in range(30)))
    said = ready("units", "import", path, code=1).splitlines()
    assert len(said) == 22
    assert "and 10 more refused rows" in said[20]


def test_json_lines_are_known_by_their_ending_or_by_name(ready: Shell, written: Write) -> None:
    names = HEADER.strip().split(",")
    text = "".join(json.dumps(dict(zip(names, row(n).strip().split(","), strict=True))) + "\n" for n in (1, 2))
    assert ready.json("units", "import", written("list.jsonl", text))["taken"] == 2
    assert ready.json("units", "import", written("list.txt", text), "--format", "jsonl")["unchanged"] == 2
    assert "--format" in ready.refused("units", "import", written("list.txt", text), code=2)
    assert "--format" in ready.refused("units", "import", written("list.txt", text), "--format", "xml", code=2)


def test_a_list_comes_from_standard_input(ready: Shell) -> None:
    answer = ready.json("units", "import", "-", "--format", "csv", stdin=(HEADER + row(1)).encode())
    assert answer["taken"] == 1


def test_a_file_that_is_no_list_is_a_sentence(ready: Shell, written: Write) -> None:
    assert "must name the columns" in ready.refused("units", "import", written("list.csv", "a,b\n"))
    assert "No such file" in ready.refused("units", "import", "none.csv")
    assert "Is a directory" in ready.refused("units", "import", ".", "--format", "csv")


def test_units_are_listed_with_the_last_two_characters_only(ready: Shell, written: Write) -> None:
    ready("units", "import", written("list.csv", HEADER + row(1) + row(2, secret="key:" + "5f3a91c2" * 5 + "77")))
    rows = [json.loads(line) for line in ready("units", "list", "--json").splitlines()]
    assert {(r["mac_tail"], r["machine_code_tail"], r["credential"], r["setup_code"], r["blocked"]) for r in rows} == {
        ("01", "83", "unit_certificate", True, None),
        ("02", "83", "batch_proof", True, None),
    }
    assert rows[0]["created_at"].endswith("+00:00")
    assert "MAC …01" in ready("units", "list")


def test_the_list_of_units_goes_on_where_it_ended(ready: Shell, written: Write) -> None:
    ready("units", "import", written("list.csv", HEADER + "".join(row(number) for number in range(1, 6))))
    first = [json.loads(line)["unit_id"] for line in ready("units", "list", "--json", "--limit", "2").splitlines()]
    rest = [json.loads(line)["unit_id"] for line in ready("units", "list", "--json", "--after", first[-1]).splitlines()]
    assert len(first) == 2
    assert len(rest) == 3
    assert not set(first) & set(rest)


def test_without_a_master_key_nothing_is_stored(shell: Shell, written: Write) -> None:
    assert "run: hearthgate init" in shell.refused("units", "import", written("list.csv", HEADER + row(1)))
    assert not (shell.folder / "data").exists()


def test_under_another_master_key_nothing_is_stored(ready: Shell, written: Write) -> None:
    ready("units", "import", written("list.csv", HEADER + row(1)))
    key = ready.folder / "data" / "keys" / "master.key"
    key.write_text(bytes(range(1, 33)).hex())
    ready.refused("units", "import", written("list.csv", HEADER + row(2)))
    ready.refused("units", "list")


def test_a_database_that_is_none_is_a_sentence(ready: Shell, written: Write) -> None:
    (ready.folder / "data" / "hearthgate.db").write_bytes(b"this is no database" * 1000)
    ready.refused("units", "import", written("list.csv", HEADER + row(1)))


def test_nothing_but_the_report_is_printed_where_nobody_watches(ready: Shell, written: Write) -> None:
    result = ready.run("units", "import", written("list.csv", HEADER + row(1)))
    assert result.stderr == ""


def test_the_database_holds_no_identifier_in_clear(ready: Shell, written: Write, tmp_path: Path) -> None:
    ready("units", "import", written("list.csv", HEADER + row(7)))
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("hearthgate.db*")).lower()
    assert stored
    digest = hashlib.sha256(b"7").hexdigest()
    assert not any(secret in stored for secret in (b"a4:c1:38", b"sq24-0007", digest[:12].encode()))

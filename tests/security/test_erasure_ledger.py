"""The erasure ledger: appended to, on disk at once, and nobody edits it unnoticed."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.security.erasure_ledger import ErasureLedger, ErasureLedgerError
from gateway.security.files import UnsafeFileError
from gateway.security.keys import KeyRing, MasterKey

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEYS = KeyRing(MasterKey(bytes(range(32))))
SUBJECTS = [bytes([n]) * 32 for n in range(5)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "erasures.ledger"


def filled(file: Path, many: int = 3) -> ErasureLedger:
    ledger = ErasureLedger(file, KEYS)
    for number, subject in enumerate(SUBJECTS[:many]):
        ledger.append(subject, NOW + timedelta(days=number))
    return ledger


def test_what_was_appended_is_read_again_by_another_process(file: Path) -> None:
    filled(file)
    lines = ErasureLedger(file, KEYS).lines()
    assert [(line.number, line.subject, line.at) for line in lines] == [
        (number + 1, SUBJECTS[number], NOW + timedelta(days=number)) for number in range(3)
    ]


def test_there_is_nothing_in_a_ledger_that_is_not_there_yet(file: Path) -> None:
    assert ErasureLedger(file, KEYS).lines() == []
    assert not file.exists()


def test_an_erasure_that_is_written_down_again_has_one_line(file: Path) -> None:
    ledger = filled(file)
    assert ledger.append(SUBJECTS[1], NOW + timedelta(days=9)) == ledger.lines()[1]
    assert len(ledger.lines()) == 3


def test_only_its_owner_reads_it(file: Path) -> None:
    filled(file)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(UnsafeFileError):
        ErasureLedger(file, KEYS).lines()


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_half_a_line_of_a_crash_is_passed_over_and_written_over(file: Path, cut: int) -> None:
    filled(file)
    whole = file.read_bytes()
    last = whole.splitlines(keepends=True)[-1]
    file.write_bytes(whole + last[:-cut])
    ledger = ErasureLedger(file, KEYS)
    assert len(ledger.lines()) == 3
    assert ledger.append(SUBJECTS[3], NOW).number == 4
    assert [line.subject for line in ledger.lines()] == SUBJECTS[:4]


def _edited(lines: list[bytes]) -> list[bytes]:
    members = json.loads(lines[1])
    members["subject"] = SUBJECTS[4].hex()
    return [lines[0], json.dumps(members).encode() + b"\n", lines[2]]


def _as_list(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"[]\n", lines[2]]


def _no_text(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"\xff\n", lines[2]]


def _taken_out(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2]]


def _swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[1], lines[0], lines[2]]


def _beginning_gone(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


@pytest.mark.parametrize("harm", [_edited, _as_list, _no_text, _taken_out, _swapped, _beginning_gone])
def test_harm_is_noticed_by_reading_and_by_appending(file: Path, harm: Callable[[list[bytes]], list[bytes]]) -> None:
    filled(file)
    file.write_bytes(b"".join(harm(file.read_bytes().splitlines(keepends=True))))
    before = file.read_bytes()
    with pytest.raises(ErasureLedgerError, match=r"line [12]"):
        ErasureLedger(file, KEYS).lines()
    with pytest.raises(ErasureLedgerError):
        ErasureLedger(file, KEYS).append(SUBJECTS[4], NOW)
    assert file.read_bytes() == before


def test_another_key_finds_nothing_genuine_in_it(file: Path) -> None:
    filled(file)
    with pytest.raises(ErasureLedgerError):
        ErasureLedger(file, KeyRing(MasterKey(bytes(range(1, 33))))).lines()


def test_many_at_once_make_one_chain(file: Path) -> None:
    subjects = [bytes([n]) * 32 for n in range(40)]

    def append(some: list[bytes]) -> None:
        ledger = ErasureLedger(file, KEYS)  # as another process has it: a lock of its own
        for subject in some:
            ledger.append(subject, NOW)

    threads = [threading.Thread(target=append, args=(subjects[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {line.subject for line in ErasureLedger(file, KEYS).lines()} == set(subjects)


def test_a_link_in_its_place_is_not_followed(file: Path, tmp_path: Path) -> None:
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        ErasureLedger(file, KEYS).append(SUBJECTS[0], NOW)


def test_it_names_nobody_where_it_is_shown(file: Path) -> None:
    line = filled(file).lines()[0]
    assert SUBJECTS[0].hex() not in repr(line)
    assert repr(SUBJECTS[0]) not in repr(line)
